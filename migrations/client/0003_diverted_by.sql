-- Who sent a call on to us: a number, an internal number or a user; empty where nobody did.

ALTER TABLE calls ADD COLUMN diverted_by TEXT NOT NULL DEFAULT '';
