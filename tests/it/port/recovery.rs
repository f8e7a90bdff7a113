//! A new PIN by SMS, a facility's details by SMS.

use chrono::TimeDelta;
use mamacare::menu::Value;
use mamacare::ussd::port::{Caller, Outcome, Proof};

use super::world::{BO_HOSPITAL, FATMATA, FATMATAS_PIN, World, commit};

const RIGHT: &[(&str, &str)] = &[("birth_year", "1998")];
const WRONG: &[(&str, &str)] = &[("birth_year", "1999")];

fn minutes(outcome: &Outcome) -> i64 {
    match outcome.facts.as_slice() {
        [("minutes", Value::Number(minutes))] if outcome.name == "wait" => *minutes,
        _ => panic!("{outcome:?}"),
    }
}

fn later(world: &World, session: u8, minutes: i64) -> Caller {
    Caller { now: world.now + TimeDelta::minutes(minutes), ..world.caller(session) }
}

#[tokio::test]
async fn a_new_pin_is_on_its_way_and_the_old_one_is_gone() {
    let world = World::new().await;
    let outcome = world.act(&world.caller(1), "recover_pin", RIGHT).await;
    assert_eq!((outcome.name, outcome.proof), ("sent", None));
    let pin = world.sent_pin(world.now).await;
    assert_eq!(world.type_pin(&world.caller(2), "verify_pin", FATMATAS_PIN).await.name, "wrong");
    let outcome = world.type_pin(&world.caller(3), "verify_pin", &pin).await;
    assert_eq!((outcome.name, outcome.proof), ("must_change", Some(Proof::Choosing { person: FATMATA })));
    assert_eq!(world.type_pin(&later(&world, 4, 24 * 60), "verify_pin", &pin).await.name, "expired");
    assert!(world.queued(world.now + TimeDelta::minutes(10)).await.is_empty(), "not sent late");
}

#[tokio::test]
async fn the_answer_does_not_say_whether_the_year_was_right() {
    let world = World::new().await;
    let wrong = world.act(&world.caller(1), "recover_pin", WRONG).await;
    assert!(world.queued(world.now).await.is_empty());
    assert_eq!(world.type_pin(&world.caller(2), "verify_pin", FATMATAS_PIN).await.name, "ok");
    let nonsense = world.act(&later(&world, 3, 10), "recover_pin", &[("birth_year", "x")]).await;
    let right = world.act(&later(&world, 4, 20), "recover_pin", RIGHT).await;
    assert_eq!(wrong, right);
    assert_eq!(nonsense, right);
    // Nor does it say whether there is anybody at all.
    let nobody = Caller { chosen: 5, ..world.caller_at("+23277000009", 5) };
    assert_eq!(world.act(&nobody, "recover_pin", RIGHT).await, right);
}

#[tokio::test]
async fn one_in_ten_minutes_and_three_a_day() {
    let world = World::new().await;
    assert_eq!(world.act(&world.caller(1), "recover_pin", WRONG).await.name, "sent");
    assert_eq!(minutes(&world.act(&later(&world, 2, 3), "recover_pin", RIGHT).await), 7);
    assert_eq!(world.act(&later(&world, 3, 10), "recover_pin", WRONG).await.name, "sent");
    assert_eq!(world.act(&later(&world, 4, 20), "recover_pin", WRONG).await.name, "sent");
    assert_eq!(minutes(&world.act(&later(&world, 5, 40), "recover_pin", RIGHT).await), 24 * 60 - 40);
    assert_eq!(world.act(&later(&world, 6, 24 * 60), "recover_pin", RIGHT).await.name, "sent");
    assert_eq!(world.count("SELECT count(*) FROM phone_request").await, 3, "what is past is forgotten");
}

#[tokio::test]
async fn a_repeated_turn_sends_one() {
    let world = World::new().await;
    for _ in 0..3 {
        assert_eq!(world.act(&world.caller(1), "recover_pin", RIGHT).await.name, "sent");
    }
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 1);
    let pin = world.sent_pin(world.now).await;
    assert_eq!(world.type_pin(&world.caller(2), "verify_pin", &pin).await.name, "must_change");
}

#[tokio::test]
async fn the_same_turn_at_two_nodes_sends_one() {
    let world = World::new().await;
    let caller = world.caller(1);
    let once = || async {
        let outcome = world.act(&caller, "recover_pin", RIGHT).await;
        assert_eq!(outcome.name, "sent");
    };
    tokio::join!(once(), once(), once());
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 1);
}

#[tokio::test]
async fn never_more_than_one_live_pin() {
    let world = World::new().await;
    world.act(&world.caller(1), "recover_pin", RIGHT).await;
    let first = world.sent_pin(world.now).await;
    world.act(&later(&world, 2, 10), "recover_pin", RIGHT).await;
    let states = "SELECT count(*) FROM outbox WHERE state = 'cancelled' AND body IS NULL";
    assert_eq!(world.count(states).await, 1);
    let second = world.sent_pin(world.now + TimeDelta::minutes(10)).await;
    assert_ne!(first, second);
    assert_eq!(world.type_pin(&later(&world, 3, 11), "verify_pin", &first).await.name, "wrong");
    assert_eq!(world.type_pin(&later(&world, 4, 11), "verify_pin", &second).await.name, "must_change");
}

#[tokio::test]
async fn a_new_pin_opens_a_lock_after_a_wait() {
    let world = World::with_settings(|settings| settings.guard.unlock_after = TimeDelta::minutes(20)).await;
    for session in 1..=5 {
        world.type_pin(&world.caller(session), "verify_pin", "1111").await;
    }
    assert_eq!(world.type_pin(&world.caller(6), "verify_pin", FATMATAS_PIN).await.name, "locked");
    let outcome = world.act(&world.caller(7), "recover_pin", RIGHT).await;
    assert_eq!((outcome.name, outcome.facts), ("sent_later", vec![("minutes", Value::from(20))]));
    let pin = world.sent_pin(world.now).await;
    assert_eq!(world.type_pin(&later(&world, 8, 19), "verify_pin", &pin).await.name, "locked");
    assert_eq!(world.type_pin(&later(&world, 9, 20), "verify_pin", &pin).await.name, "must_change");
}

#[tokio::test]
async fn four_wrong_ones_before_it_are_forgotten() {
    let world = World::new().await;
    for session in 1..=4 {
        world.type_pin(&world.caller(session), "verify_pin", "1111").await;
    }
    assert_eq!(world.act(&world.caller(5), "recover_pin", RIGHT).await.name, "sent");
    let outcome = world.type_pin(&world.caller(6), "verify_pin", "1112").await;
    assert_eq!((outcome.name, outcome.facts), ("wrong", vec![("left", Value::from(4))]));
}

#[tokio::test]
async fn it_reaches_a_number_that_stopped_messages() {
    let world = World::new().await;
    world.act(&world.caller(1), "recover_pin", RIGHT).await;
    world.act(&world.caller(2), "stop_messages", &[]).await;
    assert_eq!(world.queued(world.now).await.len(), 1);
}

#[tokio::test]
async fn a_turn_that_is_not_committed_leaves_nothing() {
    let world = World::new().await;
    let mut work = None;
    world.try_act(&world.caller(1), "recover_pin", RIGHT, None, &mut work).await.unwrap();
    drop(work);
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM phone_request").await, 0);
    assert_eq!(world.type_pin(&world.caller(2), "verify_pin", FATMATAS_PIN).await.name, "ok");
}

#[tokio::test]
async fn a_facility_is_sent_to_anybody() {
    let world = World::new().await;
    let id = BO_HOSPITAL.to_string();
    let anybody = world.caller_at("+23277000009", 1);
    assert_eq!(world.act(&anybody, "send_clinic", &[("id", &id)]).await.name, "sent");
    let queued = world.queued(world.now).await;
    assert_eq!(queued, [("answer".to_owned(), "Bo Government Hospital\nBo".to_owned())]);
    assert_eq!(world.act(&anybody, "send_clinic", &[("id", &id)]).await.name, "sent", "a repeat");
    assert_eq!(world.queued(world.now).await.len(), 1);
    for id in ["", "x", "99998"] {
        assert_eq!(world.act(&anybody, "send_clinic", &[("id", id)]).await.name, "unknown", "{id}");
    }
    for session in 2..=3 {
        let again = world.caller_at("+23277000009", session);
        assert_eq!(world.act(&again, "send_clinic", &[("id", &id)]).await.name, "sent");
    }
    let outcome = world.act(&world.caller_at("+23277000009", 4), "send_clinic", &[("id", &id)]).await;
    assert_eq!(minutes(&outcome), 10);
    let other = world.act(&world.caller_at("+23277000010", 5), "send_clinic", &[("id", &id)]).await;
    assert_eq!(other.name, "sent", "each number has its own limit");
}

#[tokio::test]
async fn limits_hold_however_many_turns_come_at_once() {
    let world = World::new().await;
    let id = BO_HOSPITAL.to_string();
    let one = async |session: u8| {
        let mut work = None;
        let caller = world.caller(session);
        let outcome = world.try_act(&caller, "send_clinic", &[("id", &id)], None, &mut work).await.unwrap();
        commit(work).await;
        outcome.name
    };
    let (first, second, third, fourth, fifth) = tokio::join!(one(1), one(2), one(3), one(4), one(5));
    let sent = [first, second, third, fourth, fifth].iter().filter(|name| **name == "sent").count();
    assert_eq!(sent, 3);
}
