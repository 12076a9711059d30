-- What the flight recorder kept of a call: its SIP messages without secrets, the sound's counters,
-- what else happened. Really deleted when it is old or one too many: it is of use for a while only.

CREATE TABLE flights (
    call     BLOB NOT NULL PRIMARY KEY REFERENCES calls (id) CHECK (length(call) = 16),
    ended_at INTEGER NOT NULL,
    record   BLOB NOT NULL                         -- JSON, deflated (RFC 1951)
) STRICT;
CREATE INDEX flights_by_time ON flights (ended_at);
