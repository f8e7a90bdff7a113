//! Giving a PIN, and choosing one: each outcome.

use std::time::Duration;

use chrono::TimeDelta;
use mamacare::identity::{HasherSettings, PinHasher};
use mamacare::menu::Value;
use mamacare::ussd::port::{Caller, Effect, Proof};

use super::world::{FATMATA, FATMATAS_PIN, ISATU, ISATUS_PIN, World};

fn isatu(world: &World, session: u8) -> Caller {
    Caller { chosen: 1, ..world.caller(session) }
}

#[tokio::test]
async fn the_right_pin_proves_who_she_is() {
    let world = World::new().await;
    let outcome = world.type_pin(&world.caller(1), "verify_pin", FATMATAS_PIN).await;
    assert_eq!(outcome.name, "ok");
    assert_eq!(outcome.proof, Some(Proof::Pin { person: FATMATA, consented: true }));
    assert_eq!(outcome.effects, [Effect::SignedIn { person: FATMATA }]);
    world.run("UPDATE consent SET withdrawn_at = '2026-11-24 08:00Z', withdrawn_channel = 'staff'").await;
    let outcome = world.type_pin(&world.caller(2), "verify_pin", FATMATAS_PIN).await;
    assert_eq!(outcome.proof, Some(Proof::Pin { person: FATMATA, consented: false }));
}

#[tokio::test]
async fn a_pin_opens_its_own_person_alone() {
    let world = World::new().await;
    let outcome = world.type_pin(&isatu(&world, 1), "verify_pin", FATMATAS_PIN).await;
    assert_eq!((outcome.name, outcome.proof), ("wrong", None));
    let elsewhere = world.caller_at("+23277000009", 2);
    assert_eq!(world.type_pin(&elsewhere, "verify_pin", FATMATAS_PIN).await.name, "none");
    let nobody = Caller { chosen: 2, ..world.caller(3) };
    assert_eq!(world.type_pin(&nobody, "verify_pin", FATMATAS_PIN).await.name, "none");
}

#[tokio::test]
async fn who_has_no_pin_is_told_so_after_a_check_of_the_same_cost() {
    let world = World::new().await;
    world.run("DELETE FROM credential").await;
    let done = world.hasher.done();
    let outcome = world.type_pin(&world.caller(1), "verify_pin", "1357").await;
    assert_eq!((outcome.name, outcome.proof), ("none", None));
    assert_eq!(world.hasher.done(), done + 1, "she is really checked");
    // A hasher that has no time refuses her as it refuses anybody.
    let world = World::with(impatient).await;
    occupy(&world).await;
    world.run("DELETE FROM credential").await;
    assert_eq!(world.type_pin(&world.caller(1), "verify_pin", "1357").await.name, "busy");
}

#[tokio::test]
async fn a_sent_pin_is_good_for_choosing_alone_until_it_expires() {
    let world = World::new().await;
    let outcome = world.type_pin(&isatu(&world, 1), "verify_pin", ISATUS_PIN).await;
    assert_eq!(outcome.name, "must_change");
    assert_eq!(outcome.proof, Some(Proof::Choosing { person: ISATU }));
    let late = Caller { now: world.now + TimeDelta::hours(1), ..isatu(&world, 2) };
    for pin in [ISATUS_PIN, "9999"] {
        let outcome = world.type_pin(&late, "verify_pin", pin).await;
        assert_eq!((outcome.name, outcome.proof), ("expired", None));
    }
}

#[tokio::test]
async fn she_chooses_her_own() {
    let world = World::new().await;
    let choosing = Caller { proof: Proof::Choosing { person: ISATU }, ..isatu(&world, 1) };
    let weak = ["0000", "123456", "7777", "2001", "000001", "0001", "2580"];
    for pin in weak {
        assert_eq!(world.type_pin(&choosing, "propose_pin", pin).await.name, "weak", "{pin}");
    }
    for pin in ["", "12", "1234567", "13x7"] {
        assert_eq!(world.type_pin(&choosing, "propose_pin", pin).await.name, "length", "{pin}");
    }
    assert_eq!(world.type_pin(&choosing, "propose_pin", ISATUS_PIN).await.name, "same");
    assert_eq!(world.type_pin(&choosing, "confirm_pin", "8642").await.name, "refused", "nothing is proposed");
    assert_eq!(world.type_pin(&choosing, "propose_pin", "862419").await.name, "ok");
    assert_eq!(world.type_pin(&choosing, "confirm_pin", "862418").await.name, "differs");
    let elsewhere = Caller { proof: choosing.proof, ..isatu(&world, 9) };
    assert_eq!(world.type_pin(&elsewhere, "confirm_pin", "862419").await.name, "refused");
    let outcome = world.type_pin(&choosing, "confirm_pin", "862419").await;
    assert_eq!(outcome.name, "ok");
    assert_eq!(outcome.proof, Some(Proof::Pin { person: ISATU, consented: true }));
    assert_eq!(world.type_pin(&choosing, "confirm_pin", "862419").await.name, "refused", "it was taken");
    let late = Caller { now: world.now + TimeDelta::days(2), ..isatu(&world, 3) };
    assert_eq!(world.type_pin(&late, "verify_pin", "862419").await.name, "ok");
    assert_eq!(world.type_pin(&isatu(&world, 4), "verify_pin", ISATUS_PIN).await.name, "wrong");
    assert!(world.queued(world.now).await.is_empty(), "she knows that she chose it");
}

#[tokio::test]
async fn a_change_of_her_own_pin_is_told_to_her_numbers() {
    let world = World::new().await;
    let known = world.known(FATMATA);
    assert_eq!(world.type_pin(&known, "propose_pin", "862419").await.name, "ok");
    assert_eq!(world.type_pin(&known, "confirm_pin", "862419").await.name, "ok");
    let queued = world.queued(world.now).await;
    assert_eq!(queued.len(), 1);
    assert!(queued[0].0 == "warning" && queued[0].1.contains("changed"), "{queued:?}");
}

#[tokio::test]
async fn who_has_proved_nothing_chooses_nothing() {
    let world = World::new().await;
    for action in ["propose_pin", "confirm_pin"] {
        assert_eq!(world.type_pin(&world.caller(1), action, "862419").await.name, "refused");
    }
}

#[tokio::test]
async fn a_deployment_may_ask_for_more_digits() {
    let world = World::with_settings(|settings| settings.pins.min_length = 6).await;
    let known = world.known(FATMATA);
    assert_eq!(world.type_pin(&known, "propose_pin", "86241").await.name, "length");
    assert_eq!(world.type_pin(&known, "propose_pin", "862419").await.name, "ok");
}

#[tokio::test]
async fn a_turn_that_is_not_committed_leaves_nothing() {
    let world = World::new().await;
    let known = world.known(FATMATA);
    let mut work = None;
    world.try_act(&known, "propose_pin", &[], Some("862419"), &mut work).await.unwrap();
    drop(work);
    assert_eq!(world.type_pin(&known, "confirm_pin", "862419").await.name, "refused");
    assert_eq!(world.count("SELECT count(*) FROM credential WHERE pending_hash IS NOT NULL").await, 0);
}

/// Between the count of a try and the end of its check something comes between, with NEW her credential.
async fn meanwhile(world: &World, something: &str) {
    let function = format!(
        "CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {something}; RETURN NULL; END $$"
    );
    sqlx::query(sqlx::AssertSqlSafe(function)).execute(&world.database.pool).await.unwrap();
    world
        .run(
            "CREATE CONSTRAINT TRIGGER meanwhile AFTER UPDATE ON credential DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW WHEN (OLD.pin_attempts = '{}' AND NEW.pin_attempts <> '{}')
             EXECUTE FUNCTION meanwhile()",
        )
        .await;
}

const REPLACED: &str = "UPDATE credential SET hash = '$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA'
                        WHERE person = NEW.person AND NOT must_change";

#[tokio::test]
async fn a_pin_that_was_replaced_while_it_was_checked_opens_nothing() {
    let world = World::new().await;
    meanwhile(&world, REPLACED).await;
    let outcome = world.type_pin(&world.caller(1), "verify_pin", FATMATAS_PIN).await;
    assert_eq!((outcome.name, outcome.proof), ("wrong", None));
    assert_eq!(outcome.facts, [("left", Value::from(4))]);
    assert!(outcome.effects.is_empty());
}

#[tokio::test]
async fn a_pin_that_was_stopped_while_it_was_checked_opens_nothing() {
    let world = World::new().await;
    meanwhile(&world, "INSERT INTO pin_guard (person, stopped_at) VALUES (NEW.person, now())").await;
    let outcome = world.type_pin(&world.caller(1), "verify_pin", FATMATAS_PIN).await;
    assert_eq!((outcome.name, outcome.proof), ("wrong", None));
    assert_eq!(world.type_pin(&world.caller(2), "verify_pin", FATMATAS_PIN).await.name, "stopped");
}

#[tokio::test]
async fn of_many_who_come_at_once_those_whose_pin_was_replaced_stay_outside() {
    let world = World::new().await;
    meanwhile(&world, REPLACED).await;
    let callers = [world.caller(1), isatu(&world, 2), world.caller(3), isatu(&world, 4)];
    let try_one = |at: usize| {
        let pin = if callers[at].chosen == 0 { FATMATAS_PIN } else { ISATUS_PIN };
        world.type_pin(&callers[at], "verify_pin", pin)
    };
    let (first, second, third, fourth) = tokio::join!(try_one(0), try_one(1), try_one(2), try_one(3));
    let names = [first, second, third, fourth].map(|outcome| outcome.name);
    assert_eq!(names, ["wrong", "must_change", "wrong", "must_change"]);
    let counted = "SELECT sum(cardinality(pin_attempts))::bigint FROM credential WHERE NOT must_change";
    assert_eq!(world.count(counted).await, 2);
    assert_eq!(
        world.count("SELECT sum(cardinality(pin_attempts))::bigint FROM credential WHERE must_change").await,
        0
    );
}

#[tokio::test]
async fn the_hash_follows_the_costs_that_are_set() {
    let world = World::with(|keyring| {
        let dearer = HasherSettings {
            memory_kib: 128,
            passes: 1,
            lanes: 1,
            threads: 1,
            max_wait: Duration::from_mins(1),
        };
        PinHasher::start(dearer, keyring.pepper(), || [8; 16]).unwrap()
    })
    .await;
    assert_eq!(world.type_pin(&world.caller(1), "verify_pin", FATMATAS_PIN).await.name, "ok");
    assert_eq!(world.count("SELECT count(*) FROM credential WHERE hash LIKE '%m=128,%'").await, 1);
    assert_eq!(world.type_pin(&world.caller(2), "verify_pin", FATMATAS_PIN).await.name, "ok");
}

/// One thread, and nobody may wait.
fn impatient(keyring: &mamacare::privacy::Keyring) -> PinHasher {
    let settings =
        HasherSettings { memory_kib: 64, passes: 1, lanes: 1, threads: 1, max_wait: Duration::ZERO };
    PinHasher::start(settings, keyring.pepper(), || [7; 16]).unwrap()
}

/// Gives the one thread of an impatient world a check that outlasts the test.
async fn occupy(world: &World) {
    const ENDLESS: &str = "$argon2id$v=19$m=64,t=10000000,p=1$BwcHBwcHBwcHBwcHBwcHBw$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaY";
    loop {
        let hasher = world.hasher.clone();
        let mut check = Box::pin(async move { hasher.verify("1357", ENDLESS).await });
        // It is in the queue after one poll, unless the check before it is not quite over.
        tokio::select! {
            biased;
            shed = &mut check => assert!(shed.is_err()),
            () = tokio::task::yield_now() => {
                tokio::spawn(check);
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_check_that_was_shed_is_not_counted() {
    let world = World::with(impatient).await;
    occupy(&world).await;
    for session in 1..=7 {
        let outcome = world.type_pin(&world.caller(session), "verify_pin", FATMATAS_PIN).await;
        assert_eq!(outcome.name, "busy");
    }
    assert_eq!(world.count("SELECT count(*) FROM credential WHERE pin_attempts <> '{}'").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM phone WHERE pin_attempts <> '{}'").await, 0);
    for action in ["propose_pin", "confirm_pin"] {
        let known = world.known(FATMATA);
        world.run("UPDATE credential SET pending_hash = hash, pending_session = decode(repeat('c8', 16), 'hex')").await;
        assert_eq!(world.type_pin(&known, action, "862419").await.name, "busy", "{action}");
    }
}
