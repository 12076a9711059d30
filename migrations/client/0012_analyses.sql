-- What listening to a recording found. A row is there for every recording that was analysed, also where it could not be read.
CREATE TABLE analyses (
    recording             BLOB NOT NULL PRIMARY KEY REFERENCES recordings (id) CHECK (length(recording) = 16),
    analysed_at           INTEGER NOT NULL,
    error                 TEXT,                    -- why it could not be analysed; then all that follows is NULL
    agent                 REAL,                    -- shares of the recording's length, 0 to 1
    client                REAL,
    silence               REAL,
    overlap               REAL,
    longest_silence_ms    INTEGER,
    longest_monologue_ms  INTEGER,                 -- of the agent
    interrupted_by_agent  INTEGER,                 -- how often
    interrupted_by_client INTEGER,
    too_short             INTEGER CHECK (too_short IN (0, 1)),
    one_sided             INTEGER CHECK (one_sided IN (0, 1)),
    long_silence          INTEGER CHECK (long_silence IN (0, 1)),
    much_overlap          INTEGER CHECK (much_overlap IN (0, 1)),
    CHECK ((error IS NULL) = (agent IS NOT NULL))
) STRICT;
