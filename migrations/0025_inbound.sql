-- What people send by SMS, what it asked for, and what staff are to do about it.
--
-- Sealed as elsewhere: senders, texts, what a question was about and how it was answered, why staff
-- are to call. What must be looked for stays clear: keys of numbers, times, whether it is done.

CREATE TABLE sms_inbound (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery    bytea NOT NULL UNIQUE CHECK (octet_length(delivery) = 16),
    provider    text NOT NULL CHECK (provider ~ '^[a-z0-9_]{1,32}$'),
    phone       bytea CHECK (octet_length(phone) = 16),
    sender      bytea NOT NULL,
    body        bytea NOT NULL,
    text_mark   bigint NOT NULL,
    keyword     text CHECK (keyword ~ '^[a-z]{1,16}$'),
    outcome     text NOT NULL CHECK (outcome IN ('done', 'desk', 'cut')),
    answer      text CHECK (answer IN ('asked', 'automatic')),
    sent_at     timestamptz,
    received_at timestamptz NOT NULL
);
COMMENT ON TABLE sms_inbound IS 'SMS that came in, each once, however often its provider delivered it.';
COMMENT ON COLUMN sms_inbound.delivery IS 'Keyed digest of the provider and its id of the message.';
COMMENT ON COLUMN sms_inbound.phone IS 'The number, as phone.key; none where no number of the country sent it.';
COMMENT ON COLUMN sms_inbound.sender IS 'Sealed with the service''s key.';
COMMENT ON COLUMN sms_inbound.body IS 'Sealed with the service''s key.';
COMMENT ON COLUMN sms_inbound.text_mark IS 'Keyed digest of the words: the same text again and again is a robot.';
COMMENT ON COLUMN sms_inbound.outcome IS
    'done: what it asked for; desk: staff read it; cut: from a robot, or far too many.';
COMMENT ON COLUMN sms_inbound.answer IS
    'What it was answered with: what it asked for, or the words that anybody gets whom staff will answer.';
CREATE INDEX sms_inbound_by_phone ON sms_inbound (phone, received_at DESC);

CREATE TABLE sms_question (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    phone       bytea NOT NULL CHECK (octet_length(phone) = 16),
    person      uuid REFERENCES person (id) ON DELETE CASCADE,
    about       bytea NOT NULL,
    cause       text NOT NULL UNIQUE CHECK (char_length(cause) BETWEEN 1 AND 128),
    asked_at    timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    answer      bytea,
    inbound     bigint REFERENCES sms_inbound (id),
    closed_at   timestamptz,
    CHECK (expires_at > asked_at),
    CHECK ((answer IS NULL) = (inbound IS NULL)),
    CHECK (answer IS NULL OR closed_at IS NOT NULL)
);
COMMENT ON TABLE sms_question IS
    'Questions asked by SMS. A YES or NO is kept with the one that it answers, never with another.';
COMMENT ON COLUMN sms_question.about IS 'Sealed with the service''s key: what was asked, and about which row.';
COMMENT ON COLUMN sms_question.cause IS 'Cause of the message that asked, in the outbox.';
COMMENT ON COLUMN sms_question.answer IS 'Sealed with the service''s key.';
COMMENT ON COLUMN sms_question.closed_at IS 'Since when no answer is taken: it came, or the question no longer stands.';
CREATE INDEX sms_question_open ON sms_question (phone, asked_at DESC) WHERE closed_at IS NULL;
CREATE INDEX sms_question_by_person ON sms_question (person) WHERE person IS NOT NULL;

CREATE TABLE message_stop (
    phone      bytea NOT NULL REFERENCES phone (key) ON DELETE CASCADE,
    programme  text NOT NULL CHECK (programme IN ('visits', 'advice', 'child', 'medicine')),
    stopped_at timestamptz NOT NULL,
    PRIMARY KEY (phone, programme)
);
COMMENT ON TABLE message_stop IS 'Kinds of messages that a number no longer wants; phone.stopped_at stops all.';

CREATE TABLE care_hold (
    person      uuid PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    since       timestamptz NOT NULL,
    quiet_until timestamptz NOT NULL,
    confirmed   boolean NOT NULL,
    lifted_at   timestamptz,
    CHECK (quiet_until >= since),
    CHECK (lifted_at >= since)
);
COMMENT ON TABLE care_hold IS
    'For whom nothing is planned until a day, and after it nothing about a pregnancy or a child until '
    'staff lift it. Why stands in the task of staff, sealed.';
COMMENT ON COLUMN care_hold.confirmed IS 'Whether it lasts beyond quiet_until.';
COMMENT ON COLUMN care_hold.lifted_at IS 'Since when plans are made again; what was due before is not sent.';

CREATE TABLE staff_task (
    id        uuid PRIMARY KEY,
    cause     text NOT NULL UNIQUE CHECK (char_length(cause) BETWEEN 1 AND 128),
    kind      text NOT NULL CHECK (kind IN ('message', 'call', 'visit', 'birth', 'unreachable')),
    urgent    boolean NOT NULL,
    person    uuid REFERENCES person (id) ON DELETE CASCADE,
    phone     bytea CHECK (octet_length(phone) = 16),
    facility  integer REFERENCES facility (id),
    inbound   bigint REFERENCES sms_inbound (id),
    note      bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    due_at    timestamptz NOT NULL,
    taken_by  uuid,
    taken_at  timestamptz,
    done_by   uuid,
    done_at   timestamptz,
    result    bytea,
    CHECK ((taken_by IS NULL) = (taken_at IS NULL)),
    CHECK (result IS NULL OR done_at IS NOT NULL)
);
COMMENT ON TABLE staff_task IS 'What staff are to do: read a message, call somebody, look after a missed visit.';
COMMENT ON COLUMN staff_task.cause IS 'What opened it; the same cause opens no second.';
COMMENT ON COLUMN staff_task.facility IS 'Whose staff; none: whoever minds the help desk.';
COMMENT ON COLUMN staff_task.note IS 'Sealed with the service''s key: why, and what is known.';
COMMENT ON COLUMN staff_task.result IS 'Sealed with the service''s key: what came of it.';
CREATE INDEX staff_task_open ON staff_task (facility, urgent DESC, due_at) WHERE done_at IS NULL;
CREATE INDEX staff_task_by_person ON staff_task (person) WHERE person IS NOT NULL;
