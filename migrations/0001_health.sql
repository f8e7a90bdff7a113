-- The health record, who may open it, and what leaves by SMS.
--
-- What is sealed: names, phone numbers, birth dates, medical values and message bodies are bytea
-- columns that hold AEAD ciphertext bound to (table, column, row). A row that belongs to a person
-- is sealed with her own data key, which person.wrapped_key holds wrapped by the master key: with
-- that column gone, everything of hers is noise. What planners and directories must compare stays
-- clear: ids, days, states, facilities. Codes of diagnoses and medicines never do.
--
-- Rows of a person are keyed (person, number): the number is hers alone, counts from 1, and is
-- short enough for the session of a basic phone.
--
-- No time has a default: every time comes from the one clock of the program.

-- The country ------------------------------------------------------------------------------------

CREATE TABLE district (
    id                text PRIMARY KEY CHECK (id ~ '^[a-z]+(-[a-z]+)*$' AND char_length(id) <= 18),
    name              text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 18),
    region            text NOT NULL CHECK (char_length(region) BETWEEN 1 AND 12),
    referral_facility integer
);
COMMENT ON TABLE district IS 'The districts of the country.';
COMMENT ON COLUMN district.referral_facility IS
    'The hospital with maternity services that serves it; in another district where it has none.';

CREATE TABLE facility (
    id         integer PRIMARY KEY CHECK (id BETWEEN 1 AND 99999),
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 40),
    town       text NOT NULL CHECK (char_length(town) BETWEEN 1 AND 20),
    district   text NOT NULL REFERENCES district (id),
    kind       text NOT NULL CHECK (kind IN ('hospital', 'chc', 'chp', 'mchp', 'clinic', 'pharmacy')),
    status     text NOT NULL DEFAULT 'listed' CHECK (status IN ('pending', 'listed', 'closed')),
    phone      text CHECK (phone ~ '^0[0-9]{2} [0-9]{6}$'),
    address    text CHECK (char_length(address) BETWEEN 1 AND 40),
    all_day    boolean NOT NULL DEFAULT false,
    services   text[] NOT NULL DEFAULT '{}' CHECK (
        services <@ ARRAY['maternity', 'blood', 'ambulance', 'newborn', 'surgery', 'vaccines', 'hiv']),
    latitude   double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude  double precision CHECK (longitude BETWEEN -180 AND 180),
    synthetic  boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL,
    CHECK ((latitude IS NULL) = (longitude IS NULL)),
    CHECK (kind <> 'pharmacy' OR services = '{}')
);
COMMENT ON TABLE facility IS
    'Hospitals, health centres and pharmacies. Public facts: nothing here is sealed. Nodes keep all '
    'listed rows in memory and read them again when the channel "directory" says so.';
COMMENT ON COLUMN facility.phone IS 'As people say it: 076 000000.';
COMMENT ON COLUMN facility.synthetic IS 'Invented for a demo or a test.';
CREATE INDEX facility_by_district ON facility (district);

ALTER TABLE district ADD FOREIGN KEY (referral_facility) REFERENCES facility (id) ON DELETE SET NULL;

CREATE FUNCTION tell_directory() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('directory', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER facility_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON facility
    FOR EACH STATEMENT EXECUTE FUNCTION tell_directory();
CREATE TRIGGER district_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON district
    FOR EACH STATEMENT EXECUTE FUNCTION tell_directory();

-- People and phones ------------------------------------------------------------------------------

CREATE TABLE phone (
    key              bytea PRIMARY KEY CHECK (octet_length(key) = 16),
    language         text CHECK (language ~ '^[a-z]{2,3}$'),
    district         text REFERENCES district (id) ON DELETE SET NULL,
    stopped_at       timestamptz,
    pin_attempts     bigint[] NOT NULL DEFAULT '{}',
    pin_locks        smallint NOT NULL DEFAULT 0 CHECK (pin_locks >= 0),
    pin_locked_until timestamptz
);
COMMENT ON TABLE phone IS
    'What is known about a number. Its key is an HMAC of the number; the number is not here.';
COMMENT ON COLUMN phone.stopped_at IS 'Since when no message goes there but a PIN that was asked for.';
COMMENT ON COLUMN phone.pin_attempts IS
    'Keyed digests of the PIN tries since the last right one: their count is the count of tries, and '
    'a try that is repeated finds itself here and counts once.';
COMMENT ON COLUMN phone.pin_locks IS 'Locks since the last right PIN; each is longer.';

CREATE TABLE person (
    id            uuid PRIMARY KEY,
    wrapped_key   bytea CHECK (octet_length(wrapped_key) BETWEEN 33 AND 128),
    identity      bytea,
    status        text NOT NULL CHECK (status IN ('self_registered', 'verified')),
    language      text NOT NULL CHECK (language ~ '^[a-z]{2,3}$'),
    home_facility integer REFERENCES facility (id),
    district      text REFERENCES district (id),
    greet_by_name boolean NOT NULL DEFAULT false,
    wording       text NOT NULL DEFAULT 'covert' CHECK (wording IN ('open', 'covert')),
    synthetic     boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    erased_at     timestamptz,
    CHECK ((erased_at IS NOT NULL) = (wrapped_key IS NULL)),
    CHECK ((erased_at IS NOT NULL) = (identity IS NULL))
);
COMMENT ON TABLE person IS 'A woman in care.';
COMMENT ON COLUMN person.wrapped_key IS 'Her data key, wrapped by the master key; gone when she is erased.';
COMMENT ON COLUMN person.identity IS 'Sealed: names and birth date.';
COMMENT ON COLUMN person.wording IS 'Whether her messages may say what they are about.';
COMMENT ON COLUMN person.synthetic IS 'Invented for a demo or a test.';
CREATE INDEX person_by_home ON person (home_facility, id);
CREATE INDEX person_to_verify ON person (district, created_at) WHERE status = 'self_registered';

CREATE TABLE person_phone (
    phone     bytea NOT NULL REFERENCES phone (key),
    ordinal   smallint NOT NULL CHECK (ordinal BETWEEN 1 AND 9),
    person    uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    number    bytea NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (phone, ordinal),
    UNIQUE (person, phone)
);
COMMENT ON TABLE person_phone IS 'Who uses which number; up to nine people share one.';
COMMENT ON COLUMN person_phone.number IS 'Sealed with her key: the number itself, in E.164.';

CREATE TABLE credential (
    person           uuid PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    hash             text NOT NULL CHECK (hash LIKE '$argon2id$%'),
    must_change      boolean NOT NULL,
    expires_at       timestamptz,
    pending_hash     text CHECK (pending_hash LIKE '$argon2id$%'),
    pending_session  bytea CHECK (octet_length(pending_session) = 16),
    pin_attempts     bigint[] NOT NULL DEFAULT '{}',
    pin_locks        smallint NOT NULL DEFAULT 0 CHECK (pin_locks >= 0),
    pin_locked_until timestamptz,
    changed_at       timestamptz NOT NULL,
    CHECK ((pending_hash IS NULL) = (pending_session IS NULL)),
    CHECK (must_change OR expires_at IS NULL)
);
COMMENT ON TABLE credential IS
    'Her one PIN: argon2id over an HMAC with a pepper that is not in the database.';
COMMENT ON COLUMN credential.must_change IS 'It was sent by us: good for choosing her own and nothing else.';
COMMENT ON COLUMN credential.pending_hash IS 'The PIN that she proposed in pending_session, until she types it again.';
COMMENT ON COLUMN credential.pin_attempts IS 'As phone.pin_attempts, for this person over all doors.';

CREATE TABLE phone_request (
    phone bytea NOT NULL REFERENCES phone (key) ON DELETE CASCADE,
    kind  text NOT NULL CHECK (kind IN ('recover_pin', 'send_clinic', 'register')),
    cause bytea NOT NULL CHECK (octet_length(cause) BETWEEN 1 AND 32),
    at    timestamptz NOT NULL,
    PRIMARY KEY (phone, kind, cause)
);
COMMENT ON TABLE phone_request IS
    'What a number asked for within the last day, for the limits on it. The cause is the turn that '
    'asked, so that a repeated turn counts once.';

-- Care -------------------------------------------------------------------------------------------

CREATE TABLE pregnancy (
    person     uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    number     smallint NOT NULL CHECK (number >= 1),
    status     text NOT NULL CHECK (status IN ('active', 'ended')),
    due_on     date,
    dated_by   text NOT NULL CHECK (dated_by IN ('transfer', 'lmp', 'scan', 'fundal_height', 'reckoned', 'unknown')),
    precision  text NOT NULL CHECK (precision IN ('day', 'week', 'month', 'unknown')),
    note       bytea,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ended_on   date,
    PRIMARY KEY (person, number),
    CHECK ((status = 'ended') = (ended_on IS NOT NULL)),
    CHECK ((due_on IS NULL) = (precision = 'unknown')),
    CHECK ((due_on IS NULL) = (dated_by = 'unknown'))
);
COMMENT ON TABLE pregnancy IS 'Her pregnancies. How one ended is sealed; that it ended is not, since plans stop at it.';
COMMENT ON COLUMN pregnancy.note IS 'Sealed: count of children expected, outcome, remarks.';
CREATE UNIQUE INDEX pregnancy_one_active ON pregnancy (person) WHERE status = 'active';
CREATE INDEX pregnancy_by_due ON pregnancy (due_on, person) WHERE status = 'active';

CREATE TABLE appointment (
    person     uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    number     integer NOT NULL CHECK (number BETWEEN 1 AND 99999),
    facility   integer NOT NULL REFERENCES facility (id),
    starts_on  date NOT NULL,
    starts_at  time(0),
    purpose    text NOT NULL CHECK (purpose IN ('antenatal', 'postnatal', 'vaccination', 'growth',
                                                'family_planning', 'medicine', 'review', 'other')),
    status     text NOT NULL CHECK (status IN ('booked', 'kept', 'missed', 'cancelled')),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person, number)
);
COMMENT ON TABLE appointment IS 'Booked visits and what became of them. A moved one has its new day here.';
COMMENT ON COLUMN appointment.starts_at IS 'Time of day in Africa/Freetown, where one was given.';
CREATE INDEX appointment_next ON appointment (person, starts_on) WHERE status = 'booked';
CREATE INDEX appointment_by_day ON appointment (starts_on, person) WHERE status = 'booked';
CREATE INDEX appointment_by_facility ON appointment (facility, starts_on);

CREATE TABLE visit (
    person     uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    number     integer NOT NULL CHECK (number BETWEEN 1 AND 99999),
    facility   integer NOT NULL REFERENCES facility (id),
    held_on    date NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('antenatal', 'birth', 'postnatal', 'vaccination', 'illness', 'other')),
    note       bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person, number)
);
COMMENT ON TABLE visit IS 'What took place at a facility.';
COMMENT ON COLUMN visit.note IS 'Sealed: diagnoses, treatment, measurements.';
CREATE INDEX visit_newest ON visit (person, held_on DESC, number DESC);
CREATE INDEX visit_by_facility ON visit (facility, held_on);

CREATE TABLE medicine (
    person     uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    number     integer NOT NULL CHECK (number BETWEEN 1 AND 99999),
    facility   integer REFERENCES facility (id),
    started_on date NOT NULL,
    until_on   date NOT NULL,
    stopped_on date,
    note       bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person, number),
    CHECK (until_on >= started_on)
);
COMMENT ON TABLE medicine IS 'Supplies of medicine given to her.';
COMMENT ON COLUMN medicine.until_on IS 'Last day that the supply lasts; refills are planned by it.';
COMMENT ON COLUMN medicine.note IS 'Sealed: medicine and dose.';
CREATE INDEX medicine_by_end ON medicine (until_on, person) WHERE stopped_on IS NULL;

CREATE TABLE child (
    person     uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    number     smallint NOT NULL CHECK (number >= 1),
    born_on    date NOT NULL,
    status     text NOT NULL DEFAULT 'living' CHECK (status IN ('living', 'closed')),
    note       bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person, number)
);
COMMENT ON TABLE child IS 'Her children, as far as they are followed here. Why one is closed is sealed.';
COMMENT ON COLUMN child.note IS 'Sealed: first name, sex, birth weight, why closed.';
CREATE INDEX child_by_birth ON child (born_on, person) WHERE status = 'living';

CREATE TABLE immunisation (
    person     uuid NOT NULL,
    child      smallint NOT NULL,
    dose       text NOT NULL CHECK (dose ~ '^[A-Za-z0-9]{2,12}$'),
    given_on   date NOT NULL,
    facility   integer REFERENCES facility (id),
    PRIMARY KEY (person, child, dose),
    FOREIGN KEY (person, child) REFERENCES child (person, number) ON DELETE CASCADE
);
COMMENT ON TABLE immunisation IS 'Doses given to a child, by the codes of the vaccine schedule (Penta1).';

-- Consent and audit ------------------------------------------------------------------------------

CREATE TABLE consent (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person            uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    purpose           text NOT NULL CHECK (purpose IN ('care', 'reminders', 'sharing', 'sharing_outside', 'research')),
    given_at          timestamptz NOT NULL,
    given_channel     text NOT NULL CHECK (given_channel ~ '^[a-z0-9_]{1,32}$'),
    text_version      text NOT NULL CHECK (char_length(text_version) BETWEEN 1 AND 64),
    language          text NOT NULL CHECK (language ~ '^[a-z]{2,3}$'),
    withdrawn_at      timestamptz,
    withdrawn_channel text CHECK (withdrawn_channel ~ '^[a-z0-9_]{1,32}$'),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_channel IS NULL)),
    CHECK (withdrawn_at >= given_at)
);
COMMENT ON TABLE consent IS 'What she agreed to, with which text, and when she no longer did. Rows stay.';
CREATE INDEX consent_by_person ON consent (person, purpose, id DESC);
CREATE UNIQUE INDEX consent_live ON consent (person, purpose) WHERE withdrawn_at IS NULL;

CREATE VIEW person_in_care AS
    SELECT person.* FROM person
    WHERE erased_at IS NULL
      AND EXISTS (SELECT FROM consent
                  WHERE consent.person = person.id AND purpose = 'care' AND withdrawn_at IS NULL);
COMMENT ON VIEW person_in_care IS
    'People whose record may be read: those who agree that it is kept. Every query of care reads '
    'through it, so that a withdrawal counts at once, whatever a session remembers.';

CREATE TABLE access_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    person     uuid,
    actor_kind text NOT NULL CHECK (actor_kind IN ('self', 'staff', 'partner', 'system')),
    actor      uuid,
    actor_role text CHECK (actor_role ~ '^[a-z_]{1,32}$'),
    facility   integer REFERENCES facility (id),
    act        text NOT NULL CHECK (act IN ('read', 'change', 'sign_in', 'sign_in_failed', 'export', 'erase', 'grant')),
    what       text NOT NULL CHECK (what ~ '^[a-z_]{1,32}$'),
    channel    text NOT NULL CHECK (channel ~ '^[a-z0-9_]{1,32}$'),
    reference  bytea CHECK (octet_length(reference) <= 32),
    reason     bytea
);
COMMENT ON TABLE access_log IS
    'Who read or changed what, of whom, when, through which door. Rows are only ever added. It '
    'names people by id alone, so that it can outlive an erased person.';
COMMENT ON COLUMN access_log.reference IS 'Key of the session or request.';
COMMENT ON COLUMN access_log.reason IS 'Sealed: why a record was opened outside of ordinary care.';
CREATE INDEX access_log_by_others ON access_log (person, id) WHERE actor_kind <> 'self';
CREATE INDEX access_log_by_self ON access_log (person, id) WHERE actor_kind = 'self';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER access_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Messages ---------------------------------------------------------------------------------------

CREATE TABLE outbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause       text NOT NULL UNIQUE CHECK (char_length(cause) BETWEEN 1 AND 128),
    kind        text NOT NULL CHECK (kind ~ '^[a-z_]{1,32}$'),
    medium      text NOT NULL DEFAULT 'sms' CHECK (medium IN ('sms', 'email')),
    priority    smallint NOT NULL CHECK (priority BETWEEN 0 AND 9),
    state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'delivered',
                                                               'failed', 'expired', 'cancelled', 'unknown')),
    person      uuid REFERENCES person (id) ON DELETE CASCADE,
    phone       bytea CHECK (octet_length(phone) = 16),
    language    text NOT NULL CHECK (language ~ '^[a-z]{2,3}$'),
    recipient   bytea,
    body        bytea,
    segments    smallint NOT NULL CHECK (segments BETWEEN 1 AND 255),
    not_before  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    attempts    smallint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    lease_owner uuid,
    provider    text CHECK (provider ~ '^[a-z0-9_]{1,32}$'),
    provider_id text CHECK (char_length(provider_id) <= 128),
    created_at  timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    CHECK (expires_at > not_before),
    CHECK (medium <> 'sms' OR phone IS NOT NULL),
    CHECK (state NOT IN ('queued', 'sending') OR (recipient IS NOT NULL AND body IS NOT NULL)),
    CHECK ((state = 'sending') = (lease_until IS NOT NULL))
);
COMMENT ON TABLE outbox IS
    'Messages, written with their cause in one transaction; the same cause never makes two.';
COMMENT ON COLUMN outbox.cause IS 'Idempotency key.';
COMMENT ON COLUMN outbox.priority IS '0 is the most urgent: a PIN.';
COMMENT ON COLUMN outbox.recipient IS
    'Sealed, with the key of person where there is one, else with the service''s own.';
COMMENT ON COLUMN outbox.body IS 'Sealed as recipient; wiped when the message has left.';
COMMENT ON COLUMN outbox.not_before IS 'When it may go; a retry moves it.';
CREATE INDEX outbox_to_send ON outbox (priority, not_before, id) WHERE state = 'queued';
CREATE INDEX outbox_leased ON outbox (lease_until) WHERE state = 'sending';
CREATE INDEX outbox_by_person ON outbox (person, kind) WHERE person IS NOT NULL;
CREATE INDEX outbox_by_phone ON outbox (phone, created_at);
CREATE UNIQUE INDEX outbox_by_receipt ON outbox (provider, provider_id) WHERE provider_id IS NOT NULL;
