-- Whom the card named when a call was taken: what reports compare lengths of conversations by.

ALTER TABLE calls ADD COLUMN known_as TEXT           -- NULL: a row of before this was kept
    CHECK (known_as IN ('client', 'colleague', 'nobody'));
ALTER TABLE calls ADD COLUMN identified_ms INTEGER   -- from the answer to the client's name; NULL: never
    CHECK (identified_ms >= 0);

-- An older row tells it where nothing can have changed since. Nobody: it is no client's to this day,
-- or became one's when the client was entered, after the call.
UPDATE calls SET known_as = 'nobody'
WHERE number IS NOT NULL AND ended_at IS NOT NULL AND client_name = ''
    AND (client IS NULL
        OR EXISTS (SELECT 1 FROM clients k WHERE k.id = client AND k.created_at > ended_at));

-- A client: found by the number, and as it was before the call.
UPDATE calls SET known_as = 'client', identified_ms = iif(answered_at IS NULL, NULL, 0)
WHERE number IS NOT NULL AND ended_at IS NOT NULL AND client_name <> '' AND chosen = 0
    AND EXISTS (SELECT 1 FROM clients k
        WHERE k.id = client AND k.draft = 0 AND k.updated_at < started_at);

-- All that reports read of conversations, in the order of time, without the rows themselves.
CREATE INDEX calls_by_answer ON calls (started_at, status, answered_at, direction, known_as, extension,
    employee, ring_ms, hold_ms, talk_ms, identified_ms)
    WHERE status IN ('answered', 'interrupted');
