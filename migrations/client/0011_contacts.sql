-- Contacts kept the same with an address book on a CardDAV server.
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
