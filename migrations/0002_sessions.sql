-- USSD sessions and the menus that they walk.

CREATE TABLE menu_version (
    version   bigint PRIMARY KEY,
    files     bytea NOT NULL,
    loaded_at timestamptz NOT NULL
);
COMMENT ON TABLE menu_version IS
    'Every menu that was served: a session goes on with the one that it began with, on any node.';
COMMENT ON COLUMN menu_version.version IS 'First eight octets of the SHA-256 of the files.';
COMMENT ON COLUMN menu_version.files IS 'The files, packed.';

CREATE TABLE ussd_session (
    key        bytea PRIMARY KEY CHECK (octet_length(key) = 16),
    phone      bytea NOT NULL CHECK (octet_length(phone) = 16),
    started_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    turn       integer NOT NULL CHECK (turn > 0),
    resumable  boolean NOT NULL,
    state      bytea NOT NULL
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.1);
COMMENT ON TABLE ussd_session IS
    'Where each session is. Rows are updated in place (HOT): no index holds a column that changes.';
COMMENT ON COLUMN ussd_session.key IS 'HMAC of the channel and the operator''s session id.';
COMMENT ON COLUMN ussd_session.phone IS 'HMAC of the number, as phone.key.';
COMMENT ON COLUMN ussd_session.turn IS 'Turns answered; a write states the turn before, so that a repeat on another node writes nothing.';
COMMENT ON COLUMN ussd_session.resumable IS 'Whether a redial may offer to go on here.';
COMMENT ON COLUMN ussd_session.state IS 'Sealed: place, answers given, what was proved. No screen, no secret.';
CREATE INDEX ussd_session_by_phone ON ussd_session (phone, started_at DESC);
CREATE INDEX ussd_session_by_start ON ussd_session USING brin (started_at);
