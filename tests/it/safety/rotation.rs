//! The change of the master key, while the service reads and writes, killed and begun again.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::process::Command;
use std::sync::Arc;

use chrono::TimeDelta;
use mamacare::messages::Ask;
use mamacare::privacy::{KeptKeys, Keyring, MasterKey, Vault};
use mamacare::store::rotation::{self, SEALED};
use mamacare::store::{directory, export, inbound, questions, tasks};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::api::world::{HOSPITAL, PASSWORD, World};
use crate::harness::TestDatabase;

/// The demo's keyring is of the first.
const OLD: [u8; 32] = [7; 32];
const NEW: [u8; 32] = [8; 32];

fn master(number: u8, key: [u8; 32]) -> MasterKey {
    MasterKey::new(number, Zeroizing::new(key))
}

/// The keyring of a node that has both.
fn both() -> Keyring {
    let kept = KeptKeys::of_first(&master(1, OLD));
    Keyring::of(master(2, NEW), &[master(1, OLD)], kept, StdRng::seed_from_u64(1))
}

/// The keyring of a node that was told the new key and still seals with the old.
fn told_of_new() -> Keyring {
    let kept = KeptKeys::of_first(&master(1, OLD));
    Keyring::of(master(1, OLD), &[master(2, NEW)], kept, StdRng::seed_from_u64(3))
}

/// The keyring of a node from which the old key was taken away.
async fn new_alone(connection: &mut PgConnection) -> Keyring {
    let sealed = rotation::kept(connection).await.unwrap().unwrap();
    assert!(KeptKeys::open(&sealed, &[master(1, OLD)]).is_none());
    let kept = KeptKeys::open(&sealed, &[master(2, NEW)]).unwrap();
    Keyring::of(master(2, NEW), &[], kept, StdRng::seed_from_u64(2))
}

/// Something in every column that is sealed under the master key, by the code that seals it.
async fn fill(world: &World) -> Uuid {
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", Some("+23276000001")).await;
    for at in 0..40 {
        world.patient(&nurse, "Another", Some(&format!("+232761000{at:02}"))).await;
    }
    let once = [("idempotency-key", "one")];
    let visit = json!({"held_on": "2026-11-20", "kind": "antenatal"});
    let path = format!("/api/v1/patients/{patient}/visits");
    world.ask("POST", &path, Some(&nurse), Some(visit), &once).await.expect(201);
    let feedback = json!({"patient_name": "Aminata", "feedback_notes": "Well"});
    world.call("POST", "/api/referral-feedback", Some(&nurse), Some(feedback)).await.expect(201);
    world
        .call("POST", "/api/account/totp", Some(&nurse), Some(json!({"current": PASSWORD})))
        .await
        .expect(200);
    let forgot = json!({"email": crate::api::world::address("nurse")});
    world.call("POST", "/api/password/forgot", None, Some(forgot)).await;
    let (keyring, now) = (&world.keyring, world.now());
    let mut work = world.service.acquire().await.unwrap();
    let document = directory::documents::NewDocument {
        id: Uuid::now_v7(),
        facility: HOSPITAL,
        kind: "license",
        media_type: "application/pdf",
        content: b"%PDF-1.7",
        now,
    };
    directory::documents::add(&mut work, keyring, &document).await.unwrap();
    let staff: Uuid = sqlx::query_scalar("SELECT id FROM staff LIMIT 1").fetch_one(&mut *work).await.unwrap();
    let detail = directory::professionals::Detail::default();
    directory::professionals::save(&mut work, keyring, staff, &detail, false, None).await.unwrap();
    let message = inbound::NewInbound {
        delivery: [3; 16],
        provider: "http",
        phone: None,
        sender: "+23276000001",
        body: "HELP",
        text_mark: 1,
        sent_at: None,
        now,
    };
    let message = inbound::record(&mut work, keyring, &message).await.unwrap().unwrap();
    let question = questions::NewQuestion {
        phone: [4; 16],
        person: None,
        about: questions::About { ask: Ask::Visit, subject: 1 },
        cause: "asked",
        asked_at: now,
        expires_at: now + TimeDelta::days(1),
    };
    questions::ask(&mut work, keyring, &question).await.unwrap();
    let asked: i64 = sqlx::query_scalar("SELECT id FROM sms_question").fetch_one(&mut *work).await.unwrap();
    assert!(questions::answer(&mut work, keyring, asked, true, message, now).await.unwrap());
    let task = tasks::NewTask {
        cause: "task",
        kind: tasks::TaskKind::Call,
        urgent: false,
        person: None,
        phone: None,
        facility: None,
        inbound: None,
        note: "Call her",
        now,
        due_at: now,
    };
    assert!(tasks::open(&mut work, keyring, &task).await.unwrap());
    let task: Uuid = sqlx::query_scalar("SELECT id FROM staff_task").fetch_one(&mut *work).await.unwrap();
    assert!(tasks::finish(&mut work, keyring, task, staff, "Done", now).await.unwrap());
    sqlx::query(
        "INSERT INTO ussd_session (key, phone, started_at, touched_at, turn, resumable, state)
         VALUES ($1, $1, now(), now(), 1, false, $2)",
    )
    .bind([5_u8; 16])
    .bind(keyring.seal("ussd session", &[5_u8; 16], b"state"))
    .execute(&mut *work)
    .await
    .unwrap();
    patient
}

/// Columns with something under the old key.
async fn under_old(connection: &mut PgConnection) -> BTreeSet<(&'static str, &'static str)> {
    let left = rotation::left(connection, &both()).await.unwrap();
    left.iter().map(|left| (left.table, left.column)).collect()
}

async fn everything_of(world: &World, keyring: Keyring, patient: Uuid) -> String {
    let vault = Vault::new(Arc::new(keyring));
    let mut work = world.service.acquire().await.unwrap();
    export::export(&mut work, &vault, patient).await.unwrap().unwrap().to_string()
}

#[tokio::test]
async fn everything_is_sealed_anew_however_often_it_is_killed() {
    let world = World::with_keys(told_of_new()).await;
    let patient = fill(&world).await;
    let mut connection = world.service.acquire().await.unwrap();
    let every: BTreeSet<_> = SEALED.iter().map(|of| (of.table, of.column)).collect();
    assert_eq!(under_old(&mut connection).await, every, "there is something to do in each");
    let before = everything_of(&world, Keyring::demo(), patient).await;
    let ring = both();
    // Each run dies one stretch later than the one before, with that stretch not kept.
    let mut runs = 0;
    loop {
        runs += 1;
        let (mut steps, lives) = (0, runs);
        let mut own = world.service.acquire().await.unwrap();
        let ended = rotation::rotate(&mut own, &ring, |_| {
            steps += 1;
            if steps > lives { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let ended = ended.await.unwrap();
        drop(own);
        // Nodes go on: what both keys sealed is read, and something new is written.
        assert_eq!(everything_of(&world, both(), patient).await, before);
        world.sign_in("nurse").await;
        if ended.is_continue() {
            break;
        }
        assert!(runs < 100, "it never ends");
    }
    assert!(runs > 4, "it was never killed: {runs}");
    assert_eq!(under_old(&mut connection).await, BTreeSet::new());
    // The old key is taken away.
    let alone = new_alone(&mut connection).await;
    let phone = "+23276000001".parse().unwrap();
    assert_eq!(alone.phone_index(phone), Keyring::demo().phone_index(phone));
    assert_eq!(alone.pepper(), Keyring::demo().pepper());
    assert_eq!(questions::answered(&mut connection, &alone, 1).await.unwrap(), Some(true));
    assert_eq!(everything_of(&world, alone, patient).await, before);
    let old = Vault::new(Arc::new(Keyring::demo()));
    assert!(export::export(&mut connection, &old, patient).await.is_err());
}

#[tokio::test]
async fn what_is_written_meanwhile_under_the_old_key_is_found_and_what_is_held_is_left_for_the_next_run() {
    let world = World::with_keys(told_of_new()).await;
    let patient = fill(&world).await;
    // Somebody holds her row for the whole of the first run.
    let mut holding = world.service.begin().await.unwrap();
    sqlx::query("SELECT FROM person WHERE id = $1 FOR UPDATE")
        .bind(patient)
        .execute(&mut *holding)
        .await
        .unwrap();
    let mut connection = world.service.acquire().await.unwrap();
    assert!(
        rotation::rotate(&mut connection, &both(), |_| ControlFlow::Continue(()))
            .await
            .unwrap()
            .is_continue()
    );
    let left = rotation::left(&mut connection, &both()).await.unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((left[0].table, left[0].values), ("person", 1));
    holding.rollback().await.unwrap();
    // A node that has not got the new key first yet, goes on sealing with the old.
    let nurse = world.sign_in("nurse").await;
    world.patient(&nurse, "Late", None).await;
    assert_eq!(rotation::left(&mut connection, &both()).await.unwrap()[0].values, 2);
    let ended = rotation::rotate(&mut connection, &both(), |_| ControlFlow::Continue(())).await.unwrap();
    assert!(ended.is_continue());
    assert_eq!(rotation::left(&mut connection, &both()).await.unwrap(), []);
}

/// Columns of octets that are no master key's: sealed with a person's key, digests, and what is public.
const OTHERS: [&str; 40] = [
    "access_head.link",
    "access_head.seal",
    "access_link.link",
    "access_log.reason",
    "access_log.reference",
    "child.note",
    "child.words",
    "credential.pending_session",
    "former_phone.number",
    "former_phone.phone",
    "kept_keys.sealed",
    "mailed_token.digest",
    "medicine.code_key",
    "medicine.note",
    "menu_version.files",
    "message_stop.phone",
    "once.key",
    "once.request",
    "outbox.phone",
    "person.identity",
    "person_phone.number",
    "person_phone.phone",
    "phone.key",
    "phone_request.cause",
    "phone_request.phone",
    "pregnancy.note",
    "profile.detail",
    "record_copy.sealed",
    "referral.reason",
    "sign_in.token",
    "sms_inbound.delivery",
    "sms_inbound.phone",
    "sms_question.phone",
    "staff.email_key",
    "staff_detail.license_key",
    "staff_task.phone",
    "ussd_session.key",
    "ussd_session.phone",
    "visit.note",
    "visit.words",
];

#[tokio::test]
async fn no_sealed_column_is_forgotten() {
    let database = TestDatabase::new().await;
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type = 'bytea' AND table_name NOT LIKE '\\_sqlx%'
           AND table_name <> 'person_in_care' ORDER BY 1",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let rotated: BTreeSet<String> = SEALED.iter().map(|of| format!("{}.{}", of.table, of.column)).collect();
    let unknown: Vec<&String> = columns
        .iter()
        .filter(|column| !rotated.contains(*column) && !OTHERS.contains(&column.as_str()))
        .collect();
    assert!(unknown.is_empty(), "sealed under the master key or not? {unknown:?}");
    assert!(rotated.iter().all(|column| columns.contains(column)));
}

#[tokio::test]
async fn the_command_rotates_and_says_what_is_left() {
    let world = World::with_keys(told_of_new()).await;
    fill(&world).await;
    let hex = |key: [u8; 32]| key.map(|octet| format!("{octet:02x}")).concat();
    let run = |keys: String, arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_mamacare"))
            .arg("rotate-keys")
            .args(arguments)
            .env("DATABASE_URL", world.database.url())
            .env("MAMACARE_SECRETS__MASTER_KEY", keys)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.success(), told)
    };
    let (old, new) = (hex(OLD), hex(NEW));
    let (well, told) = run(format!("2:{new}"), &["--status"]);
    assert!(!well && told.contains("no key has the number 1"), "{told}");
    let (well, told) = run(format!("2:{new},1:{old}"), &["--status"]);
    assert!(!well && told.contains("person.wrapped_key: 41 not under key 2"), "{told}");
    let (well, told) = run(format!("2:{new},1:{old}"), &[]);
    assert!(well && told.contains("Everything is sealed under key 2"), "{told}");
    assert!(told.contains("person.wrapped_key: 100 %, 41 sealed anew"), "{told}");
    let (well, told) = run(format!("2:{new}"), &["--status"]);
    assert!(well, "{told}");
    let (well, told) = run(old, &["--status"]);
    assert!(!well && told.contains("sealed under master key 2"), "{told}");
}
