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

-- What many calls have in common stands once, and each call has its number: the index of reports is a
-- quarter as long.
CREATE TABLE call_kinds (
    id    INTEGER NOT NULL PRIMARY KEY,
    alike TEXT NOT NULL UNIQUE                     -- as calls have it
) STRICT;

DROP INDEX calls_by_report;
ALTER TABLE calls ADD COLUMN kind INTEGER;         -- the row of call_kinds, kept in step by the triggers
INSERT INTO call_kinds (alike) SELECT DISTINCT alike FROM calls;
UPDATE calls SET kind = (SELECT k.id FROM call_kinds k WHERE k.alike = calls.alike);

CREATE TRIGGER calls_kind_new AFTER INSERT ON calls BEGIN
    INSERT INTO call_kinds (alike)
    SELECT new.alike WHERE NOT EXISTS (SELECT 1 FROM call_kinds WHERE alike = new.alike);
    UPDATE calls SET kind = (SELECT id FROM call_kinds WHERE alike = new.alike) WHERE rowid = new.rowid;
END;

CREATE TRIGGER calls_kind_changed AFTER UPDATE OF direction, status, end_reason, known_as, ended_at, answered_at,
    packets_sent, packets_received, account, extension, employee ON calls
WHEN new.alike IS NOT old.alike BEGIN
    INSERT INTO call_kinds (alike)
    SELECT new.alike WHERE NOT EXISTS (SELECT 1 FROM call_kinds WHERE alike = new.alike);
    UPDATE calls SET kind = (SELECT id FROM call_kinds WHERE alike = new.alike) WHERE rowid = new.rowid;
END;

CREATE INDEX calls_by_report ON calls (started_at, kind, coalesce(ended_at, last_seen_at), ring_ms, talk_ms,
    hold_ms, identified_ms);
