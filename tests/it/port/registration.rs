//! Registering by oneself.

use chrono::TimeDelta;
use mamacare::app::turns::PortError;
use mamacare::menu::Value;
use mamacare::store::people;
use mamacare::ussd::port::{Caller, Proof};
use uuid::Uuid;

use super::world::{BO_HOSPITAL, World, day};

const TOLD: &[(&str, &str)] = &[
    ("name", "Adama  Newly Registered"),
    ("birth_year", "2003"),
    ("weeks", "20"),
    ("district", "bo"),
    ("consent", "yes"),
];

fn told(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    TOLD.iter().map(|&(known, old)| (known, if known == name { value } else { old })).collect()
}

async fn newest(world: &World) -> Uuid {
    let query = sqlx::query_scalar(
        "SELECT id FROM person WHERE NOT synthetic ORDER BY created_at DESC, id DESC LIMIT 1",
    );
    query.fetch_one(&world.database.pool).await.unwrap()
}

#[tokio::test]
async fn she_is_registered_has_a_pin_and_is_to_be_verified() {
    let world = World::new().await;
    let caller = Caller { language: "kri".to_owned(), ..world.caller_at("+23230000003", 1) };
    let outcome = world.act(&caller, "register", TOLD).await;
    assert_eq!(outcome.name, "ok");
    let phone = outcome.phone.unwrap();
    assert_eq!((phone.people, phone.stopped), (1, false));
    let id = newest(&world).await;
    let mut connection = world.database.pool.acquire().await.unwrap();
    let person = people::open(&mut connection, &world.vault, id).await.unwrap().unwrap();
    assert_eq!(
        (person.identity.given.as_str(), person.identity.family.as_str()),
        ("Adama", "Newly Registered")
    );
    assert_eq!((person.identity.birth_year, person.language.as_str()), (Some(2003), "kri"));
    assert_eq!((person.verified, person.consented, person.greet_by_name), (false, true, false));
    assert_eq!(person.home_facility, Some(BO_HOSPITAL));
    let queued = world.queued(world.now).await;
    assert!(queued[0].1.starts_with("MamaCare: yu PIN na"), "in her language");
    let pin = world.sent_pin(world.now).await;
    let outcome = world.type_pin(&Caller { turn: 2, ..caller.clone() }, "verify_pin", &pin).await;
    assert_eq!((outcome.name, outcome.proof), ("must_change", Some(Proof::Choosing { person: id })));
    let known = Caller { proof: Proof::Pin { person: id, consented: true }, ..caller };
    let pregnancy = world.ask_one(&known, "pregnancy", &[]).await;
    assert_eq!((&pregnancy["weeks"], &pregnancy["estimate"]), (&Value::from(20), &Value::from(true)));
    assert_eq!(pregnancy["due"], Value::from(day("2027-04-13")));
    let consents = world.ask(&known, "consents", &[]).await;
    let given = |at: usize| consents[at]["given"].clone();
    assert_eq!((given(0), given(1)), (Value::from(true), Value::from(false)), "care alone");
}

#[tokio::test]
async fn who_does_not_know_her_weeks_is_not_told_any() {
    let world = World::new().await;
    let caller = world.caller_at("+23230000003", 1);
    assert_eq!(world.act(&caller, "register", &told("weeks", "0")).await.name, "ok");
    let known = Caller { proof: Proof::Pin { person: newest(&world).await, consented: true }, ..caller };
    assert!(world.ask(&known, "pregnancy", &[]).await.is_empty());
    let undated = "SELECT count(*) FROM pregnancy WHERE status = 'active' AND due_on IS NULL";
    assert_eq!(world.count(undated).await, 1, "staff see that she expects");
}

#[tokio::test]
async fn a_repeated_turn_registers_once() {
    let world = World::new().await;
    let caller = world.caller_at("+23230000003", 1);
    for _ in 0..2 {
        let outcome = world.act(&caller, "register", TOLD).await;
        assert_eq!((outcome.name, outcome.phone.unwrap().people), ("ok", 1));
    }
    assert_eq!(world.count("SELECT count(*) FROM person WHERE NOT synthetic").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 1);
}

#[tokio::test]
async fn two_in_ten_minutes_and_nine_on_a_number() {
    let mut world = World::new().await;
    for session in 1..=2 {
        let outcome = world.act(&world.caller(session), "register", TOLD).await;
        assert_eq!((outcome.name, outcome.phone.unwrap().people), ("ok", 2 + session));
    }
    let outcome = world.act(&world.caller(3), "register", TOLD).await;
    assert_eq!((outcome.name, outcome.facts), ("wait", vec![("minutes", Value::from(10))]));
    for session in 4..=8 {
        world.now += TimeDelta::days(1);
        assert_eq!(world.act(&world.caller(session), "register", TOLD).await.name, "ok");
    }
    world.now += TimeDelta::days(1);
    assert_eq!(world.act(&world.caller(9), "register", TOLD).await.name, "full");
    world.run("DELETE FROM person_phone WHERE ordinal = 4").await;
    world.now += TimeDelta::days(1);
    let outcome = world.act(&world.caller(10), "register", TOLD).await;
    assert_eq!((outcome.name, outcome.phone.unwrap().people), ("ok", 9), "a free place is taken");
    let last = Caller { chosen: 8, ..world.caller(11) };
    assert_eq!(world.type_pin(&last, "verify_pin", "1357").await.name, "expired");
}

#[tokio::test]
async fn a_menu_that_asks_for_too_little_is_told_and_registers_nobody() {
    let world = World::new().await;
    let caller = world.caller_at("+23230000003", 1);
    for (name, value) in [
        ("consent", "no"),
        ("consent", ""),
        ("name", "  "),
        ("birth_year", "98"),
        ("birth_year", "x"),
        ("weeks", "45"),
        ("weeks", "-1"),
        ("district", "atlantis"),
    ] {
        let mut work = None;
        let result = world.try_act(&caller, "register", &told(name, value), None, &mut work).await;
        assert!(matches!(result, Err(PortError::Broken(_))), "{name} {value:?}");
    }
    let mut work = None;
    let result = world.try_act(&caller, "register", &TOLD[1..], None, &mut work).await;
    assert!(matches!(result, Err(PortError::Broken(_))), "no name");
    assert_eq!(world.count("SELECT count(*) FROM person WHERE NOT synthetic").await, 0);
}

#[tokio::test]
async fn a_turn_that_is_not_committed_registers_nobody() {
    let world = World::new().await;
    let caller = world.caller_at("+23230000003", 1);
    let mut work = None;
    world.try_act(&caller, "register", TOLD, None, &mut work).await.unwrap();
    drop(work);
    for table in [
        "SELECT count(*) FROM person WHERE NOT synthetic",
        "SELECT count(*) FROM outbox",
        "SELECT count(*) FROM phone_request",
        "SELECT count(*) FROM access_log WHERE act = 'change'",
    ] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_woman_whom_we_know_tells_of_a_new_pregnancy_once_the_last_is_over() {
    let world = World::new().await;
    let caller = world.caller_at("+23230000003", 1);
    world.act(&caller, "register", TOLD).await;
    let person = newest(&world).await;
    let known = Caller { turn: 2, proof: Proof::Pin { person, consented: true }, ..caller };
    assert_eq!(world.act(&known, "report_pregnancy", &[("weeks", "9")]).await.name, "known");
    let pregnancy = world.ask_one(&known, "pregnancy", &[]).await;
    assert_eq!(pregnancy["weeks"], Value::from(20), "nothing is changed");
    sqlx::query("UPDATE pregnancy SET status = 'ended', ended_on = '2026-11-01' WHERE person = $1")
        .bind(person)
        .execute(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(world.act(&known, "report_pregnancy", &[("weeks", "9")]).await.name, "ok");
    let pregnancy = world.ask_one(&known, "pregnancy", &[]).await;
    assert_eq!((&pregnancy["weeks"], &pregnancy["estimate"]), (&Value::from(9), &Value::from(true)));
    let (pregnancies, noted): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM pregnancy WHERE person = $1),
                (SELECT count(*) FROM access_log WHERE person = $1 AND act = 'change' AND what = 'pregnancy')",
    )
    .bind(person)
    .fetch_one(&world.database.pool)
    .await
    .unwrap();
    assert_eq!((pregnancies, noted), (2, 1));
    assert_eq!(world.act(&known, "report_pregnancy", &[("weeks", "10")]).await.name, "known");
}
