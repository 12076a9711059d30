-- The client record: several e-mails and addresses, tags, consent, who answers for the client, and
-- the office's own fields. What `clients` held of one e-mail and one place moves into the new tables.

INSERT OR IGNORE INTO categories (id, colour, icon, rank) VALUES
    ('active', '#047857', 'user-check', 50);

CREATE TABLE client_emails (
    client     BLOB NOT NULL REFERENCES clients (id),
    address    TEXT NOT NULL,
    label      TEXT NOT NULL,
    place      INTEGER NOT NULL,                   -- 0 the client's first address
    deleted_at INTEGER,
    PRIMARY KEY (client, address)
) STRICT, WITHOUT ROWID;
INSERT INTO client_emails (client, address, label, place, deleted_at)
    SELECT id, email, '', 0, deleted_at FROM clients WHERE email <> '';

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
INSERT INTO client_addresses (client, place, label, street, city, country, deleted_at)
    SELECT id, 0, '', '', city, country, deleted_at FROM clients
    WHERE city <> '' OR country <> '';

CREATE TABLE client_tags (
    client     BLOB NOT NULL REFERENCES clients (id),
    tag        TEXT NOT NULL,
    place      INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (client, tag)
) STRICT, WITHOUT ROWID;

ALTER TABLE clients DROP COLUMN email;
ALTER TABLE clients DROP COLUMN city;
ALTER TABLE clients DROP COLUMN country;
ALTER TABLE clients ADD COLUMN kind TEXT NOT NULL DEFAULT 'person'
    CHECK (kind IN ('person', 'company'));
ALTER TABLE clients ADD COLUMN responsible BLOB REFERENCES employees (id);
ALTER TABLE clients ADD COLUMN note_until TEXT               -- the last day on which the note holds
    CHECK (note_until GLOB '????-??-??');
ALTER TABLE clients ADD COLUMN note_acknowledge INTEGER NOT NULL DEFAULT 0
    CHECK (note_acknowledge IN (0, 1));
ALTER TABLE clients ADD COLUMN consent INTEGER               -- NULL: nobody has asked
    CHECK (consent IN (0, 1));
ALTER TABLE clients ADD COLUMN consent_at TEXT CHECK (consent_at GLOB '????-??-??');
ALTER TABLE clients ADD COLUMN consent_how TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN do_not_call INTEGER NOT NULL DEFAULT 0
    CHECK (do_not_call IN (0, 1));
UPDATE clients SET kind = 'company' WHERE name = '' AND company <> '';

ALTER TABLE client_numbers ADD COLUMN extension TEXT NOT NULL DEFAULT '';

-- What the office calls a field of its own may not be the name of one of the program's.
UPDATE OR IGNORE client_custom SET name = name || ' (own)'
    WHERE lower(trim(name)) IN ('kind', 'responsible', 'tags', 'note_until', 'note_acknowledge',
        'consent', 'consent_at', 'consent_how', 'do_not_call', 'street', 'position')
    OR lower(trim(name)) GLOB 'email[0-9]*' OR lower(trim(name)) GLOB 'street[0-9]*'
    OR lower(trim(name)) GLOB 'city[0-9]*' OR lower(trim(name)) GLOB 'country[0-9]*'
    OR lower(trim(name)) GLOB 'position[0-9]*' OR lower(trim(name)) GLOB 'phone*_label'
    OR lower(trim(name)) GLOB 'email*_label' OR lower(trim(name)) GLOB 'address*_label';

-- A custom field without a row here is a free text.
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

-- The words to greet clients with, by the clients' language.
CREATE TABLE greetings (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    language   TEXT NOT NULL,                      -- a BCP 47 tag such as ru
    text       TEXT NOT NULL,                      -- with {first_name}, {last_name}, {name}, {company}
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

-- What was changed of a client and of what is linked to it: written with the change itself.
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
