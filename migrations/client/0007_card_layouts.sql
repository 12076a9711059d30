-- What the office shows of its callers: described in src/model/record.rs.

CREATE TABLE card_layouts (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL,                      -- as lines choose it; 'standard' is for those that choose none
    blocks     TEXT NOT NULL,                      -- in their order, parted by semicolons
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;
