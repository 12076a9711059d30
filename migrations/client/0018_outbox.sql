-- What web servers are yet to be told: an event waits here until its receiver has taken it.
CREATE TABLE outbox (
    seq     INTEGER NOT NULL PRIMARY KEY,          -- in the order of the events
    webhook TEXT NOT NULL,                         -- its name in the settings
    id      BLOB NOT NULL CHECK (length(id) = 16), -- the same at every attempt
    at      INTEGER NOT NULL,
    body    TEXT NOT NULL                          -- the event's line
) STRICT;

CREATE INDEX outbox_by_webhook ON outbox (webhook, seq);
CREATE UNIQUE INDEX outbox_by_id ON outbox (id);
