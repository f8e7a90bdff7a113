-- The outbox for a worker: lanes, history, receipts that came early, what was spent, who works.

ALTER TABLE outbox
    ADD COLUMN lane    smallint NOT NULL DEFAULT 0 CHECK (lane BETWEEN 0 AND 99),
    ADD COLUMN left_at timestamptz,
    ADD COLUMN words   text CHECK (char_length(words) <= 400),
    ADD COLUMN doubts  smallint NOT NULL DEFAULT 0,
    ADD CONSTRAINT outbox_secret_is_wiped
        CHECK (kind NOT IN ('pin', 'mail') OR state IN ('queued', 'sending') OR body IS NULL),
    ADD CONSTRAINT outbox_body_is_wiped
        CHECK (state IN ('queued', 'sending', 'failed') OR body IS NULL);
COMMENT ON COLUMN outbox.lane IS
    'The two digits after the country code of the number, by which an operator is routed to; 0 for mail.';
COMMENT ON COLUMN outbox.left_at IS 'When it was last handed to a provider, as far as it was not refused.';
COMMENT ON COLUMN outbox.words IS 'Why it is in its state: the provider''s words, without numbers.';
COMMENT ON COLUMN outbox.doubts IS
    'How often it went again although it may have arrived: it may have arrived as often more.';
COMMENT ON COLUMN outbox.lease_owner IS 'The worker that has it: outbox_worker.id.';

-- Nearly every index of this table is partial: a row passes through three states in a second, and
-- each state costs an entry only where somebody looks for it.
DROP INDEX outbox_to_send, outbox_leased, outbox_by_phone, outbox_by_receipt;
CREATE INDEX outbox_to_send ON outbox (medium, lane, priority, not_before, id) WHERE state = 'queued';
CREATE INDEX outbox_to_expire ON outbox (expires_at) WHERE state = 'queued';
CREATE INDEX outbox_leased ON outbox (lease_owner, lease_until) WHERE state = 'sending';
CREATE INDEX outbox_doubtful ON outbox (changed_at) WHERE state = 'unknown';
CREATE INDEX outbox_refused ON outbox (changed_at) WHERE state = 'failed' AND body IS NOT NULL;
CREATE INDEX outbox_queued_by_phone ON outbox (phone) WHERE state = 'queued';
CREATE INDEX outbox_by_day ON outbox (phone, left_at) WHERE left_at IS NOT NULL AND priority >= 5;
-- Not unique: a provider that gives one id twice must not keep us from marking a message as sent.
CREATE INDEX outbox_by_receipt ON outbox (provider, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX outbox_by_age ON outbox USING brin (created_at);

-- Rows die twice on their way; what is dead stands before the queue's head until it is swept.
ALTER TABLE outbox SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000
);

CREATE TABLE outbox_event (
    message  bigint NOT NULL,
    at       timestamptz NOT NULL,
    state    text NOT NULL,
    provider text,
    words    text
);
COMMENT ON TABLE outbox_event IS
    'Every change of a message''s state after its making, with its time and the provider''s words. '
    'Written by a trigger, so that nothing can change without it.';
CREATE INDEX outbox_event_by_message ON outbox_event (message);

CREATE FUNCTION outbox_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox_event (message, at, state, provider, words)
    SELECT after.id, after.changed_at, after.state, after.provider, after.words
    FROM after JOIN before USING (id)
    WHERE after.state <> before.state OR after.not_before <> before.not_before;
    RETURN NULL;
END
$$;
CREATE TRIGGER outbox_history AFTER UPDATE ON outbox
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION outbox_note_change();

CREATE TABLE outbox_receipt (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider    text NOT NULL,
    provider_id text NOT NULL CHECK (char_length(provider_id) <= 128),
    told        text NOT NULL CHECK (told IN ('passed', 'delivered', 'failed', 'expired')),
    words       text CHECK (char_length(words) <= 400),
    received_at timestamptz NOT NULL
);
COMMENT ON TABLE outbox_receipt IS
    'Receipts for messages that are not known yet by the provider''s id: they wait for them.';
CREATE INDEX outbox_receipt_by_id ON outbox_receipt (provider, provider_id);

CREATE TABLE outbox_spend (
    provider text NOT NULL,
    day      date NOT NULL,
    slot     smallint NOT NULL,
    messages bigint NOT NULL,
    segments bigint NOT NULL,
    cost     bigint NOT NULL,
    PRIMARY KEY (day, provider, slot)
);
COMMENT ON TABLE outbox_spend IS
    'What providers took, by day of the country. Slots let workers count without waiting for each other.';
COMMENT ON COLUMN outbox_spend.cost IS 'In millionths of the currency''s unit.';

CREATE TABLE outbox_worker (
    id         uuid PRIMARY KEY,
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
);
COMMENT ON TABLE outbox_worker IS
    'Workers that send. What one had that is no longer seen is taken back, by the policy of its kind.';
