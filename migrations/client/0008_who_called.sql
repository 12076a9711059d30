-- Who called may be said by a person, and the next call from the number shows that client first.

ALTER TABLE calls ADD COLUMN chosen INTEGER NOT NULL DEFAULT 0 -- a person said which client it was
    CHECK (chosen IN (0, 1));

-- With whom people talked last on a number: one read of this index for each client who has it.
CREATE INDEX calls_by_talk ON calls (number, client, started_at)
    WHERE client IS NOT NULL AND (answered_at IS NOT NULL OR chosen = 1);
