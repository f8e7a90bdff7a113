//! Whole records are read from copies. A copy says what its parts say, and where anything has changed since,
//! the parts are read.

use std::sync::Arc;
use std::time::Duration;

use mamacare::privacy::Vault;
use mamacare::store::erasure;
use mamacare::store::record::whole::{self, Access, Asked, SealedCopy, copies};
use mamacare::store::scope::Scope;
use mamacare::store::trail::{Doer, Line};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::world::{HOSPITAL, OTHER_HOSPITAL, World};
use crate::harness::until;

/// Copies what has changed; how many records that were.
pub async fn copy(world: &World) -> usize {
    let mut connection = world.service.acquire().await.unwrap();
    let vault = Vault::new(Arc::clone(&world.keyring));
    copies::renew(&mut connection, &vault).await.unwrap()
}

/// What is seen of a record at first sight, by who asks so. It stands in the trail.
async fn glance(world: &World, asked: Asked) -> Access<Option<SealedCopy>> {
    let doer = Doer { staff: None, role: None, facility: None, sign_in: Uuid::nil() };
    let (at, person) = (world.now(), Some(asked.patient));
    let line = Line { at, doer, person, act: "read", what: "record", reason: None };
    let mut connection = world.scoped.acquire().await.unwrap();
    let mut seen = whole::glance(&mut connection, &[asked], &[line], at).await.unwrap();
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

/// Whether her record is read from its copy.
pub async fn is_copied(world: &World, patient: Uuid) -> bool {
    match glance(world, Asked { patient, account: patient, facility: None }).await {
        Access::Open(Some(_)) => true,
        Access::Open(None) => false,
        other => panic!("{other:?}"),
    }
}

async fn record(world: &World, nurse: &str, patient: Uuid) -> Value {
    world.call("GET", &format!("/api/v1/patients/{patient}/record"), Some(nurse), None).await.expect(200)
}

async fn change(world: &World, statement: &str, patient: Uuid) {
    let done =
        sqlx::query(AssertSqlSafe(statement.to_owned())).bind(patient).execute(&world.service).await.unwrap();
    assert!(done.rows_affected() > 0, "{statement}");
}

#[tokio::test]
async fn a_copy_says_what_its_parts_say_whatever_is_written() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", Some("+23276000001")).await;
    let hers = |part: &str| format!("/api/v1/patients/{patient}{part}");
    let visit = json!({
        "held_on": "2026-11-20", "kind": "illness", "diagnoses": [{"code": "anaemia", "may_be_shown": true}],
        "diagnosis_text": "Tired", "treatment": "Iron", "medication_text": "Iron",
        "blood_pressure": {"systolic": 110, "diastolic": 70}, "weight_kg": 61.5, "haemoglobin_g_dl": 9.8
    });
    let pregnancy = json!({"due_on": "2027-03-01", "dated_by": "scan", "children": 2});
    let born = json!({
        "born_on": "2026-11-23", "name": "Ibrahim", "sex": "male", "birth_weight_g": 3100, "location": "Bo", "notes": "Well"
    });
    let writes = [
        ("POST", "/visits", visit),
        ("PUT", "/visits/1", json!({"held_on": "2026-11-21", "kind": "antenatal"})),
        ("POST", "/pregnancies", pregnancy),
        ("PATCH", "/pregnancies/1", json!({"ended_on": "2026-11-23", "outcome": "live birth"})),
        ("POST", "/births", born),
        ("PUT", "/births/1", json!({"born_on": "2026-11-23", "name": "Ibrahim Sorie", "closed": "moved"})),
        ("POST", "/prescriptions", json!({"medicine": "iron_folic_acid", "dose": "1 a day", "days": 30})),
        ("POST", "/prescriptions/1/stop", Value::Null),
        (
            "POST",
            "/appointments",
            json!({"starts_on": "2026-12-01", "starts_at": "09:30", "purpose": "antenatal"}),
        ),
        ("PATCH", "/appointments/1", json!({"status": "cancelled"})),
        ("PATCH", "", json!({"family_name": "Kamara", "language": "kri"})),
    ];
    copy(&world).await;
    for (method, path, body) in writes {
        let body = (!body.is_null()).then_some(body);
        let before = record(&world, &nurse, patient).await;
        assert!(is_copied(&world, patient).await, "before {method} {path}");
        let row = path.split('/').nth(1).map_or(&before["patient"], |part| &before[part][0]);
        let seen = row["updated_at"].as_str().map(|at| format!("\"{at}\""));
        let seen = seen.as_deref().map(|seen| ("if-match", seen));
        world.clock.advance(Duration::from_secs(1));
        let told = world.ask(method, &hers(path), Some(&nurse), body, seen.as_slice()).await;
        assert!(told.status.is_success(), "{method} {path}: {} {}", told.status, told.text);
        assert!(!is_copied(&world, patient).await, "after {method} {path}");
        let parts = record(&world, &nurse, patient).await;
        assert_ne!(parts, before, "{method} {path}");
        assert_eq!(copy(&world).await, 1);
        assert!(is_copied(&world, patient).await, "{method} {path}");
        assert_eq!(record(&world, &nurse, patient).await, parts, "{method} {path}");
    }
    assert_eq!(copy(&world).await, 0, "and nothing is left to be copied");
}

#[tokio::test]
async fn every_change_of_every_part_is_noted() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", None).await;
    for statement in [
        "INSERT INTO visit (person, number, facility, held_on, kind, note, created_at, updated_at)
         VALUES ($1, 1, 90001, '2026-11-20', 'other', 'x', now(), now())",
        "UPDATE visit SET kind = 'illness' WHERE person = $1",
        "DELETE FROM visit WHERE person = $1",
        "INSERT INTO pregnancy (person, number, status, dated_by, precision, created_at, updated_at)
         VALUES ($1, 1, 'active', 'unknown', 'unknown', now(), now())",
        "UPDATE pregnancy SET updated_at = now() WHERE person = $1",
        "DELETE FROM pregnancy WHERE person = $1",
        "INSERT INTO child (person, number, born_on, note, created_at, updated_at)
         VALUES ($1, 1, '2026-10-01', 'x', now(), now())",
        "UPDATE child SET status = 'closed' WHERE person = $1",
        "DELETE FROM child WHERE person = $1",
        "INSERT INTO medicine (person, number, started_on, until_on, note, created_at, updated_at)
         VALUES ($1, 1, '2026-11-01', '2026-12-01', 'x', now(), now())",
        "UPDATE medicine SET stopped_on = '2026-11-20' WHERE person = $1",
        "DELETE FROM medicine WHERE person = $1",
        "INSERT INTO appointment (person, number, facility, starts_on, purpose, status, created_at, updated_at)
         VALUES ($1, 1, 90001, '2026-12-01', 'antenatal', 'booked', now(), now())",
        "UPDATE appointment SET status = 'missed' WHERE person = $1",
        "DELETE FROM appointment WHERE person = $1",
        "UPDATE consent SET withdrawn_at = now(), withdrawn_channel = 'staff' WHERE person = $1 AND purpose = 'care'",
        "INSERT INTO consent (person, purpose, given_at, given_channel, text_version, language)
         VALUES ($1, 'care', now(), 'staff', '1', 'en')",
        "UPDATE person SET wording = 'open' WHERE id = $1",
        "UPDATE person SET home_facility = 90002 WHERE id = $1",
    ] {
        while copy(&world).await > 0 {}
        // As the service may not, an owner takes away a row of the parts too.
        let mut owner = world.database.pool.acquire().await.unwrap();
        let done =
            sqlx::query(AssertSqlSafe(statement)).bind(patient).execute(&mut *owner).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{statement}");
        let noted: i64 = sqlx::query_scalar("SELECT count(*) FROM record_change WHERE person = $1")
            .bind(patient)
            .fetch_one(&mut *owner)
            .await
            .unwrap();
        assert_eq!(noted, 1, "{statement}");
    }
    // What no record shows is no change of it.
    while copy(&world).await > 0 {}
    change(&world, "UPDATE person SET greet_by_name = NOT greet_by_name WHERE id = $1", patient).await;
    assert_eq!(copy(&world).await, 0);
}

#[tokio::test]
async fn a_change_that_comes_while_it_is_copied_counts() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", None).await;
    let mut gate = PgConnection::connect(&world.database.url()).await.unwrap();
    let held = hold_copies(&mut gate).await;
    let copying = copy_behind(&world).await;
    let visit = json!({"held_on": "2026-11-20", "kind": "antenatal"});
    let path = format!("/api/v1/patients/{patient}/visits");
    world.call("POST", &path, Some(&nurse), Some(visit)).await.expect(201);
    held.commit().await.unwrap();
    assert_eq!(copying.await.unwrap(), 1);
    assert!(!is_copied(&world, patient).await, "the copy is of before");
    assert_eq!(record(&world, &nurse, patient).await["visits"][0]["kind"], "antenatal");
    assert_eq!(copy(&world).await, 1);
    assert!(is_copied(&world, patient).await);
    assert_eq!(record(&world, &nurse, patient).await["visits"][0]["kind"], "antenatal");
}

#[tokio::test]
async fn a_change_that_is_not_safe_yet_is_neither_shown_nor_lost() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", None).await;
    copy(&world).await;
    let mut writer = world.database.pool.begin().await.unwrap();
    sqlx::query("UPDATE person SET wording = 'open' WHERE id = $1")
        .bind(patient)
        .execute(&mut *writer)
        .await
        .unwrap();
    assert_eq!(copy(&world).await, 0);
    assert!(is_copied(&world, patient).await);
    let wording = async || record(&world, &nurse, patient).await["patient"]["wording"].clone();
    assert_eq!(wording().await, "covert");
    writer.commit().await.unwrap();
    assert!(!is_copied(&world, patient).await);
    assert_eq!(wording().await, "open");
}

#[tokio::test]
async fn of_who_is_erased_while_she_is_copied_no_copy_is_left() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    for was_copied in [false, true] {
        let patient = world.patient(&nurse, "Aminata", None).await;
        if was_copied {
            while copy(&world).await > 0 {}
            change(&world, "UPDATE person SET wording = 'open' WHERE id = $1", patient).await;
        }
        let mut gate = PgConnection::connect(&world.database.url()).await.unwrap();
        let held = hold_copies(&mut gate).await;
        let copying = copy_behind(&world).await;
        let erasing = tokio::spawn({
            let (pool, now) = (world.database.pool.clone(), world.now());
            async move {
                let mut work = pool.begin().await.unwrap();
                assert!(erasure::erase(&mut work, patient, now).await.unwrap());
                work.commit().await.unwrap();
            }
        });
        held.commit().await.unwrap();
        copying.await.unwrap();
        erasing.await.unwrap();
        while copy(&world).await > 0 {}
        for table in ["record_copy", "record_change"] {
            let left = format!("SELECT count(*) FROM {table} WHERE person = $1");
            let left: i64 = sqlx::query_scalar(AssertSqlSafe(left))
                .bind(patient)
                .fetch_one(&world.database.pool)
                .await
                .unwrap();
            assert_eq!(left, 0, "{table}");
        }
    }
}

#[tokio::test]
async fn without_her_consent_there_is_no_copy_and_with_it_there_is_one_again() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", None).await;
    copy(&world).await;
    let copies = async || {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM record_copy")
            .fetch_one(&world.database.pool)
            .await
            .unwrap()
    };
    assert_eq!(copies().await, 1);
    let withdraw = "UPDATE consent SET withdrawn_at = now(), withdrawn_channel = 'staff'
                    WHERE person = $1 AND purpose = 'care'";
    change(&world, withdraw, patient).await;
    // At once, whatever is still stored.
    let path = format!("/api/v1/patients/{patient}/record");
    world.call("GET", &path, Some(&nurse), None).await.expect(404);
    assert_eq!((copy(&world).await, copies().await), (1, 0));
    let give = "INSERT INTO consent (person, purpose, given_at, given_channel, text_version, language)
                VALUES ($1, 'care', now(), 'staff', '1', 'en')";
    change(&world, give, patient).await;
    assert_eq!((copy(&world).await, copies().await), (1, 1));
    assert!(is_copied(&world, patient).await);
}

#[tokio::test]
async fn a_copy_of_another_form_is_not_read_and_made_anew() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", None).await;
    copy(&world).await;
    change(&world, "UPDATE record_copy SET form = 0, sealed = 'older' WHERE person = $1", patient).await;
    assert!(!is_copied(&world, patient).await);
    assert_eq!(record(&world, &nurse, patient).await["patient"]["given_name"], "Aminata");
    let mut connection = world.service.acquire().await.unwrap();
    assert_eq!(copies::note_outdated(&mut connection).await.unwrap(), 1);
    assert_eq!(copy(&world).await, 1);
    assert!(is_copied(&world, patient).await);
    assert_eq!(copies::note_outdated(&mut connection).await.unwrap(), 0);
    // One that a newer program made is left to it.
    change(&world, "UPDATE record_copy SET form = 99, sealed = 'newer' WHERE person = $1", patient).await;
    assert!(!is_copied(&world, patient).await);
    assert_eq!(copies::note_outdated(&mut connection).await.unwrap(), 0);
}

#[tokio::test]
async fn a_record_that_does_not_open_holds_up_no_other() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let broken = world.patient(&nurse, "Aminata", None).await;
    let whole = world.patient(&nurse, "Fatmata", None).await;
    copy(&world).await;
    let torn = "INSERT INTO visit (person, number, facility, held_on, kind, note, created_at, updated_at)
                VALUES ($1, 1, 90001, '2026-11-20', 'other', 'torn', now(), now())";
    change(&world, torn, broken).await;
    change(&world, "UPDATE person SET wording = 'open' WHERE id = $1", whole).await;
    assert_eq!(copy(&world).await, 2);
    assert!(is_copied(&world, whole).await);
    assert!(!is_copied(&world, broken).await, "the copy of before is gone");
    assert_eq!(copy(&world).await, 0);
    let path = format!("/api/v1/patients/{broken}/record");
    world.call("GET", &path, Some(&nurse), None).await.expect(500);
}

#[tokio::test]
async fn nobody_is_shown_a_copy_that_is_not_hers_to_see() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", None).await;
    let another = world.patient(&nurse, "Fatmata", None).await;
    assert_eq!(copy(&world).await, 2);
    let account = Uuid::now_v7();
    let looks = async || {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM access_log WHERE act = 'read' AND what = 'record'")
            .fetch_one(&world.database.pool)
            .await
            .unwrap()
    };
    let before = looks().await;
    for (patient, account, facility, shown) in [
        (patient, account, Some(HOSPITAL), true),
        (patient, patient, None, true),
        (patient, another, None, false),
        (patient, account, Some(OTHER_HOSPITAL), false),
        // Whoever works somewhere is not a patient, whatever her account's id.
        (patient, patient, Some(OTHER_HOSPITAL), false),
    ] {
        match glance(&world, Asked { patient, account, facility }).await {
            Access::Open(Some(_)) => assert!(shown, "{account} {facility:?}"),
            Access::Refused => assert!(!shown, "{account} {facility:?}"),
            other => panic!("{other:?}"),
        }
    }
    let unknown = Asked { patient: account, account, facility: Some(HOSPITAL) };
    assert!(matches!(glance(&world, unknown).await, Access::Nobody));
    assert_eq!(looks().await - before, 2, "what was shown stands in the trail, and nothing else");
    // The API's connections have no other way to them.
    for table in ["record_copy", "record_change"] {
        let read = format!("SELECT FROM {table}");
        let error = sqlx::query(AssertSqlSafe(read)).execute(&world.scoped).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{error}");
    }
    // A transaction that said whose rows it is about sees no others by this door.
    let mut work = Scope::Nobody { account }.begin(&world.scoped, world.now()).await.unwrap();
    let asked = Asked { patient, account, facility: Some(HOSPITAL) };
    assert!(whole::glance(&mut work, &[asked], &[], world.now()).await.unwrap().is_empty());
}

/// Nobody writes a copy until this ends.
async fn hold_copies(gate: &mut PgConnection) -> sqlx::Transaction<'_, sqlx::Postgres> {
    let mut held = gate.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE record_copy IN SHARE MODE").execute(&mut *held).await.unwrap();
    held
}

/// A copyist who has read the parts, and waits at the table of the copies that somebody holds.
async fn copy_behind(world: &World) -> JoinHandle<usize> {
    let copying = tokio::spawn({
        let (service, keyring) = (world.service.clone(), Arc::clone(&world.keyring));
        async move {
            let mut connection = service.acquire().await.unwrap();
            copies::renew(&mut connection, &Vault::new(keyring)).await.unwrap()
        }
    });
    let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                 AND wait_event_type = 'Lock' AND query LIKE '%INTO record_copy%')";
    let pool = &world.database.pool;
    until("the copy waits", async || sqlx::query_scalar(waits).fetch_one(pool).await.unwrap()).await;
    copying
}
