-- Why a recording cannot be listened to, as whoever looked last has found: lists do not look into
-- folders. A call counts as recorded while one of its recordings can be heard.

ALTER TABLE recordings ADD COLUMN missing TEXT -- NULL: it can be listened to
    CHECK (missing IN ('gone', 'no_folder', 'unfinished', 'unreadable'));

DROP TRIGGER recordings_new;
CREATE TRIGGER recordings_new AFTER INSERT ON recordings BEGIN
    UPDATE calls SET recorded = EXISTS (SELECT 1 FROM recordings r
        WHERE r.call = new.call AND r.deleted_at IS NULL AND r.missing IS NULL)
    WHERE id = new.call;
END;

DROP TRIGGER recordings_deleted;
CREATE TRIGGER recordings_missed AFTER UPDATE OF deleted_at, missing ON recordings BEGIN
    UPDATE calls SET recorded = EXISTS (SELECT 1 FROM recordings r
        WHERE r.call = new.call AND r.deleted_at IS NULL AND r.missing IS NULL)
    WHERE id = new.call;
END;

-- Calls put together by client: those of each stand together here, and no table of all clients is walked
-- up and down. Nobody's calls are among them.
DROP INDEX calls_by_client;
CREATE INDEX calls_by_client ON calls (client, started_at, talk_ms);
