-- Calls that we owe: a caller who got no conversation has one open task, however often they called.
-- A task is open until closed_at: by a call in which people talked, or by a person's reason.

CREATE TABLE tasks (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client      BLOB REFERENCES clients (id),      -- NULL: an unknown caller
    caller      TEXT NOT NULL,                     -- as in calls, of the latest lost call
    number      TEXT,                              -- E.164 of the same
    opened_at   INTEGER NOT NULL,                  -- when the first lost call was over
    last_at     INTEGER NOT NULL,                  -- when the latest was
    due_at      INTEGER NOT NULL,
    calls       INTEGER NOT NULL,                  -- how many were lost
    closed_at   INTEGER,
    contact     BLOB REFERENCES calls (id),        -- the call that closed it
    reason      TEXT NOT NULL DEFAULT '',          -- why a person closed it
    deleted_at  INTEGER,
    merged_into BLOB REFERENCES tasks (id)         -- the task of the same client that took this one in
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_by_client ON tasks (client, closed_at) WHERE client IS NOT NULL;
CREATE INDEX tasks_by_caller ON tasks (caller, closed_at);
CREATE INDEX tasks_by_time ON tasks (opened_at);
CREATE INDEX tasks_open ON tasks (due_at) WHERE closed_at IS NULL AND deleted_at IS NULL;

-- Which calls were lost; a call is counted once, however often its row is written.
CREATE TABLE task_calls (
    call BLOB NOT NULL PRIMARY KEY REFERENCES calls (id),
    task BLOB NOT NULL REFERENCES tasks (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_calls_by_task ON task_calls (task);
