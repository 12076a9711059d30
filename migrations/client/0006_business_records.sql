-- What a client has ordered, bought, asked, owes and is promised; and the office's branches and
-- stages. Each table is described in src/model/record.rs and served by src/store/records.rs alone.

ALTER TABLE orders ADD COLUMN amount_minor INTEGER;
ALTER TABLE orders ADD COLUMN amount_currency TEXT;

CREATE TABLE stages (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL,                      -- as in the rows that have come so far
    kind       TEXT NOT NULL,                      -- order, request; '' for both
    closes     INTEGER NOT NULL CHECK (closes IN (0, 1)), -- what comes so far is closed
    rank       INTEGER,                            -- the smallest first
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE requests (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client      BLOB NOT NULL REFERENCES clients (id),
    number      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    state       TEXT NOT NULL,
    responsible BLOB REFERENCES employees (id),
    due         TEXT CHECK (due GLOB '????-??-??'),
    closed      INTEGER NOT NULL CHECK (closed IN (0, 1)),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    deleted_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_client ON requests (client, closed) WHERE deleted_at IS NULL;

CREATE TABLE purchases (
    id              BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client          BLOB NOT NULL REFERENCES clients (id),
    number          TEXT NOT NULL,
    day             TEXT CHECK (day GLOB '????-??-??'),
    item            TEXT NOT NULL,
    amount_minor    INTEGER,
    amount_currency TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    deleted_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX purchases_by_client ON purchases (client, day) WHERE deleted_at IS NULL;

CREATE TABLE accounts (
    id               BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client           BLOB NOT NULL REFERENCES clients (id),
    number           TEXT NOT NULL,
    balance_minor    INTEGER,                      -- below zero: the client owes
    balance_currency TEXT,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    deleted_at       INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX accounts_by_client ON accounts (client) WHERE deleted_at IS NULL;

CREATE TABLE appointments (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client      BLOB NOT NULL REFERENCES clients (id),
    at          INTEGER,
    subject     TEXT NOT NULL,
    place       TEXT NOT NULL,
    responsible BLOB REFERENCES employees (id),
    cancelled   INTEGER NOT NULL CHECK (cancelled IN (0, 1)),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    deleted_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX appointments_by_client ON appointments (client, at) WHERE deleted_at IS NULL;

CREATE TABLE notes (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client     BLOB NOT NULL REFERENCES clients (id),
    at         INTEGER,
    text       TEXT NOT NULL,
    author     BLOB REFERENCES employees (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX notes_by_client ON notes (client, at) WHERE deleted_at IS NULL;

-- Where the company has its branches.
CREATE TABLE branches (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL,
    street     TEXT NOT NULL,
    city       TEXT NOT NULL,
    country    TEXT NOT NULL,
    phone      TEXT NOT NULL,
    latitude   REAL CHECK (latitude BETWEEN -90 AND 90),
    longitude  REAL CHECK (longitude BETWEEN -180 AND 180),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;
