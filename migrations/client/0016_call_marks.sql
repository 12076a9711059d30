-- What a person writes of a call, while it goes on or later. The phone, which writes the row anew every
-- second, leaves it alone.

ALTER TABLE calls ADD COLUMN note TEXT NOT NULL DEFAULT '';

CREATE INDEX calls_with_note ON calls (started_at) WHERE note <> '';

CREATE TABLE call_tags (
    call    BLOB NOT NULL REFERENCES calls (id),
    tag_key TEXT NOT NULL,                         -- the tag, folded: tags that differ in case alone are one
    tag     TEXT NOT NULL,
    place   INTEGER NOT NULL,                      -- in the order in which they were given
    PRIMARY KEY (call, tag_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX call_tags_by_tag ON call_tags (tag_key);

-- Who listened to what, took what out and deleted what. Nothing is taken out of this table.
CREATE TABLE audit (
    id        BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at        INTEGER NOT NULL,
    who       TEXT NOT NULL,                       -- extension and name of the seat, else the system's user
    act       TEXT NOT NULL CHECK (act IN ('listen', 'export', 'delete')),
    what      TEXT NOT NULL,                       -- a recording's file, else what was exported
    call      BLOB,
    recording BLOB,
    detail    TEXT NOT NULL                        -- of an export: where it went
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_by_time ON audit (at);

CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit stays');
END;

CREATE TRIGGER audit_stands BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit stands');
END;
