-- Signing in: what guards a staff account, sign-ins and their refresh tokens, tokens sent by e-mail.
--
-- Of every secret that somebody else holds, only a keyed digest is here.

CREATE TABLE staff_guard (
    staff         uuid PRIMARY KEY REFERENCES staff (id) ON DELETE CASCADE,
    attempts      bigint[] NOT NULL DEFAULT '{}',
    locks         smallint NOT NULL DEFAULT 0 CHECK (locks >= 0),
    locked_until  timestamptz,
    verified_at   timestamptz,
    totp_secret   bytea,
    totp_since    timestamptz,
    totp_step     bigint,
    signed_in_at  timestamptz,
    CHECK (totp_since IS NULL OR totp_secret IS NOT NULL)
);
COMMENT ON TABLE staff_guard IS 'What guards a staff account beside its password.';
COMMENT ON COLUMN staff_guard.attempts IS 'Tries since the last right password; more than a few lock for a time that grows.';
COMMENT ON COLUMN staff_guard.verified_at IS 'When its owner showed that the e-mail address is hers.';
COMMENT ON COLUMN staff_guard.totp_secret IS 'Sealed with the service''s key: the secret of her authenticator app.';
COMMENT ON COLUMN staff_guard.totp_since IS 'Since when a code is asked for; before it the secret waits to be confirmed.';
COMMENT ON COLUMN staff_guard.totp_step IS 'Time step of the last code taken: none at or before it is taken again.';

CREATE TABLE sign_in (
    id           uuid PRIMARY KEY,
    staff        uuid REFERENCES staff (id) ON DELETE CASCADE,
    person       uuid REFERENCES person (id) ON DELETE CASCADE,
    token        bytea NOT NULL CHECK (octet_length(token) = 32),
    created_at   timestamptz NOT NULL,
    refreshed_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    ended_by     text CHECK (ended_by IN ('sign_out', 'everywhere', 'reuse', 'password', 'administrator')),
    CHECK (num_nonnulls(staff, person) = 1),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
COMMENT ON TABLE sign_in IS 'One sign-in and its chain of refresh tokens, of which the newest alone counts.';
COMMENT ON COLUMN sign_in.token IS 'Keyed digest of the newest refresh token. An older one that comes again ends the sign-in.';
CREATE INDEX sign_in_by_staff ON sign_in (staff) WHERE ended_at IS NULL;
CREATE INDEX sign_in_by_person ON sign_in (person) WHERE ended_at IS NULL;
CREATE INDEX sign_in_by_end ON sign_in (expires_at);

CREATE TABLE mailed_token (
    id         uuid PRIMARY KEY,
    digest     bytea NOT NULL CHECK (octet_length(digest) = 32),
    purpose    text NOT NULL CHECK (purpose IN ('verify_email', 'reset_password', 'invitation')),
    staff      uuid NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
COMMENT ON TABLE mailed_token IS 'Links sent by e-mail; each serves once.';
CREATE INDEX mailed_token_by_staff ON mailed_token (staff, purpose) WHERE used_at IS NULL;

CREATE TABLE once (
    actor      uuid NOT NULL,
    key        bytea NOT NULL CHECK (octet_length(key) = 32),
    request    bytea NOT NULL CHECK (octet_length(request) = 32),
    answer     bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (actor, key)
);
COMMENT ON TABLE once IS
    'Answers to creations that named an Idempotency-Key, written with what they created: the same '
    'key gets the same answer. Forgotten after a day.';
COMMENT ON COLUMN once.request IS 'Keyed digest of the request: the same key with another one is refused.';
COMMENT ON COLUMN once.answer IS 'Sealed with the service''s key.';
CREATE INDEX once_by_age ON once (created_at);
