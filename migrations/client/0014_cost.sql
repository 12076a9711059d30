-- What a call costs, by the tariffs that held when it was computed.

ALTER TABLE calls ADD COLUMN cost_minor INTEGER      -- in the currency's smallest unit; NULL: not known
    CHECK (cost_minor >= 0);
ALTER TABLE calls ADD COLUMN cost_currency TEXT      -- ISO 4217
    CHECK (length(cost_currency) = 3);
ALTER TABLE calls ADD COLUMN tariff TEXT;            -- the name of the rule, as it was then
