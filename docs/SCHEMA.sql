-- The client store, ringbook.db, as the migrations up to 0022 make it; an empty one is made of
-- this file. A test compares the two; RINGBOOK_BLESS=1 writes this one anew.

PRAGMA application_id = 0x52494e47; -- 'RING'

CREATE TABLE categories (
    id         TEXT NOT NULL PRIMARY KEY,          -- the stable key
    name       TEXT,                               -- NULL: the key's own name, translated
    colour     TEXT NOT NULL,                      -- #RRGGBB
    icon       TEXT NOT NULL,                      -- a Lucide name
    rank       INTEGER NOT NULL,                   -- the smallest first
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE employees (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL,
    extension  TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX employees_by_extension ON employees (extension) WHERE deleted_at IS NULL;

CREATE TABLE photos (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    mime       TEXT NOT NULL,
    sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
    created_at INTEGER NOT NULL,
    bytes      BLOB NOT NULL                       -- last: the columns before it are read without it
) STRICT;

CREATE TABLE clients (
    row        INTEGER PRIMARY KEY,                -- the search index's key; unknown outside this file
    id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    name       TEXT NOT NULL,
    company    TEXT NOT NULL,
    category   TEXT NOT NULL REFERENCES categories (id),
    note       TEXT NOT NULL,
    greeting   TEXT,
    language   TEXT NOT NULL,
    photo      BLOB REFERENCES photos (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    merged_into BLOB REFERENCES clients (id),      -- the client that this one was a double of
    name_key   TEXT NOT NULL                       -- the name folded, for order and prefixes
, kind TEXT NOT NULL DEFAULT 'person'
    CHECK (kind IN ('person', 'company')), responsible BLOB REFERENCES employees (id), note_until TEXT               -- the last day on which the note holds
    CHECK (note_until GLOB '????-??-??'), note_acknowledge INTEGER NOT NULL DEFAULT 0
    CHECK (note_acknowledge IN (0, 1)), consent INTEGER               -- NULL: nobody has asked
    CHECK (consent IN (0, 1)), consent_at TEXT CHECK (consent_at GLOB '????-??-??'), consent_how TEXT NOT NULL DEFAULT '', do_not_call INTEGER NOT NULL DEFAULT 0
    CHECK (do_not_call IN (0, 1)), draft INTEGER NOT NULL DEFAULT 0 -- nobody has named the client yet
    CHECK (draft IN (0, 1))) STRICT;

CREATE INDEX clients_by_name ON clients (name_key) WHERE deleted_at IS NULL;

CREATE TABLE client_texts (
    row  INTEGER PRIMARY KEY REFERENCES clients (row),
    text TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE clients_search USING fts5 (
    text, content = 'client_texts', content_rowid = 'row',
    tokenize = 'trigram case_sensitive 1', detail = 'none', columnsize = 0
);

CREATE TRIGGER client_texts_insert AFTER INSERT ON client_texts BEGIN
    INSERT INTO clients_search (rowid, text) VALUES (new.row, new.text);
END;

CREATE TRIGGER client_texts_update AFTER UPDATE ON client_texts BEGIN
    INSERT INTO clients_search (clients_search, rowid, text) VALUES ('delete', old.row, old.text);
    INSERT INTO clients_search (rowid, text) VALUES (new.row, new.text);
END;

CREATE TRIGGER client_texts_delete AFTER DELETE ON client_texts BEGIN
    INSERT INTO clients_search (clients_search, rowid, text) VALUES ('delete', old.row, old.text);
END;

CREATE TABLE client_numbers (
    e164       TEXT NOT NULL CHECK (e164 GLOB '+[1-9]*'),
    client     BLOB NOT NULL REFERENCES clients (id),
    label      TEXT NOT NULL,
    place      INTEGER NOT NULL,                   -- 0 the client's first number
    deleted_at INTEGER, extension TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (e164, client)
) STRICT, WITHOUT ROWID;

CREATE INDEX client_numbers_by_client ON client_numbers (client, place) WHERE deleted_at IS NULL;

CREATE TABLE client_custom (
    client     BLOB NOT NULL REFERENCES clients (id),
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    place      INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (client, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    id            BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client        BLOB NOT NULL REFERENCES clients (id),
    number        TEXT NOT NULL,
    stage         TEXT NOT NULL,
    responsible   BLOB REFERENCES employees (id),
    due           TEXT CHECK (due GLOB '????-??-??'),
    debt_minor    INTEGER,                         -- in the currency's smallest unit
    debt_currency TEXT,                            -- ISO 4217; '' where nobody said
    closed        INTEGER NOT NULL CHECK (closed IN (0, 1)),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    deleted_at    INTEGER
, amount_minor INTEGER, amount_currency TEXT) STRICT, WITHOUT ROWID;

CREATE INDEX orders_by_client ON orders (client, closed) WHERE deleted_at IS NULL;

CREATE TABLE calls (
    id               BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    direction        TEXT NOT NULL CHECK (direction IN ('incoming', 'outgoing')),
    status           TEXT NOT NULL,
    started_at       INTEGER NOT NULL,
    ringing_at       INTEGER,
    answered_at      INTEGER,
    ended_at         INTEGER,
    last_seen_at     INTEGER NOT NULL,             -- what an interrupted call's length is taken from
    caller           TEXT NOT NULL,                -- E.164, or the text where it is no phone number
    callee           TEXT NOT NULL,
    number           TEXT,                         -- E.164 of the other party
    remote_name      TEXT NOT NULL,
    hidden           INTEGER NOT NULL CHECK (hidden IN (0, 1)),
    client           BLOB REFERENCES clients (id),
    client_name      TEXT NOT NULL,                -- at the time of the call
    extension        TEXT NOT NULL,
    employee         TEXT NOT NULL,                -- at the time of the call
    account          TEXT NOT NULL,
    ring_ms          INTEGER NOT NULL,
    hold_ms          INTEGER NOT NULL,
    talk_ms          INTEGER NOT NULL,
    end_reason       TEXT,
    sip_status       INTEGER,
    codec            TEXT,
    packets_sent     INTEGER,                      -- NULL: no audio was ever set up
    packets_received INTEGER,
    packets_lost     INTEGER,
    jitter_ms        REAL,
    rtt_ms           REAL,
    mos              REAL
, diverted_by TEXT NOT NULL DEFAULT '', chosen INTEGER NOT NULL DEFAULT 0 -- a person said which client it was
    CHECK (chosen IN (0, 1)), known_as TEXT           -- NULL: a row of before this was kept
    CHECK (known_as IN ('client', 'colleague', 'nobody')), identified_ms INTEGER   -- from the answer to the client's name; NULL: never
    CHECK (identified_ms >= 0), cost_minor INTEGER      -- in the currency's smallest unit; NULL: not known
    CHECK (cost_minor >= 0), cost_currency TEXT      -- ISO 4217
    CHECK (length(cost_currency) = 3), tariff TEXT, category_then TEXT, category_now TEXT, name_key TEXT NOT NULL DEFAULT '', recorded INTEGER NOT NULL DEFAULT 0 -- likewise: it has a recording
    CHECK (recorded IN (0, 1)), too_long INTEGER NOT NULL DEFAULT 0 -- people talked for longer than they should
    CHECK (too_long IN (0, 1)), note TEXT NOT NULL DEFAULT '', origin TEXT
    CHECK (origin IN ('dialled', 'link', 'callback', 'transfer')), alike TEXT AS (
    direction || char(10) || status || char(10) || ifnull(end_reason, '') || char(10) || ifnull(known_as, '')
    || char(10) || (ended_at IS NOT NULL) || (answered_at IS NOT NULL)
    -- Sound that went one way only counts as none; a call without any figures of it may have had it.
    || (answered_at IS NOT NULL AND min(packets_sent, packets_received) IS 0)
    || char(10) || account || char(10) || extension || char(10) || employee) VIRTUAL, kind INTEGER) STRICT;

CREATE INDEX calls_by_number ON calls (number, started_at) WHERE number IS NOT NULL;

CREATE INDEX calls_in_progress ON calls (id) WHERE status = 'in_progress';

CREATE TABLE recordings (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    call        BLOB NOT NULL REFERENCES calls (id),
    file        TEXT NOT NULL UNIQUE,              -- below the profile's recordings/
    started_at  INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    channels    INTEGER NOT NULL,
    sample_rate INTEGER NOT NULL,
    codec       TEXT NOT NULL,
    size        INTEGER NOT NULL,
    sha256      BLOB CHECK (length(sha256) = 32),
    state       TEXT NOT NULL CHECK (state IN ('finished', 'repaired', 'failed')),
    deleted_at  INTEGER
, missing TEXT -- NULL: it can be listened to
    CHECK (missing IN ('gone', 'no_folder', 'unfinished', 'unreadable'))) STRICT;

CREATE INDEX recordings_by_call ON recordings (call);

CREATE INDEX recordings_by_time ON recordings (started_at);

CREATE TABLE flights (
    call     BLOB NOT NULL PRIMARY KEY REFERENCES calls (id) CHECK (length(call) = 16),
    ended_at INTEGER NOT NULL,
    record   BLOB NOT NULL                         -- JSON, deflated (RFC 1951)
) STRICT;

CREATE INDEX flights_by_time ON flights (ended_at);

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

CREATE TABLE task_calls (
    call BLOB NOT NULL PRIMARY KEY REFERENCES calls (id),
    task BLOB NOT NULL REFERENCES tasks (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX task_calls_by_task ON task_calls (task);

CREATE TABLE client_emails (
    client     BLOB NOT NULL REFERENCES clients (id),
    address    TEXT NOT NULL,
    label      TEXT NOT NULL,
    place      INTEGER NOT NULL,                   -- 0 the client's first address
    deleted_at INTEGER,
    PRIMARY KEY (client, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE client_addresses (
    client     BLOB NOT NULL REFERENCES clients (id),
    place      INTEGER NOT NULL,                   -- 0 the client's first address
    label      TEXT NOT NULL,
    street     TEXT NOT NULL,
    city       TEXT NOT NULL,
    country    TEXT NOT NULL,
    latitude   REAL CHECK (latitude BETWEEN -90 AND 90),
    longitude  REAL CHECK (longitude BETWEEN -180 AND 180),
    deleted_at INTEGER,
    PRIMARY KEY (client, place),
    CHECK ((latitude IS NULL) = (longitude IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE client_tags (
    client     BLOB NOT NULL REFERENCES clients (id),
    tag        TEXT NOT NULL,
    place      INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (client, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE fields (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL,                      -- as in client_custom
    type       TEXT NOT NULL,                      -- text, number, date, choice, money, link
    choices    TEXT NOT NULL,                      -- of a choice: what is allowed, parted by semicolons
    rank       INTEGER,                            -- the smallest first
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE greetings (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    language   TEXT NOT NULL,                      -- a BCP 47 tag such as ru
    text       TEXT NOT NULL,                      -- with {first_name}, {last_name}, {name}, {company}
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE changes (
    id     BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    client BLOB NOT NULL REFERENCES clients (id),
    kind   TEXT NOT NULL,                          -- client, order, request …
    record BLOB NOT NULL CHECK (length(record) = 16), -- the row that was changed
    field  TEXT NOT NULL,                          -- its name in files; '' where the whole row went
    before TEXT NOT NULL,
    after  TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX changes_by_client ON changes (client, at);

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

CREATE TABLE card_layouts (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL,                      -- as lines choose it; 'standard' is for those that choose none
    blocks     TEXT NOT NULL,                      -- in their order, parted by semicolons
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_by_talk ON calls (number, client, started_at)
    WHERE client IS NOT NULL AND (answered_at IS NOT NULL OR chosen = 1);

CREATE TABLE contact_books (
    url    TEXT NOT NULL PRIMARY KEY,              -- user and address, as the settings have them
    href   TEXT NOT NULL,                          -- where the address book lies on that server
    token  TEXT,                                   -- what to name to be told of later changes alone
    met_at INTEGER                                 -- when the last meeting came to its end
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_cards (
    book   TEXT NOT NULL REFERENCES contact_books (url),
    href   TEXT NOT NULL,
    client BLOB NOT NULL REFERENCES clients (id),
    etag   TEXT NOT NULL,                          -- the version, and the card as it was
    card   TEXT NOT NULL,
    stamp  INTEGER NOT NULL,                       -- the client's updated_at, as it was
    PRIMARY KEY (book, href)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX contact_cards_by_client ON contact_cards (client, book);

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

CREATE TRIGGER calls_new AFTER INSERT ON calls WHEN new.client IS NOT NULL BEGIN
    UPDATE calls SET (name_key, category_now) = (SELECT name_key, category FROM clients WHERE id = new.client)
    WHERE rowid = new.rowid;
END;

CREATE TRIGGER calls_given AFTER UPDATE OF client ON calls WHEN new.client IS NOT old.client BEGIN
    UPDATE calls SET (name_key, category_now) = (SELECT coalesce(max(name_key), ''), max(category)
        FROM clients WHERE id = new.client)
    WHERE rowid = new.rowid;
END;

CREATE TRIGGER clients_renamed AFTER UPDATE OF name_key, category ON clients
WHEN new.name_key IS NOT old.name_key OR new.category IS NOT old.category BEGIN
    UPDATE calls SET name_key = new.name_key, category_now = new.category WHERE client = new.id;
END;

CREATE INDEX calls_with_note ON calls (started_at) WHERE note <> '';

CREATE TABLE call_tags (
    call    BLOB NOT NULL REFERENCES calls (id),
    tag_key TEXT NOT NULL,                         -- the tag, folded: tags that differ in case alone are one
    tag     TEXT NOT NULL,
    place   INTEGER NOT NULL,                      -- in the order in which they were given
    PRIMARY KEY (call, tag_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX call_tags_by_tag ON call_tags (tag_key);

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

CREATE TABLE outbox (
    seq     INTEGER NOT NULL PRIMARY KEY,          -- in the order of the events
    webhook TEXT NOT NULL,                         -- its name in the settings
    id      BLOB NOT NULL CHECK (length(id) = 16), -- the same at every attempt
    at      INTEGER NOT NULL,
    body    TEXT NOT NULL                          -- the event's line
) STRICT;

CREATE INDEX outbox_by_webhook ON outbox (webhook, seq);

CREATE UNIQUE INDEX outbox_by_id ON outbox (id);

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

CREATE INDEX calls_by_time ON calls (started_at, direction, status, talk_ms, ring_ms, hold_ms, extension,
    account, client, category_now, category_then, recorded, name_key, caller, callee, mos, cost_minor,
    too_long);

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

CREATE TRIGGER recordings_new AFTER INSERT ON recordings BEGIN
    UPDATE calls SET recorded = EXISTS (SELECT 1 FROM recordings r
        WHERE r.call = new.call AND r.deleted_at IS NULL AND r.missing IS NULL)
    WHERE id = new.call;
END;

CREATE TRIGGER recordings_missed AFTER UPDATE OF deleted_at, missing ON recordings BEGIN
    UPDATE calls SET recorded = EXISTS (SELECT 1 FROM recordings r
        WHERE r.call = new.call AND r.deleted_at IS NULL AND r.missing IS NULL)
    WHERE id = new.call;
END;

CREATE INDEX calls_by_client ON calls (client, started_at, talk_ms);

CREATE TABLE call_kinds (
    id    INTEGER NOT NULL PRIMARY KEY,
    alike TEXT NOT NULL UNIQUE                     -- as calls have it
) STRICT;

CREATE TRIGGER calls_kind_new AFTER INSERT ON calls BEGIN
    INSERT INTO call_kinds (alike)
    SELECT new.alike WHERE NOT EXISTS (SELECT 1 FROM call_kinds WHERE alike = new.alike);
    UPDATE calls SET kind = (SELECT id FROM call_kinds WHERE alike = new.alike) WHERE rowid = new.rowid;
END;

CREATE TRIGGER calls_kind_changed AFTER UPDATE OF direction, status, end_reason, known_as, ended_at, answered_at,
    packets_sent, packets_received, account, extension, employee ON calls
WHEN new.alike IS NOT old.alike BEGIN
    INSERT INTO call_kinds (alike)
    SELECT new.alike WHERE NOT EXISTS (SELECT 1 FROM call_kinds WHERE alike = new.alike);
    UPDATE calls SET kind = (SELECT id FROM call_kinds WHERE alike = new.alike) WHERE rowid = new.rowid;
END;

CREATE INDEX calls_by_report ON calls (started_at, kind, coalesce(ended_at, last_seen_at), ring_ms, talk_ms,
    hold_ms, identified_ms);

INSERT INTO categories (id, name, colour, icon, rank, deleted_at) VALUES ('ordinary', NULL, '#475569', 'user', 10, NULL);
INSERT INTO categories (id, name, colour, icon, rank, deleted_at) VALUES ('vip', NULL, '#92400e', 'star', 20, NULL);
INSERT INTO categories (id, name, colour, icon, rank, deleted_at) VALUES ('problem', NULL, '#b91c1c', 'triangle-alert', 30, NULL);
INSERT INTO categories (id, name, colour, icon, rank, deleted_at) VALUES ('potential', NULL, '#1d4ed8', 'user-plus', 40, NULL);
INSERT INTO categories (id, name, colour, icon, rank, deleted_at) VALUES ('active', NULL, '#047857', 'user-check', 50, NULL);
