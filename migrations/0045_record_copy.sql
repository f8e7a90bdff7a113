-- Whole records as they are read most often: each as one sealed row, written after the fact.
--
-- A copy counts only while nothing is noted as changed since. Who changes a part of a record notes it in
-- the same transaction, and who copies takes the notes away that its snapshot saw, and no others: so
-- whoever sees a change sees its note, and waits for nobody.

CREATE TABLE record_copy (
    person uuid PRIMARY KEY REFERENCES person (id) ON DELETE CASCADE,
    form   smallint NOT NULL,
    sealed bytea NOT NULL
) WITH (toast_tuple_target = 4080);
COMMENT ON TABLE record_copy IS
    'A whole record, sealed with her key, to be read in one piece. Holds nothing that the parts do not.';
COMMENT ON COLUMN record_copy.form IS 'Version of what is sealed; a program reads copies of its own version alone.';
CREATE INDEX record_copy_by_form ON record_copy (form);

CREATE TABLE record_change (
    person      uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    transaction xid8 NOT NULL,
    PRIMARY KEY (person, transaction)
);
COMMENT ON TABLE record_change IS
    'Whose record has changed since it was copied, or was never copied: one row for each transaction that did it.';
COMMENT ON COLUMN record_change.transaction IS 'So that no two transactions wait for each other over a row.';

-- Both join person: what goes with a person who is deleted is no change to anybody.
CREATE FUNCTION record_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO record_change (person, transaction)
    SELECT DISTINCT person.id, pg_current_xact_id() FROM changed JOIN person ON person.id = changed.person
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE FUNCTION record_person_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO record_change (person, transaction) SELECT id, pg_current_xact_id() FROM changed
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

CREATE FUNCTION record_person_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO record_change (person, transaction)
    SELECT after.id, pg_current_xact_id() FROM after JOIN before USING (id)
    WHERE (after.identity, after.status, after.language, after.home_facility, after.district, after.wording,
           after.created_at, after.updated_at, after.erased_at)
          IS DISTINCT FROM
          (before.identity, before.status, before.language, before.home_facility, before.district, before.wording,
           before.created_at, before.updated_at, before.erased_at)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    part text;
BEGIN
    -- With a consent her record may be kept, and without it there is nothing to be copied.
    FOREACH part IN ARRAY ARRAY['visit', 'pregnancy', 'child', 'medicine', 'appointment', 'consent'] LOOP
        EXECUTE format('CREATE TRIGGER %s_record_added AFTER INSERT ON %1$s
            REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION record_changed()', part);
        EXECUTE format('CREATE TRIGGER %s_record_changed AFTER UPDATE ON %1$s
            REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION record_changed()', part);
        EXECUTE format('CREATE TRIGGER %s_record_removed AFTER DELETE ON %1$s
            REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION record_changed()', part);
    END LOOP;
END
$$;
CREATE TRIGGER person_record_added AFTER INSERT ON person
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION record_person_added();
CREATE TRIGGER person_record_changed AFTER UPDATE ON person
    REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION record_person_changed();

INSERT INTO record_change (person, transaction) SELECT id, pg_current_xact_id() FROM person WHERE erased_at IS NULL;
