-- How the table of calls is looked at, and what stands out in it: described in src/model/record.rs.

CREATE TABLE call_views (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL,                      -- 'standard' is the table as it was left
    columns    TEXT NOT NULL,                      -- in their order, each with its width
    sort       TEXT NOT NULL,                      -- '': the latest call first
    filter     TEXT NOT NULL,                      -- what is asked of columns, as it is typed
    grouping   TEXT NOT NULL,                      -- '': nothing is put together
    period     TEXT NOT NULL,
    as_table   INTEGER NOT NULL CHECK (as_table IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE call_looks (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    value      TEXT NOT NULL,                      -- as files have it
    field      TEXT NOT NULL,                      -- the column of the call log
    icon       TEXT NOT NULL,
    colour     TEXT NOT NULL,                      -- '#RRGGBB'
    off        INTEGER NOT NULL CHECK (off IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

-- The client's category at the time of the call is a column that lists are asked of and sorted by, too.
DROP INDEX calls_by_time;
CREATE INDEX calls_by_time ON calls (started_at, direction, status, talk_ms, ring_ms, hold_ms, extension,
    account, client, category_now, category_then, recorded, name_key, caller, callee, mos, cost_minor,
    too_long);
