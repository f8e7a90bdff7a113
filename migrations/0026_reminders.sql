-- The plan of reminders: what was planned for whom, and who was looked at today.

CREATE TABLE reminder (
    person     uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    rule       text NOT NULL CHECK (rule ~ '^[A-Za-z][A-Za-z0-9_]{0,15}$'),
    step       smallint NOT NULL CHECK (step BETWEEN 0 AND 99),
    subject    integer NOT NULL,
    due_on     date NOT NULL,
    revision   smallint NOT NULL DEFAULT 0,
    programme  text NOT NULL CHECK (programme IN ('visits', 'advice', 'child', 'medicine')),
    state      text NOT NULL CHECK (state IN ('queued', 'gone', 'lapsed', 'listed')),
    send_on    date NOT NULL,
    message    bigint,
    planned_at timestamptz NOT NULL,
    PRIMARY KEY (person, rule, step, subject, due_on),
    CHECK ((state = 'listed') = (message IS NULL))
);
COMMENT ON TABLE reminder IS
    'Reminders that were planned, one row each of the schedule, a person and a day: the same never goes twice.';
COMMENT ON COLUMN reminder.subject IS 'Number of her row that it is about: a visit, a child, a supply; 0 where there is none.';
COMMENT ON COLUMN reminder.state IS
    'queued: in the outbox; gone: left it for good; lapsed: taken back or too late, it may be planned again; '
    'listed: on the list of staff.';
COMMENT ON COLUMN reminder.message IS 'Row of the outbox, which may have been tidied away since.';
CREATE INDEX reminder_queued ON reminder (message) WHERE state = 'queued';
CREATE INDEX reminder_by_age ON reminder (send_on);

CREATE TABLE reminder_look (
    person    uuid PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    looked_on date
) WITH (fillfactor = 70);
COMMENT ON TABLE reminder_look IS
    'For whom the plan of a day was made; a planner holds the row of whom it plans for. A change of what it follows from takes the day away, and she '
    'is looked at again.';

CREATE TABLE reminder_round (
    id      smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    next_at timestamptz NOT NULL
);
COMMENT ON TABLE reminder_round IS 'When the next round of planning is due; the node that moves it makes the round.';
INSERT INTO reminder_round (next_at) VALUES ('-infinity');

-- What a plan follows from has changed: what is queued for these people is taken back, and they are
-- looked at again. In the transaction of the change, whoever makes it.
--
-- A planner holds her row of reminder_look from before it reads until it commits. So this waits for it
-- first, and then sees what it queued.
CREATE FUNCTION replan(people uuid[], at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM reminder_look WHERE person = ANY (people) ORDER BY person FOR UPDATE;
    UPDATE reminder_look SET looked_on = NULL WHERE person = ANY (people) AND looked_on IS NOT NULL;
    WITH back AS (
        UPDATE outbox SET state = 'cancelled', body = NULL, changed_at = greatest(at, changed_at)
        WHERE person = ANY (people) AND kind = 'reminder' AND state = 'queued'
        RETURNING id
    )
    UPDATE reminder SET state = 'lapsed' FROM back WHERE reminder.message = back.id AND state = 'queued';
END
$$;

CREATE FUNCTION replan_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    people uuid[];
BEGIN
    SELECT array_agg(DISTINCT changed.person) INTO people
    FROM changed JOIN reminder_look ON reminder_look.person = changed.person;
    IF people IS NOT NULL THEN
        PERFORM replan(people, statement_timestamp());
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION replan_person() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    people uuid[];
BEGIN
    SELECT array_agg(after.id) INTO people
    FROM after JOIN before USING (id) JOIN reminder_look ON reminder_look.person = after.id
    WHERE (after.language, after.wording, after.district, after.home_facility, after.erased_at)
          IS DISTINCT FROM
          (before.language, before.wording, before.district, before.home_facility, before.erased_at);
    IF people IS NOT NULL THEN
        PERFORM replan(people, statement_timestamp());
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER pregnancy_added AFTER INSERT ON pregnancy
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER pregnancy_changed AFTER UPDATE ON pregnancy
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER appointment_added AFTER INSERT ON appointment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER appointment_changed AFTER UPDATE ON appointment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER visit_added AFTER INSERT ON visit
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER visit_changed AFTER UPDATE ON visit
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER medicine_added AFTER INSERT ON medicine
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER medicine_changed AFTER UPDATE ON medicine
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER child_added AFTER INSERT ON child
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER child_changed AFTER UPDATE ON child
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER immunisation_added AFTER INSERT ON immunisation
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER immunisation_taken_back AFTER DELETE ON immunisation
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER consent_given AFTER INSERT ON consent
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER consent_changed AFTER UPDATE ON consent
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER number_linked AFTER INSERT ON person_phone
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER number_unlinked AFTER DELETE ON person_phone
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION replan_changed();
CREATE TRIGGER person_changed AFTER UPDATE ON person
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION replan_person();

-- What a round of planning looks for by day.
CREATE INDEX visit_antenatal_by_day ON visit (held_on, person) WHERE kind = 'antenatal';
CREATE INDEX appointment_missed_by_day ON appointment (starts_on, person) WHERE status = 'missed';
CREATE INDEX immunisation_by_day ON immunisation (given_on, person);
CREATE INDEX person_by_joining ON person (created_at) WHERE NOT synthetic;
