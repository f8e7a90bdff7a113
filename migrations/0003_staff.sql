-- Who works with the record: administrators of the service, hospitals, health professionals and
-- pharmacies. They sign in with an e-mail address and a password.
--
-- Names and addresses are sealed with the service's own key; an account is found by the keyed
-- digest of its address, in lower case.

CREATE TABLE staff (
    id            uuid PRIMARY KEY,
    role          text NOT NULL CHECK (role IN ('administrator', 'hospital', 'professional', 'pharmacy')),
    email_key     bytea NOT NULL UNIQUE CHECK (octet_length(email_key) = 16),
    email         bytea NOT NULL,
    name          bytea NOT NULL,
    profession    text CHECK (profession IN ('doctor', 'nurse', 'midwife', 'community_health_officer', 'pharmacist',
                                             'laboratory', 'nutritionist', 'other')),
    facility      integer REFERENCES facility (id),
    status        text NOT NULL CHECK (status IN ('invited', 'pending', 'active', 'suspended')),
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    synthetic     boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CHECK ((role = 'administrator') = (facility IS NULL)),
    CHECK ((role = 'professional') = (profession IS NOT NULL)),
    CHECK (status <> 'active' OR password_hash IS NOT NULL)
);
COMMENT ON TABLE staff IS 'Accounts of those who work with the record; each belongs to one facility, or runs the service.';
COMMENT ON COLUMN staff.email IS 'Sealed with the service''s key: the address as it was given.';
COMMENT ON COLUMN staff.name IS 'Sealed with the service''s key.';
COMMENT ON COLUMN staff.status IS
    'pending: registered, not yet verified by an administrator; invited: has not chosen a password yet.';
COMMENT ON COLUMN staff.password_hash IS 'As a PIN''s: argon2id over an HMAC with a pepper that is not in the database.';
COMMENT ON COLUMN staff.synthetic IS 'Invented for a demo or a test.';
CREATE INDEX staff_by_facility ON staff (facility, role);
