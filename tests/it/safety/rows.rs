//! Row-level security alone: what the database gives and takes where no handler has asked whose patient it is.

use mamacare::app::database::scoped_pool;
use mamacare::app::settings::{Database, Secret};
use mamacare::privacy::Vault;
use mamacare::store::record::reach;
use mamacare::store::record::whole::{Access, Asked};
use mamacare::store::record::{
    appointments, births, consents, messages, own_numbers, pregnancies, prescriptions, profiles,
};
use mamacare::store::record::{patients, referrals, visits, whole};
use mamacare::store::roles::{API, APPLICATION};
use mamacare::store::scope::Scope;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use uuid::Uuid;

use crate::api::world::{HOSPITAL, OTHER_HOSPITAL, World};
use crate::harness::TestDatabase;

/// Columns that say whose a row is: an account of hers, her number's key, or an answer that was kept.
const HERS: &str = "'person', 'patient', 'phone', 'mother', 'message', 'delivery', 'request'";

/// Tables that hold something of a patient and lack their security, or a policy.
async fn open_tables(pool: &PgPool) -> Vec<String> {
    let query = format!(
        "SELECT relname::text FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
           AND (relname = 'person'
                OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
                           AND attname IN ({HERS}) AND atttypid <> 'text'::regtype)
                OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = pg_class.oid AND confrelid = 'person'::regclass))
           AND NOT (relrowsecurity AND relforcerowsecurity
                    AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid))
         ORDER BY relname"
    );
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(pool).await.unwrap()
}

/// Tables with row-level security.
async fn held_tables(pool: &PgPool) -> Vec<String> {
    let query = "SELECT relname::text FROM pg_class
                 WHERE relnamespace = 'public'::regnamespace AND relforcerowsecurity ORDER BY relname";
    let held: Vec<String> = sqlx::query_scalar(query).fetch_all(pool).await.unwrap();
    assert!(held.len() > 25, "{held:?}");
    held
}

#[tokio::test]
async fn every_table_with_something_of_a_patient_has_its_policy() {
    let database = TestDatabase::new().await;
    assert_eq!(open_tables(&database.pool).await, Vec::<String>::new());
    // Of the API's policies none is without a condition, but to add to the trail and for numbers' counters.
    let unconditional: Vec<(String, String)> = sqlx::query_as(
        "SELECT tablename::text, policyname::text FROM pg_policies
         WHERE $1 = ANY (roles) AND 'true' IN (qual, with_check) ORDER BY 1, 2",
    )
    .bind(API)
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let known = [("access_log", "insert"), ("phone", "all")].map(|(table, name)| (table.into(), name.into()));
    assert_eq!(unconditional, known);
    // A table that somebody adds is found, and a view that reads as its owner would be a way around.
    sqlx::raw_sql("CREATE TABLE later (id uuid PRIMARY KEY, person uuid)")
        .execute(&database.pool)
        .await
        .unwrap();
    assert_eq!(open_tables(&database.pool).await, ["later"]);
    let views: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
           AND NOT coalesce(reloptions @> '{security_invoker=true}', false)",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert_eq!(views, Vec::<String>::new());
}

/// A patient of the first hospital with something in every part of her record.
async fn a_whole_patient(world: &World) -> Uuid {
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", Some("+23276000001")).await;
    let path = |part: &str| format!("/api/v1/patients/{patient}/{part}");
    for (part, body) in [
        ("visits", json!({"held_on": "2026-11-20", "kind": "antenatal"})),
        ("appointments", json!({"starts_on": "2026-12-01", "purpose": "antenatal"})),
        ("prescriptions", json!({"medicine": "iron_folic_acid", "dose": "1 a day", "days": 30})),
    ] {
        world.call("POST", &path(part), Some(&nurse), Some(body)).await.expect(201);
    }
    sqlx::query(
        "INSERT INTO pregnancy (person, number, status, dated_by, precision, created_at, updated_at)
         SELECT id, 1, 'active', 'unknown', 'unknown', now(), now() FROM person WHERE id = $1",
    )
    .bind(patient)
    .execute(&world.service)
    .await
    .unwrap();
    sqlx::query(
        "WITH child AS (INSERT INTO child (person, number, born_on, note, created_at, updated_at)
                        VALUES ($1, 1, '2026-10-01', 'x', now(), now()) RETURNING person, number),
              profile AS (INSERT INTO profile VALUES ($1, 'x', now(), now())),
              guard AS (INSERT INTO pin_guard VALUES ($1, now(), NULL)),
              past AS (INSERT INTO former_phone SELECT person, phone, ordinal, number, now() FROM person_phone
                       WHERE person = $1)
         INSERT INTO immunisation SELECT person, number, 'BCG', '2026-10-02' FROM child",
    )
    .bind(patient)
    .execute(&world.database.pool)
    .await
    .unwrap();
    patient
}

const TABLES: [&str; 13] = [
    "appointment",
    "child",
    "consent",
    "credential",
    "former_phone",
    "immunisation",
    "medicine",
    "outbox",
    "person_phone",
    "pin_guard",
    "pregnancy",
    "profile",
    "visit",
];

/// How many rows of hers are seen, table by table, and how many a change takes.
async fn reach_of(work: &mut PgConnection, patient: Uuid) -> (Vec<&'static str>, Vec<&'static str>) {
    let (mut seen, mut changed) = (Vec::new(), Vec::new());
    for (table, column) in TABLES.map(|table| (table, "person")).into_iter().chain([("person", "id")]) {
        let count = format!("SELECT count(*) FROM {table} WHERE {column} = $1");
        let count: i64 =
            sqlx::query_scalar(AssertSqlSafe(count)).bind(patient).fetch_one(&mut *work).await.unwrap();
        if count > 0 {
            seen.push(table);
        }
        let set = if table == "consent" {
            "withdrawn_at = NULL".to_owned()
        } else {
            format!("{column} = {column}")
        };
        let change = format!("UPDATE {table} SET {set} WHERE {column} = $1");
        let done = sqlx::query(AssertSqlSafe(change)).bind(patient).execute(&mut *work).await.unwrap();
        if done.rows_affected() > 0 {
            changed.push(table);
        }
    }
    (seen, changed)
}

#[tokio::test]
async fn row_level_security_alone_holds_each_role_to_its_patients() {
    let world = World::new().await;
    let patient = a_whole_patient(&world).await;
    let (now, account) = (world.now(), Uuid::now_v7());
    let all: Vec<&str> = TABLES.into_iter().chain(["person"]).collect();
    let none: Vec<&str> = Vec::new();
    for (who, scope, may) in [
        ("her hospital", Scope::Staff { account, facility: HOSPITAL }, true),
        ("herself", Scope::Herself(patient), true),
        ("another hospital", Scope::Staff { account, facility: OTHER_HOSPITAL }, false),
        ("another patient", Scope::Herself(Uuid::now_v7()), false),
        ("an administrator", Scope::Administrator { account }, false),
        ("a pharmacy with another code", Scope::Code { account, digest: [7; 32] }, false),
        ("somebody", Scope::Nobody { account }, false),
    ] {
        let mut work = scope.begin(&world.scoped, now).await.unwrap();
        let (seen, changed) = reach_of(&mut work, patient).await;
        assert_eq!(&seen, if may { &all } else { &none }, "{who} sees");
        assert_eq!(&changed, if may { &all } else { &none }, "{who} changes");
        work.rollback().await.unwrap();
    }
    // Who forgot to say in whose name, sees nothing of anybody.
    let mut work = world.scoped.begin().await.unwrap();
    for table in held_tables(&world.database.pool).await {
        let any = sqlx::query(AssertSqlSafe(format!("SELECT FROM {table} LIMIT 1")))
            .fetch_optional(&mut *work)
            .await;
        match any {
            Ok(row) => {
                assert!(row.is_none() || ["outbox", "phone", "sign_in"].contains(&table.as_str()), "{table}");
            }
            Err(error) => {
                let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
                assert_eq!(code.as_deref(), Some("42501"), "{table}: {error}");
                work = world.scoped.begin().await.unwrap();
            }
        }
    }
    let hers = "SELECT count(*) FROM outbox WHERE person IS NOT NULL";
    assert_eq!(sqlx::query_scalar::<_, i64>(hers).fetch_one(&mut *work).await.unwrap(), 0);
}

#[tokio::test]
async fn the_stores_own_reads_and_writes_find_nothing_in_another_facility() {
    let world = World::new().await;
    let patient = a_whole_patient(&world).await;
    let vault = Vault::new(std::sync::Arc::clone(&world.keyring));
    let (now, staff) = (world.now(), Uuid::now_v7());
    let own = Scope::Staff { account: staff, facility: HOSPITAL };
    let key = {
        let mut work = own.begin(&world.scoped, now).await.unwrap();
        let found = reach::find(&mut work, &vault, patient).await.unwrap().unwrap();
        assert!(
            reach::reach(&mut work, &vault, patient, HOSPITAL, staff, now).await.unwrap().unwrap().in_care
        );
        assert!(!visits::list(&mut work, &found.key, None, None, 9).await.unwrap().is_empty());
        found.key
    };
    let other = Scope::Staff { account: staff, facility: OTHER_HOSPITAL };
    let mut work = other.begin(&world.scoped, now).await.unwrap();
    let work = &mut *work;
    assert!(reach::find(work, &vault, patient).await.unwrap().is_none());
    // Whatever facility a handler says that it asks for.
    assert!(reach::reach(work, &vault, patient, HOSPITAL, staff, now).await.unwrap().is_none());
    let asked = Asked { patient, account: staff, facility: Some(HOSPITAL) };
    let found = whole::read(work, &[asked], now).await.unwrap();
    assert!(
        matches!(found[..], [Access::Nobody]),
        "whole records are opened in a scope of their own: {found:?}"
    );
    assert!(visits::list(work, &key, None, None, 9).await.unwrap().is_empty());
    assert!(visits::find(work, &key, 1).await.unwrap().is_none());
    assert!(pregnancies::list(work, &key).await.unwrap().is_empty());
    assert!(births::list(work, &key).await.unwrap().is_empty());
    assert!(prescriptions::list(work, &key, None, 9).await.unwrap().is_empty());
    assert!(appointments::find(work, patient, 1).await.unwrap().is_none());
    assert!(consents::history(work, patient).await.unwrap().is_empty());
    assert!(messages::list(work, patient, None, 9).await.unwrap().is_empty());
    assert!(profiles::find(work, &key).await.unwrap().is_none());
    assert!(patients::phones(work, &key).await.unwrap().is_empty());
    let hers = vault.keyring().phone_index("+23276000001".parse().unwrap());
    assert!(own_numbers::list(work, &key).await.unwrap().is_empty());
    assert!(!own_numbers::end(work, patient, &hers, now, now).await.unwrap());
    assert!(referrals::list(work, &vault, HOSPITAL, true, None, 9).await.unwrap().is_empty());
    let everybody = patients::list(work, &vault, None, None, patients::Order::Oldest, None, 9).await;
    assert!(everybody.unwrap().is_empty());
    assert!(!visits::remove(work, patient, 1).await.unwrap());
    assert!(!births::remove(work, patient, 1).await.unwrap());
    let change = patients::Change { verified: true, ..patients::Change::default() };
    assert!(!patients::update(work, &key, &change, None, now).await.unwrap());
    // What would add to her record is refused.
    let added = sqlx::query(
        "INSERT INTO consent (person, purpose, given_at, given_channel, text_version, language)
                             VALUES ($1, 'research', now(), 'api', '1', 'en')",
    )
    .bind(patient)
    .execute(&mut *work)
    .await;
    let refused = added.unwrap_err();
    assert!(refused.to_string().contains("row-level security"), "{refused}");
}

#[tokio::test]
async fn of_records_that_are_read_together_each_is_let_in_for_who_asks_for_it() {
    let world = World::new().await;
    let patient = a_whole_patient(&world).await;
    sqlx::query("DELETE FROM child").execute(&world.database.pool).await.unwrap();
    let hidden = world.patient(&world.sign_in("nurse").await, "Fatmata", None).await;
    let vault = Vault::new(std::sync::Arc::clone(&world.keyring));
    let account = Uuid::now_v7();
    let asked = |patient, account, facility| Asked { patient, account, facility };
    let mut work = Scope::Records.begin(&world.scoped, world.now()).await.unwrap();
    let found = whole::read(
        &mut work,
        &[
            asked(patient, account, Some(HOSPITAL)),
            asked(hidden, account, Some(OTHER_HOSPITAL)),
            asked(Uuid::now_v7(), account, Some(HOSPITAL)),
            asked(patient, patient, None),
            asked(hidden, patient, None),
            // Whoever works somewhere is not a patient, whatever her account's id.
            asked(hidden, hidden, Some(OTHER_HOSPITAL)),
        ],
        world.now(),
    )
    .await
    .unwrap();
    let [Access::Open(_), Access::Refused, Access::Nobody, Access::Open(_), Access::Refused, Access::Refused] =
        found[..]
    else {
        panic!("{found:?}")
    };
    for found in found {
        let Access::Open(closed) = found else { continue };
        let record = closed.open(&vault).unwrap();
        assert_eq!((record.patient.id, record.patient.identity.given.as_str()), (patient, "Aminata"));
        let counts = [record.visits.len(), record.pregnancies.len(), record.appointments.len()];
        assert_eq!((counts, record.prescriptions.len()), ([1; 3], 1));
    }
    // What was not let in stays hidden, and nothing can be changed.
    let seen: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM person").fetch_all(&mut *work).await.unwrap();
    assert_eq!(seen, [patient]);
    let changed = sqlx::query("UPDATE visit SET kind = 'other'").execute(&mut *work).await.unwrap();
    assert_eq!(changed.rows_affected(), 0);
}

#[tokio::test]
async fn what_was_opened_with_a_reason_is_read_while_it_lasts_and_never_changed() {
    let world = World::new().await;
    let patient = a_whole_patient(&world).await;
    let other = world.sign_in("other-nurse").await;
    let path = format!("/api/v1/patients/{patient}/open");
    let reason = json!({"reason": "Brought in after a fall; no papers"});
    world.call("POST", &path, Some(&other), Some(reason)).await.expect(200);
    let staff: Uuid =
        sqlx::query_scalar("SELECT staff FROM opened_record").fetch_one(&world.database.pool).await.unwrap();
    let scope = Scope::Staff { account: staff, facility: OTHER_HOSPITAL };
    let mut work = scope.begin(&world.scoped, world.now()).await.unwrap();
    let (seen, changed) = reach_of(&mut work, patient).await;
    assert_eq!(seen.len(), TABLES.len() + 1, "{seen:?}");
    assert_eq!(changed, Vec::<&str>::new());
    drop(work);
    // A colleague of hers did not open it; nor is it open an hour later.
    let colleague = Scope::Staff { account: Uuid::now_v7(), facility: OTHER_HOSPITAL };
    let late = world.now() + chrono::TimeDelta::minutes(61);
    for (scope, at) in [(colleague, world.now()), (scope, late)] {
        let mut work = scope.begin(&world.scoped, at).await.unwrap();
        assert_eq!(reach_of(&mut work, patient).await.0, Vec::<&str>::new());
    }
}

#[tokio::test]
async fn the_service_is_bound_by_nothing_and_its_plans_do_not_change() {
    let database = TestDatabase::new().await;
    let plan = async |work: &mut PgConnection| -> String {
        let lines: Vec<String> = sqlx::query_scalar(
            "EXPLAIN (COSTS OFF) SELECT number FROM visit JOIN person_in_care ON person_in_care.id = visit.person
             WHERE visit.person = '00000000-0000-0000-0000-000000000001' ORDER BY held_on DESC LIMIT 5",
        )
        .fetch_all(work)
        .await
        .unwrap();
        lines.join("\n")
    };
    let mut owner = database.pool.acquire().await.unwrap();
    let without = plan(&mut owner).await;
    sqlx::raw_sql(AssertSqlSafe(format!("SET ROLE {APPLICATION}"))).execute(&mut *owner).await.unwrap();
    assert_eq!(plan(&mut owner).await, without);
    sqlx::raw_sql(AssertSqlSafe(format!("SET ROLE {API}"))).execute(&mut *owner).await.unwrap();
    assert_ne!(plan(&mut owner).await, without);
}

/// The files of the API that may work at the door, before it is known who asks.
const DOORS: [&str; 5] = ["legacy/enrol.rs", "patient_sign_in.rs", "pins.rs", "sign_in.rs", "v1/import.rs"];

#[test]
fn the_door_is_used_where_nobody_is_known_yet_and_nowhere_else() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    let mut found: Vec<String> = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(&path).unwrap().contains(".door()") {
                found.push(path.strip_prefix(&root).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    assert_eq!(found, DOORS);
}

#[tokio::test]
async fn a_connection_of_the_api_is_known_to_be_one() {
    let database = TestDatabase::new().await;
    let settings = Database { url: Some(Secret::new(database.url_as(APPLICATION))), ..Database::default() };
    assert!(mamacare::app::database::is_scoped(&scoped_pool(&settings).unwrap()).await.unwrap());
    assert!(!mamacare::app::database::is_scoped(&database.pool).await.unwrap());
}
