-- Row-level security: whose rows the roles of the database see and change. Run with roles.sql, as often as
-- one likes; a policy that is as it should be is left alone, so that no table is locked for it.
--
-- mamacare_app is the service itself: phones, workers, commands. It is bound by nothing, and its queries cost
-- no more than without policies. mamacare_api is what the API's connections are; it sees nothing of a
-- patient but what its transaction's scope opens (src/store/scope.rs), which is said in settings:
--   mamacare.scope     staff, herself, records, code, administrator, country; none: nothing is seen
--   mamacare.account   the account or person that asks
--   mamacare.facility  of staff: theirs
--   mamacare.known, mamacare.charge
--                      patients whom this transaction may read, and one whom it may change. Said for a patient
--                      herself; for others the functions below write here whom they let in last, so that the
--                      many rows of one record cost one look and not one each
--   mamacare.code      of a pharmacy: the digest of the code that it was shown
--   mamacare.now, mamacare.seen_since, mamacare.referred_since
--                      the service's clock, and since when a visit or a referral makes a patient one's own
-- Tables are named with their schema: these functions act as mamacare_app, whatever the caller's search_path.

-- The functions act as the service, and are its own; so do the triggers, or a change by the API would not reach
-- plans and histories that it may not see. Whoever migrates may become the service and needs to have nothing of
-- it by that: what is done to its functions is done as the service.
GRANT CREATE ON SCHEMA public TO mamacare_app;
DO $owners$
DECLARE
    named regprocedure;
BEGIN
    FOR named IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proowner <> 'mamacare_app'::regrole
          AND (proname LIKE 'mamacare\_%' OR proname IN (
              'replan', 'replan_changed', 'replan_person', 'outbox_note_change', 'record_changed',
              'record_person_added', 'record_person_changed'))
    LOOP
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', named);
        EXECUTE format('ALTER FUNCTION %s OWNER TO mamacare_app', named);
    END LOOP;
END
$owners$;
SET LOCAL ROLE mamacare_app;

CREATE OR REPLACE FUNCTION mamacare_changes(patient uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    asker text := current_setting('mamacare.scope', true);
    place integer;
    ignored text;
BEGIN
    IF asker = 'country' THEN RETURN true; END IF;
    IF asker IS DISTINCT FROM 'staff' OR patient IS NULL THEN RETURN false; END IF;
    IF current_setting('mamacare.charge', true) = patient::text THEN RETURN true; END IF;
    place := nullif(current_setting('mamacare.facility', true), '')::integer;
    IF EXISTS (SELECT FROM public.person WHERE id = patient AND home_facility = place)
       OR EXISTS (SELECT FROM public.visit WHERE visit.person = patient AND facility = place
                  AND held_on > nullif(current_setting('mamacare.seen_since', true), '')::date)
       OR EXISTS (SELECT FROM public.appointment WHERE appointment.person = patient AND facility = place
                  AND status = 'booked')
       OR EXISTS (SELECT FROM public.referral WHERE referral.person = patient AND receiver = place
                  AND status <> 'cancelled'
                  AND created_at > nullif(current_setting('mamacare.referred_since', true), '')::timestamptz)
    THEN
        ignored := set_config('mamacare.charge', patient::text, true);
        RETURN true;
    END IF;
    RETURN false;
END
$$;
COMMENT ON FUNCTION mamacare_changes IS 'Whether she is in the care of the facility that asks.';

CREATE OR REPLACE FUNCTION mamacare_reads(patient uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    asker text := current_setting('mamacare.scope', true);
    ignored text;
BEGIN
    IF asker = 'country' THEN RETURN true; END IF;
    IF asker IS DISTINCT FROM 'staff' OR patient IS NULL THEN RETURN false; END IF;
    IF current_setting('mamacare.known', true) = format('{%s}', patient) THEN RETURN true; END IF;
    IF public.mamacare_changes(patient)
       OR EXISTS (SELECT FROM public.opened_record
                  WHERE staff = nullif(current_setting('mamacare.account', true), '')::uuid
                    AND opened_record.person = patient
                    AND until > nullif(current_setting('mamacare.now', true), '')::timestamptz)
    THEN
        ignored := set_config('mamacare.known', format('{%s}', patient), true);
        RETURN true;
    END IF;
    RETURN false;
END
$$;
COMMENT ON FUNCTION mamacare_reads IS 'Whether she is in that care, or who asks opened her record with a reason.';

CREATE OR REPLACE FUNCTION mamacare_meets(patient uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    asker text := current_setting('mamacare.scope', true);
    place integer;
BEGIN
    IF asker = 'code' THEN
        RETURN EXISTS (SELECT FROM public.medicine WHERE medicine.person = patient
                       AND code_key = decode(nullif(current_setting('mamacare.code', true), ''), 'hex'));
    END IF;
    IF public.mamacare_reads(patient) THEN RETURN true; END IF;
    IF asker IS DISTINCT FROM 'staff' THEN RETURN false; END IF;
    place := nullif(current_setting('mamacare.facility', true), '')::integer;
    RETURN EXISTS (SELECT FROM public.referral WHERE referral.person = patient AND place IN (sender, receiver))
        OR EXISTS (SELECT FROM public.appointment WHERE appointment.person = patient AND facility = place);
END
$$;
COMMENT ON FUNCTION mamacare_meets IS
    'Whether she stands in a list of the facility that asks: a referral of old, a visit that was called off.';

-- As it was before there were copies.
DROP FUNCTION IF EXISTS mamacare_open_records(uuid[], uuid[], integer[]);
CREATE OR REPLACE FUNCTION mamacare_open_records(
    patients uuid[], accounts uuid[], places integer[], seen_since date, referred_since timestamptz, wanted smallint,
    moments timestamptz[], actors uuid[], roles text[], facilities integer[], acts text[], objects text[], calls bytea[])
RETURNS TABLE (kept boolean, let_in boolean, wrapped_key bytea, sealed bytea)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    all_let_in uuid[] := '{}';
    line record;
    ignored text;
BEGIN
    IF coalesce(current_setting('mamacare.scope', true), '') NOT IN ('', 'records') THEN RETURN; END IF;
    FOR line IN
        -- One statement, and so one moment for who may read, what there is and whether it still counts.
        WITH asked AS MATERIALIZED (
            SELECT at, patient, moment, actor, role, facility, act, object, call,
                   person.wrapped_key AS her_key, copy.sealed AS copied, person.id IS NOT NULL AS is_kept,
                   person.id IS NOT NULL AND (
                       coalesce(home_facility = place, false)
                       OR EXISTS (SELECT FROM public.visit WHERE visit.person = patient AND visit.facility = place
                                  AND held_on > seen_since)
                       OR EXISTS (SELECT FROM public.appointment WHERE appointment.person = patient
                                  AND appointment.facility = place AND appointment.status = 'booked')
                       OR EXISTS (SELECT FROM public.referral WHERE referral.person = patient AND receiver = place
                                  AND referral.status <> 'cancelled' AND referral.created_at > referred_since)
                       OR CASE WHEN place IS NULL THEN account = patient
                               ELSE EXISTS (SELECT FROM public.opened_record WHERE staff = account
                                            AND opened_record.person = patient AND until > moment) END) AS is_let_in
            FROM unnest(patients, accounts, places, moments, actors, roles, facilities, acts, objects, calls)
                 WITH ORDINALITY AS asking (patient, account, place, moment, actor, role, facility, act, object, call, at)
            LEFT JOIN public.person_in_care AS person ON person.id = patient
            LEFT JOIN public.record_copy AS copy ON copy.person = patient AND copy.form = wanted
                 AND NOT EXISTS (SELECT FROM public.record_change WHERE record_change.person = patient)
        ), written AS (
            INSERT INTO public.access_log
                (at, person, actor_kind, actor, actor_role, facility, act, what, channel, reference)
            SELECT moment, patient, CASE WHEN actor IS NULL THEN 'self' ELSE 'staff' END, actor, role, facility,
                   act, object, 'api', call
            FROM asked WHERE is_let_in AND copied IS NOT NULL
        )
        SELECT * FROM asked ORDER BY at
    LOOP
        kept := line.is_kept;
        let_in := line.is_let_in;
        wrapped_key := CASE WHEN let_in AND line.copied IS NOT NULL THEN line.her_key END;
        sealed := CASE WHEN let_in THEN line.copied END;
        IF let_in THEN all_let_in := all_let_in || line.patient; END IF;
        RETURN NEXT;
    END LOOP;
    ignored := set_config('mamacare.known', all_let_in::text, true);
END
$$;
COMMENT ON FUNCTION mamacare_open_records IS
    'Lets in, line by line, the patients whom an account of a facility may read, or without one who reads her own '
    'record; the others are hidden. Where there is a copy of the wanted form it is given out, and the line is written '
    'to the trail.';

CREATE OR REPLACE FUNCTION mamacare_is_kept(patient uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT EXISTS (SELECT FROM public.person_in_care WHERE id = patient)
$$;
COMMENT ON FUNCTION mamacare_is_kept IS
    'Whether there is such a patient, whoever asks: a professional may open her record, with a reason.';

CREATE OR REPLACE FUNCTION mamacare_free_ordinal(of_phone bytea, most integer) RETURNS smallint
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT free::smallint FROM generate_series(1, most) AS free
    WHERE NOT EXISTS (SELECT FROM public.person_phone WHERE phone = of_phone AND ordinal = free)
    ORDER BY free LIMIT 1
$$;
COMMENT ON FUNCTION mamacare_free_ordinal IS
    'The first free place on a number, whoever the others on it are and whoever asks.';

DO $closed$
DECLARE
    named regprocedure;
BEGIN
    FOR named IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proowner = 'mamacare_app'::regrole
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', named);
    END LOOP;
END
$closed$;
GRANT EXECUTE ON FUNCTION mamacare_changes, mamacare_reads, mamacare_meets, mamacare_open_records,
    mamacare_is_kept, mamacare_free_ordinal TO mamacare_api;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM mamacare_app;

-- What each role sees and changes, table by table.
CREATE TEMPORARY TABLE wanted (relation text, name text, role text, command text, sees text, writes text)
    ON COMMIT DROP;

DO $wanted$
DECLARE
    -- In parentheses with SELECT, each is worked out once in a statement.
    scope CONSTANT text := $e$(SELECT current_setting('mamacare.scope', true))$e$;
    account CONSTANT text := $e$(SELECT nullif(current_setting('mamacare.account', true), '')::uuid)$e$;
    place CONSTANT text := $e$(SELECT nullif(current_setting('mamacare.facility', true), '')::integer)$e$;
    known CONSTANT text := $e$ANY ((SELECT nullif(current_setting('mamacare.known', true), '')::uuid[])::uuid[])$e$;
    charge CONSTANT text := $e$(SELECT nullif(current_setting('mamacare.charge', true), '')::uuid)$e$;
    code CONSTANT text := $e$(SELECT decode(nullif(current_setting('mamacare.code', true), ''), 'hex'))$e$;
    reads CONSTANT text := format('person = %s OR mamacare_reads(person)', known);
    changes CONSTANT text := format('person = %s OR mamacare_changes(person)', charge);
    every CONSTANT text[] := ARRAY['access_log', 'appointment', 'care_hold', 'child', 'consent', 'credential',
        'former_phone', 'immunisation', 'medicine', 'message_stop', 'once', 'opened_record', 'outbox', 'outbox_event', 'person',
        'person_phone', 'phone', 'phone_request', 'pin_guard', 'pregnancy', 'profile', 'record_change', 'record_copy',
        'referral', 'referral_feedback', 'reminder', 'reminder_look', 'sign_in', 'sms_inbound', 'sms_question',
        'staff_task', 'ussd_session', 'visit'];
BEGIN
    INSERT INTO wanted SELECT relation, 'service', 'mamacare_app', 'ALL', 'true', 'true' FROM unnest(every) AS relation;
    INSERT INTO wanted SELECT relation, 'copies', 'mamacare_report, mamacare_backup', 'SELECT', 'true', NULL
        FROM unnest(every) AS relation;
    -- A record and its parts.
    INSERT INTO wanted
        SELECT relation, lower(command), 'mamacare_api', command,
               CASE command WHEN 'INSERT' THEN NULL WHEN 'SELECT' THEN reads ELSE changes END,
               CASE WHEN command IN ('INSERT', 'UPDATE') THEN changes END
        FROM unnest(ARRAY['child', 'credential', 'former_phone', 'immunisation', 'medicine', 'person_phone', 'pin_guard',
                          'pregnancy', 'profile', 'visit', 'appointment']) AS relation,
             unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS command;
    INSERT INTO wanted VALUES
        ('appointment', 'listed', 'mamacare_api', 'SELECT', 'facility = ' || place, NULL),
        ('medicine', 'presented', 'mamacare_api', 'SELECT', 'code_key = ' || code, NULL),
        ('medicine', 'dispensed', 'mamacare_api', 'UPDATE', 'code_key = ' || code, 'code_key = ' || code);
    -- Who she is.
    INSERT INTO wanted VALUES
        ('person', 'select', 'mamacare_api', 'SELECT',
            format('home_facility = %s OR id = %s OR mamacare_meets(id)', place, known), NULL),
        ('person', 'insert', 'mamacare_api', 'INSERT', NULL,
            format('home_facility = %s OR mamacare_changes(id)', place)),
        ('person', 'update', 'mamacare_api', 'UPDATE',
            format('home_facility = %s OR id = %s OR mamacare_changes(id)', place, charge),
            format('home_facility = %s OR id = %s OR mamacare_changes(id)', place, charge)),
        -- Lists ask it of each patient: of those at home here without a call.
        ('consent', 'select', 'mamacare_api', 'SELECT',
            format('person = %s OR EXISTS (SELECT FROM person WHERE person.id = consent.person AND home_facility = %s)
                    OR mamacare_meets(person)', known, place), NULL),
        ('consent', 'insert', 'mamacare_api', 'INSERT', NULL, changes),
        ('consent', 'update', 'mamacare_api', 'UPDATE', changes, changes);
    -- Between facilities.
    INSERT INTO wanted VALUES
        ('referral', 'select', 'mamacare_api', 'SELECT',
            format('sender = %1$s OR receiver = %1$s OR %2$s', place, reads), NULL),
        ('referral', 'insert', 'mamacare_api', 'INSERT', NULL, format('sender = %s AND (%s)', place, changes)),
        ('referral', 'update', 'mamacare_api', 'UPDATE',
            format('sender = %1$s OR receiver = %1$s', place), format('sender = %1$s OR receiver = %1$s', place)),
        ('referral_feedback', 'select', 'mamacare_api', 'SELECT',
            format('facility = %s OR EXISTS (SELECT FROM referral WHERE referral.id = referral_feedback.referral)', place),
            NULL),
        ('referral_feedback', 'insert', 'mamacare_api', 'INSERT', NULL, 'facility = ' || place);
    -- What somebody opened, answers given before, sign-ins, messages, the trail.
    INSERT INTO wanted VALUES
        ('opened_record', 'own', 'mamacare_api', 'ALL', 'staff = ' || account, 'staff = ' || account),
        ('once', 'own', 'mamacare_api', 'ALL', 'actor = ' || account, 'actor = ' || account),
        ('sign_in', 'all', 'mamacare_api', 'ALL', 'person IS NULL OR ' || changes, 'person IS NULL OR ' || changes),
        ('outbox', 'select', 'mamacare_api', 'SELECT', 'person IS NULL OR ' || reads, NULL),
        ('outbox', 'insert', 'mamacare_api', 'INSERT', NULL, 'person IS NULL OR ' || changes),
        ('outbox', 'update', 'mamacare_api', 'UPDATE', changes, changes),
        ('access_log', 'insert', 'mamacare_api', 'INSERT', NULL, 'true'),
        ('access_log', 'select', 'mamacare_api', 'SELECT',
            format($e$%s = 'administrator' OR facility = %s$e$, scope, place), NULL),
        -- Of a number: language, district, counters of tries; nothing of who uses it.
        ('phone', 'all', 'mamacare_api', 'ALL', 'true', 'true');
END
$wanted$;

-- Only what differs is touched: each of these statements waits for everybody who uses the table.
DO $apply$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT format('DROP POLICY %I ON public.%I', polname, relname) AS statement
        FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid
        WHERE relnamespace = 'public'::regnamespace
          AND NOT EXISTS (
              SELECT FROM wanted WHERE relation = relname AND name = polname
                AND md5(wanted::text) = obj_description(pg_policy.oid, 'pg_policy'))
    LOOP
        EXECUTE one.statement;
    END LOOP;
    FOR one IN
        SELECT wanted.*, md5(wanted::text) AS mark FROM wanted
        WHERE NOT EXISTS (SELECT FROM pg_policy WHERE polname = name AND polrelid = format('public.%I', relation)::regclass)
    LOOP
        EXECUTE format('CREATE POLICY %I ON public.%I FOR %s TO %s', one.name, one.relation, one.command, one.role)
            || coalesce(' USING (' || one.sees || ')', '') || coalesce(' WITH CHECK (' || one.writes || ')', '');
        EXECUTE format('COMMENT ON POLICY %I ON public.%I IS %L', one.name, one.relation, one.mark);
    END LOOP;
    FOR one IN
        SELECT DISTINCT relation FROM wanted JOIN pg_class ON pg_class.oid = format('public.%I', relation)::regclass
        WHERE NOT (relrowsecurity AND relforcerowsecurity)
    LOOP
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', one.relation);
    END LOOP;
END
$apply$;
