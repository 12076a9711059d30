-- Callers whom nobody knows can be entered by the program.

ALTER TABLE clients ADD COLUMN draft INTEGER NOT NULL DEFAULT 0 -- nobody has named the client yet
    CHECK (draft IN (0, 1));
