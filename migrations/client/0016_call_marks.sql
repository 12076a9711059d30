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
