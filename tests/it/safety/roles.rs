//! What each role of the database can do, tried by connecting as it.

use std::process::Command;

use mamacare::store::MIGRATOR;
use mamacare::store::roles::{self, APPLICATION, BACKUP, REPORTING};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::harness::TestDatabase;

async fn connect(database: &TestDatabase, role: &str) -> PgConnection {
    let mut connection = PgConnection::connect(&database.url_as(role)).await.unwrap();
    let found: String =
        sqlx::query_scalar("SELECT session_user::text").fetch_one(&mut connection).await.unwrap();
    assert_eq!(found, role);
    connection
}

/// Whether the role is let, and if not, that it is for want of a right.
async fn may(connection: &mut PgConnection, statement: &str) -> bool {
    match sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await {
        Ok(_) => true,
        Err(sqlx::Error::Database(error)) => {
            assert_eq!(error.code().as_deref(), Some("42501"), "{statement}: {error}");
            false
        }
        Err(error) => panic!("{statement}: {error}"),
    }
}

const LINE: &str = "INSERT INTO access_log (at, actor_kind, act, what, channel)
                    VALUES (now(), 'system', 'read', 'visits', 'test')";

#[tokio::test]
async fn a_node_adds_to_the_trail_and_can_neither_change_it_nor_the_tables() {
    let database = TestDatabase::new().await;
    let mut node = connect(&database, APPLICATION).await;
    assert!(may(&mut node, LINE).await);
    for refused in [
        "UPDATE access_log SET what = 'pin'",
        "DELETE FROM access_log",
        "TRUNCATE access_log",
        "UPDATE access_link SET line = 1",
        "DELETE FROM access_link",
        "DELETE FROM access_head",
        "DELETE FROM consent",
        "UPDATE consent SET given_at = now()",
        "UPDATE consent SET person = person",
        "DELETE FROM person",
        "DELETE FROM facility",
        "DELETE FROM menu_version",
        "DELETE FROM outbox_spend",
        "DELETE FROM staff_guard",
        "UPDATE outbox_event SET words = NULL",
        "UPDATE district SET name = 'x'",
        "DELETE FROM _sqlx_migrations",
        "CREATE TABLE loot (name text)",
        "ALTER TABLE access_log DISABLE TRIGGER ALL",
        "ALTER TABLE person ADD COLUMN name text",
        "DROP TABLE access_log",
        "DROP TRIGGER access_log_append_only ON access_log",
        "SET session_replication_role = replica",
        "CREATE ROLE mamacare_thief",
        "COPY person TO PROGRAM 'cat'",
    ] {
        assert!(!may(&mut node, refused).await, "{refused}");
    }
    for allowed in [
        "SELECT * FROM access_log",
        "UPDATE consent SET withdrawn_at = now(), withdrawn_channel = 'api'",
        "DELETE FROM staff",
    ] {
        assert!(may(&mut node, allowed).await, "{allowed}");
    }
}

#[tokio::test]
async fn the_owner_too_is_told_that_the_trail_is_append_only() {
    let database = TestDatabase::new().await;
    let mut owner = database.pool.acquire().await.unwrap();
    assert!(may(&mut owner, LINE).await);
    assert!(!may(&mut owner, "UPDATE access_log SET what = 'pin'").await);
    assert!(!may(&mut owner, "TRUNCATE access_link").await);
}

#[tokio::test]
async fn reporting_counts_and_sees_nothing_that_is_sealed() {
    let database = TestDatabase::new().await;
    let mut reporting = connect(&database, REPORTING).await;
    for counted in [
        "SELECT status, count(*) FROM person GROUP BY status",
        "SELECT facility, kind, count(*) FROM visit GROUP BY facility, kind",
        "SELECT purpose, count(*) FROM consent WHERE withdrawn_at IS NULL GROUP BY purpose",
        "SELECT state, sum(segments) FROM outbox GROUP BY state",
        "SELECT act, what, count(*) FROM access_log GROUP BY act, what",
    ] {
        assert!(may(&mut reporting, counted).await, "{counted}");
    }
    for refused in [
        "SELECT identity FROM person",
        "SELECT * FROM person",
        "SELECT note FROM visit",
        "SELECT body FROM outbox",
        "SELECT password_hash FROM staff",
        "SELECT hash FROM credential",
        "SELECT count(*) FROM person_phone",
        "SELECT count(*) FROM phone",
        "SELECT count(*) FROM ussd_session",
        "SELECT count(*) FROM sign_in",
        "SELECT reason FROM access_log",
        "UPDATE facility SET name = 'x'",
        LINE,
        "CREATE TABLE loot (name text)",
    ] {
        assert!(!may(&mut reporting, refused).await, "{refused}");
    }
    // Whatever columns a later version has: none that it sees is sealed, keyed or a hash.
    let seen: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT relname::text, attname::text, atttypid::regtype::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
         WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
           AND has_column_privilege('mamacare_report', attrelid, attnum, 'SELECT')",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert!(seen.len() > 80, "{}", seen.len());
    let open: Vec<_> =
        seen.iter().filter(|(_, name, kind)| kind.starts_with("bytea") || name.contains("hash")).collect();
    assert!(open.is_empty(), "{open:?}");
}

#[tokio::test]
async fn a_backup_reads_all_and_changes_nothing() {
    let database = TestDatabase::new().await;
    let mut backup = connect(&database, BACKUP).await;
    for refused in [LINE, "UPDATE person SET language = 'en'", "CREATE TABLE loot (name text)"] {
        assert!(!may(&mut backup, refused).await, "{refused}");
    }
    let folder: String = sqlx::query_scalar("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
        .fetch_one(&database.pool)
        .await
        .unwrap();
    let options = database.pool.connect_options();
    let socket = options.get_socket().map(|socket| socket.display().to_string());
    let dump = Command::new(format!("{folder}/pg_dump"))
        .args(["--host", socket.as_deref().unwrap_or(options.get_host()), "--username", BACKUP])
        .args(["--port", &options.get_port().to_string(), options.get_database().unwrap()])
        .output()
        .unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    assert!(String::from_utf8_lossy(&dump.stdout).contains("CREATE TABLE public.access_log"));
}

#[tokio::test]
async fn roles_are_kept_by_many_at_once() {
    let databases = [TestDatabase::new().await, TestDatabase::new().await];
    let mut runs = tokio::task::JoinSet::new();
    for url in databases.iter().flat_map(|database| vec![database.url(); 4]) {
        runs.spawn(async move {
            let mut owner = PgConnection::connect(&url).await.unwrap();
            roles::ensure(&mut owner).await.unwrap();
        });
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
    let mut node = connect(&databases[0], APPLICATION).await;
    assert!(may(&mut node, LINE).await && !may(&mut node, "DELETE FROM access_log").await);
}

/// As PostgreSQL 16 and later give it to an owner who is no superuser: she may become the service, and has
/// nothing of it before she does.
#[tokio::test]
async fn an_owner_who_inherits_nothing_migrates_as_often_as_she_likes() {
    let database = TestDatabase::new().await;
    let own = format!("own_{}", std::process::id());
    let mut admin = PgConnection::connect(&database.url()).await.unwrap();
    let prepare = "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'plain_owner') THEN
        CREATE ROLE plain_owner LOGIN NOINHERIT NOSUPERUSER NOCREATEROLE; END IF; END $$;
        GRANT mamacare_app TO plain_owner";
    sqlx::raw_sql(prepare).execute(&mut admin).await.unwrap();
    for statement in
        [format!("DROP DATABASE IF EXISTS {own}"), format!("CREATE DATABASE {own} OWNER plain_owner")]
    {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut admin).await.unwrap();
    }
    let of = |role: &str| database.url_as(role).parse::<PgConnectOptions>().unwrap().database(&own);
    // What she has of her database she would inherit too.
    let mut admin_there =
        PgConnection::connect_with(&database.url().parse::<PgConnectOptions>().unwrap().database(&own))
            .await
            .unwrap();
    sqlx::raw_sql("ALTER SCHEMA public OWNER TO plain_owner").execute(&mut admin_there).await.unwrap();
    admin_there.close().await.unwrap();
    let mut owner = PgConnection::connect_with(&of("plain_owner")).await.unwrap();
    MIGRATOR.run(&mut owner).await.unwrap();
    for _ in 0..2 {
        roles::ensure(&mut owner).await.unwrap();
    }
    let (functions, kept, open): (i64, i64, i64) = sqlx::query_as(
        "SELECT count(*), count(*) FILTER (WHERE proowner = 'mamacare_app'::regrole AND prosecdef),
                count(*) FILTER (WHERE has_function_privilege('mamacare_report', oid, 'EXECUTE'))
         FROM pg_proc WHERE pronamespace = 'public'::regnamespace
           AND (proname LIKE 'mamacare\\_%' OR proname LIKE 'record\\_%' OR proname LIKE 'replan%')",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!((functions, kept, open), (12, 12, 0));
    let read: bool = sqlx::query_scalar(
        "SELECT bool_and(has_function_privilege('mamacare_api', oid, 'EXECUTE')) FROM pg_proc
         WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'mamacare\\_%'",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert!(read);
    owner.close().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {own}"))).execute(&mut admin).await.unwrap();
}
