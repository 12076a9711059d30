-- Who rang for a call that followed a scenario, and what came of it.

CREATE TABLE call_legs (
    call      BLOB NOT NULL REFERENCES calls (id),
    place     INTEGER NOT NULL,                    -- in the order in which they rang
    extension TEXT NOT NULL,
    employee  TEXT NOT NULL,                       -- the name then; '' where unknown
    rang_at   INTEGER NOT NULL,
    ended_at  INTEGER,
    outcome   TEXT NOT NULL CHECK (outcome IN ('ringing', 'answered', 'no_answer', 'busy', 'declined',
                                               'failed', 'elsewhere', 'gave_up', 'interrupted')),
    PRIMARY KEY (call, place)
) STRICT, WITHOUT ROWID;
