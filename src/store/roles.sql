-- The roles of the database and what each may do. Run by the owner after the migrations, as often as one
-- likes. Roles are of the whole server: another database of it, or another run, may have made them.

DO $roles$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['mamacare_app', 'mamacare_api', 'mamacare_report', 'mamacare_backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE', role,
                    CASE role WHEN 'mamacare_api' THEN 'NOLOGIN' ELSE 'LOGIN' END);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                -- Another run was a moment earlier.
                NULL;
            END;
        END IF;
    END LOOP;
    -- A node signs in as the one and is the other on the connections of its API. Whoever migrates may act for
    -- the node, since some functions are to be its own.
    IF NOT pg_has_role('mamacare_app', 'mamacare_api', 'MEMBER') THEN
        GRANT mamacare_api TO mamacare_app;
    END IF;
    IF NOT pg_has_role('mamacare_app', 'MEMBER') THEN
        IF current_setting('server_version_num')::integer >= 160000 THEN
            -- To become it, and not to see what it sees without: the owner too is held.
            EXECUTE 'GRANT mamacare_app TO CURRENT_USER WITH INHERIT FALSE';
        ELSE
            GRANT mamacare_app TO CURRENT_USER;
        END IF;
    END IF;
    -- pg_dump wants all rows or none. Where this may not be given here, a backup is taken with
    -- --enable-row-security, which the policies let see everything.
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
       AND NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = 'mamacare_backup') THEN
        ALTER ROLE mamacare_backup BYPASSRLS;
    END IF;
END
$roles$;

-- Nobody has anything but by what follows.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
DO $database$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO mamacare_app, mamacare_report, mamacare_backup', current_database());
END
$database$;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, mamacare_app, mamacare_api, mamacare_report, mamacare_backup;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, mamacare_app, mamacare_api, mamacare_report, mamacare_backup;
GRANT USAGE ON SCHEMA public TO mamacare_app, mamacare_api, mamacare_report, mamacare_backup;

-- A node: all rows, no structure. What tells of the past is added to and never changed.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO mamacare_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO mamacare_app;
REVOKE UPDATE, DELETE ON access_log, access_link FROM mamacare_app;
REVOKE INSERT, DELETE ON access_head FROM mamacare_app;
-- Who agreed to what can be withdrawn, and neither rewritten nor lost.
REVOKE UPDATE, DELETE ON consent FROM mamacare_app;
GRANT UPDATE (withdrawn_at, withdrawn_channel) ON consent TO mamacare_app;
-- A message's history is added to by a trigger, and goes by age.
REVOKE UPDATE ON outbox_event FROM mamacare_app;
-- What no code of a node takes away. An erased person keeps her row; an account's parts go with it.
REVOKE DELETE ON person, facility, facility_detail, document, menu_version, outbox_spend, reminder_round,
    staff_detail, staff_guard FROM mamacare_app;
-- Districts come with the migrations.
REVOKE INSERT, UPDATE, DELETE ON district FROM mamacare_app;
REVOKE INSERT ON reminder_round FROM mamacare_app;
REVOKE INSERT, UPDATE, DELETE ON _sqlx_migrations FROM mamacare_app;

-- The API: of the same, what its routes need; whose rows, the policies say.
GRANT SELECT, INSERT, UPDATE, DELETE ON child, former_phone, immunisation, mailed_token, medicine, once, person_phone,
    pregnancy, profile, sign_in, staff, visit TO mamacare_api;
GRANT SELECT, INSERT, UPDATE ON appointment, credential, document, facility, facility_detail, opened_record, outbox,
    person, phone, pin_guard, referral, staff_detail, staff_guard TO mamacare_api;
GRANT SELECT, INSERT ON access_log, consent, referral_feedback TO mamacare_api;
GRANT UPDATE (withdrawn_at, withdrawn_channel) ON consent TO mamacare_api;
GRANT SELECT ON district, person_in_care TO mamacare_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO mamacare_api;

-- A backup: reads all, changes nothing.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO mamacare_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO mamacare_backup;

-- Reporting: what is counted, and no column that is sealed (all are bytea), keyed or a hash. A table that
-- is not named here is not seen, so that a new one is closed until somebody opens it.
DO $report$
DECLARE
    opened record;
BEGIN
    FOR opened IN
        SELECT attrelid::regclass AS name, string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns
        FROM pg_attribute
        WHERE attrelid IN (
                SELECT oid FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname = ANY (ARRAY[
                    'district', 'facility', 'person', 'pregnancy', 'appointment', 'visit', 'medicine',
                    'child', 'immunisation', 'consent', 'access_log', 'outbox', 'reminder', 'referral',
                    'sms_inbound', 'staff_task', 'staff', 'menu_version']))
          AND attnum > 0 AND NOT attisdropped
          AND atttypid NOT IN ('bytea'::regtype, 'bytea[]'::regtype)
          AND attname NOT IN ('password_hash', 'cause', 'provider_id', 'words', 'text_mark', 'address')
        GROUP BY attrelid
    LOOP
        EXECUTE format('GRANT SELECT (%s) ON %s TO mamacare_report', opened.columns, opened.name);
    END LOOP;
END
$report$;
