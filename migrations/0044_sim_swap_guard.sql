-- What slows down who has taken over a number or a PIN.

ALTER TABLE person_phone ADD COLUMN added boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN person_phone.added IS
    'It joined others of hers, or took their place: for a time after linked_at no new PIN goes there.';

ALTER TABLE credential ADD COLUMN in_place boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN credential.in_place IS
    'It was sent in place of one of her own, which counts no more: choosing her own now is a reset.';

CREATE TABLE former_phone (
    person   uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    phone    bytea NOT NULL REFERENCES phone (key),
    ordinal  smallint NOT NULL CHECK (ordinal BETWEEN 1 AND 9),
    number   bytea NOT NULL,
    ended_at timestamptz NOT NULL,
    PRIMARY KEY (person, phone)
);
COMMENT ON TABLE former_phone IS
    'Numbers that no longer lead to her. For a time they are told what happens to her PIN, and can stop it.';
COMMENT ON COLUMN former_phone.number IS 'As it was in person_phone, sealed with her key under the ordinal.';
CREATE INDEX former_phone_by_phone ON former_phone (phone);

CREATE TABLE pin_guard (
    person     uuid PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    reset_at   timestamptz,
    stopped_at timestamptz
);
COMMENT ON TABLE pin_guard IS 'What holds a new PIN back, until a time is over or staff have seen her.';
COMMENT ON COLUMN pin_guard.reset_at IS 'When a PIN that was sent in place of her own was last made her own.';
COMMENT ON COLUMN pin_guard.stopped_at IS 'Since when her PIN opens nothing: somebody at a number of hers said that a change was not hers.';
