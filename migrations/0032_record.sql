-- What staff add to the record through the API: particulars, the words of a visit as written,
-- prescriptions with a code, referrals and their answers, and records opened with a reason.

CREATE TABLE profile (
    person     uuid PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    detail     bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE profile IS 'Particulars of a woman beside her name: contact, address, allergies, birth plan.';
COMMENT ON COLUMN profile.detail IS 'Sealed with her key.';

ALTER TABLE visit ADD COLUMN words bytea;
ALTER TABLE visit ADD COLUMN author uuid;
COMMENT ON COLUMN visit.words IS 'Sealed: diagnosis, medicine and clinician in free words.';
COMMENT ON COLUMN visit.author IS 'Who wrote it last.';

ALTER TABLE medicine ADD COLUMN author uuid;
ALTER TABLE medicine ADD COLUMN code_key bytea UNIQUE CHECK (octet_length(code_key) = 32);
ALTER TABLE medicine ADD COLUMN prescribed boolean NOT NULL DEFAULT false;
ALTER TABLE medicine ADD COLUMN dispensed_at timestamptz;
ALTER TABLE medicine ADD COLUMN dispensed_by uuid;
COMMENT ON COLUMN medicine.code_key IS 'Keyed digest of the code that she shows at a pharmacy.';
COMMENT ON COLUMN medicine.prescribed IS 'Written by a clinician, to be given out by a pharmacy.';

ALTER TABLE child ADD COLUMN words bytea;
COMMENT ON COLUMN child.words IS 'Sealed: how and where the child was born, remarks.';

CREATE TABLE referral (
    person     uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    number     integer NOT NULL CHECK (number BETWEEN 1 AND 99999),
    id         uuid NOT NULL UNIQUE,
    sender     integer NOT NULL REFERENCES facility (id),
    receiver   integer NOT NULL REFERENCES facility (id),
    author     uuid NOT NULL,
    urgency    text NOT NULL CHECK (urgency IN ('routine', 'urgent', 'emergency')),
    status     text NOT NULL CHECK (status IN ('sent', 'received', 'answered', 'cancelled')),
    reason     bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person, number),
    CHECK (sender <> receiver)
);
COMMENT ON TABLE referral IS 'A patient sent on to another facility, which may read her record from then on.';
COMMENT ON COLUMN referral.reason IS 'Sealed with her key.';
CREATE INDEX referral_by_sender ON referral (sender, created_at DESC, id);
CREATE INDEX referral_by_receiver ON referral (receiver, created_at DESC, id);

CREATE TABLE referral_feedback (
    id         uuid PRIMARY KEY,
    referral   uuid REFERENCES referral (id) ON DELETE CASCADE,
    person     uuid REFERENCES person (id) ON DELETE CASCADE,
    facility   integer REFERENCES facility (id),
    author     uuid NOT NULL,
    detail     bytea NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE referral_feedback IS 'What the receiving facility tells about a patient who was sent to it.';
COMMENT ON COLUMN referral_feedback.detail IS 'Sealed with the service''s key, since some name a patient who has no row here.';
CREATE INDEX referral_feedback_by_facility ON referral_feedback (facility, created_at DESC, id);
CREATE INDEX referral_feedback_by_referral ON referral_feedback (referral, created_at);

CREATE TABLE opened_record (
    staff      uuid NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
    person     uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    until      timestamptz NOT NULL,
    PRIMARY KEY (staff, person)
);
COMMENT ON TABLE opened_record IS
    'Records of another facility that somebody opened with a reason, which stands in access_log, and until when.';

-- Lists and their orders.
CREATE INDEX access_log_by_actor ON access_log (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX access_log_by_facility ON access_log (facility, id) WHERE facility IS NOT NULL;
CREATE INDEX visit_at_facility_of_person ON visit (person, facility, held_on);
CREATE INDEX outbox_of_person ON outbox (person, id) WHERE person IS NOT NULL;
CREATE INDEX person_by_home_since ON person (home_facility, created_at DESC, id DESC);
