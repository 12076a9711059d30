-- What led to a call of ours; NULL: a call to us, or a row of before this was kept. Whether whoever is called
-- was owed a call is known only at its beginning.

ALTER TABLE calls ADD COLUMN origin TEXT
    CHECK (origin IN ('dialled', 'link', 'callback', 'transfer'));
