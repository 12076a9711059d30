-- What lists of calls are filtered, sorted and grouped by stands in one index, without the rows
-- themselves: a row of the log is five times as long.

ALTER TABLE calls ADD COLUMN category_then TEXT;      -- the client's category at the time of the call
ALTER TABLE calls ADD COLUMN category_now TEXT;       -- its present one, kept in step by the triggers
ALTER TABLE calls ADD COLUMN name_key TEXT NOT NULL DEFAULT ''; -- likewise the client's present name, folded
ALTER TABLE calls ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0 -- likewise: it has a recording
    CHECK (recorded IN (0, 1));
ALTER TABLE calls ADD COLUMN too_long INTEGER NOT NULL DEFAULT 0 -- people talked for longer than they should
    CHECK (too_long IN (0, 1));

-- A conversation took place where the sound went both ways.
UPDATE calls SET status = 'one_way'
WHERE status = 'answered' AND (packets_sent = 0 OR packets_received = 0);

UPDATE calls SET name_key = k.name_key, category_now = k.category
FROM clients k WHERE k.id = calls.client;
UPDATE calls SET recorded = 1
WHERE id IN (SELECT call FROM recordings WHERE deleted_at IS NULL);

CREATE TRIGGER calls_new AFTER INSERT ON calls WHEN new.client IS NOT NULL BEGIN
    UPDATE calls SET (name_key, category_now) = (SELECT name_key, category FROM clients WHERE id = new.client)
    WHERE rowid = new.rowid;
END;

CREATE TRIGGER calls_given AFTER UPDATE OF client ON calls WHEN new.client IS NOT old.client BEGIN
    UPDATE calls SET (name_key, category_now) = (SELECT coalesce(max(name_key), ''), max(category)
        FROM clients WHERE id = new.client)
    WHERE rowid = new.rowid;
END;

CREATE TRIGGER clients_renamed AFTER UPDATE OF name_key, category ON clients
WHEN new.name_key IS NOT old.name_key OR new.category IS NOT old.category BEGIN
    UPDATE calls SET name_key = new.name_key, category_now = new.category WHERE client = new.id;
END;

CREATE TRIGGER recordings_new AFTER INSERT ON recordings BEGIN
    UPDATE calls SET recorded = (new.deleted_at IS NULL) WHERE id = new.call;
END;

CREATE TRIGGER recordings_deleted AFTER UPDATE OF deleted_at ON recordings BEGIN
    UPDATE calls SET recorded = EXISTS (SELECT 1 FROM recordings r
        WHERE r.call = new.call AND r.deleted_at IS NULL)
    WHERE id = new.call;
END;

DROP INDEX calls_by_time;
CREATE INDEX calls_by_time ON calls (started_at, direction, status, talk_ms, ring_ms, hold_ms, extension,
    account, client, category_now, recorded, name_key, caller, callee, mos, cost_minor,
    too_long);
