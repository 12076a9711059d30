-- All that reports read of calls, in the order of time, in one index without the rows themselves. What calls
-- have in common that reports count alike is one column of it, which is read as one and told apart once.

DROP INDEX calls_by_answer;

ALTER TABLE calls ADD COLUMN alike TEXT AS (
    direction || char(10) || status || char(10) || ifnull(end_reason, '') || char(10) || ifnull(known_as, '')
    || char(10) || (ended_at IS NOT NULL) || (answered_at IS NOT NULL)
    -- Sound that went one way only counts as none; a call without any figures of it may have had it.
    || (answered_at IS NOT NULL AND min(packets_sent, packets_received) IS 0)
    || char(10) || account || char(10) || extension || char(10) || employee) VIRTUAL;

CREATE INDEX calls_by_report ON calls (started_at, alike, coalesce(ended_at, last_seen_at), ring_ms, talk_ms,
    hold_ms, identified_ms);
