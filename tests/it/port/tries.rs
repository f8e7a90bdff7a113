//! Wrong PINs: counted before they are checked, once each, then a lock.

use std::time::Duration;

use chrono::TimeDelta;
use mamacare::menu::Value;
use mamacare::ussd::port::{Caller, Outcome};

use super::world::{FATMATAS_PIN, ISATUS_PIN, World};

fn left(outcome: &Outcome) -> i64 {
    match outcome.facts.as_slice() {
        [("left", Value::Number(left))] if outcome.name == "wrong" => *left,
        _ => panic!("{outcome:?}"),
    }
}

fn minutes(outcome: &Outcome) -> i64 {
    match outcome.facts.as_slice() {
        [("minutes", Value::Number(minutes))] if outcome.name == "locked" => *minutes,
        _ => panic!("{outcome:?}"),
    }
}

async fn lock(world: &World, from: u8) -> Outcome {
    for session in from..from + 4 {
        world.type_pin(&world.caller(session), "verify_pin", "1111").await;
    }
    world.type_pin(&world.caller(from + 4), "verify_pin", "1111").await
}

#[tokio::test]
async fn five_wrong_ones_lock_for_longer_each_time() {
    let world = World::new().await;
    for (session, expected) in (1..=4).zip([4, 3, 2, 1]) {
        let outcome = world.type_pin(&world.caller(session), "verify_pin", "1111").await;
        assert_eq!(left(&outcome), expected);
    }
    let outcome = world.type_pin(&world.caller(5), "verify_pin", "1111").await;
    assert_eq!(minutes(&outcome), 30);
    let outcome = world.type_pin(&world.caller(6), "verify_pin", FATMATAS_PIN).await;
    assert_eq!(minutes(&outcome), 30, "the right one does not open it either");
    assert_eq!(world.count("SELECT count(*) FROM access_log WHERE act = 'sign_in_failed'").await, 5);
    let later = Caller { now: world.now + TimeDelta::minutes(30), ..world.caller(7) };
    assert_eq!(left(&world.type_pin(&later, "verify_pin", "1111").await), 4);
    let right = Caller { session: mamacare::ussd::SessionKey([8; 16]), ..later.clone() };
    assert_eq!(world.type_pin(&right, "verify_pin", FATMATAS_PIN).await.name, "ok");
    assert_eq!(
        world.count("SELECT count(*) FROM credential WHERE pin_locks > 0 OR pin_attempts <> '{}'").await,
        0
    );
    assert_eq!(
        world.count("SELECT count(*) FROM phone WHERE pin_locks > 0 OR pin_attempts <> '{}'").await,
        0
    );
}

#[tokio::test]
async fn a_second_lock_is_twice_as_long() {
    let mut world = World::new().await;
    assert_eq!(minutes(&lock(&world, 1).await), 30);
    world.now += TimeDelta::minutes(30);
    assert_eq!(minutes(&lock(&world, 11).await), 60);
}

#[tokio::test]
async fn a_lock_is_told_to_its_owner_once() {
    let world = World::new().await;
    lock(&world, 1).await;
    // The same turn, come again.
    world.type_pin(&world.caller(5), "verify_pin", "1111").await;
    let queued = world.queued(world.now).await;
    assert_eq!(queued.len(), 1, "{queued:?}");
    assert!(queued[0].0 == "warning" && queued[0].1.contains("30 minutes"), "{queued:?}");
    assert!(world.queued(world.now + TimeDelta::minutes(30)).await.is_empty(), "then it is of no use");
}

#[tokio::test]
async fn a_number_that_takes_no_messages_is_not_told() {
    let world = World::new().await;
    world.act(&world.caller(100), "stop_messages", &[]).await;
    lock(&world, 1).await;
    assert!(world.queued(world.now).await.is_empty());
}

#[tokio::test]
async fn the_same_turn_counts_once() {
    let world = World::new().await;
    for _ in 0..3 {
        let outcome = world.type_pin(&world.caller(1), "verify_pin", "1111").await;
        assert_eq!(left(&outcome), 4);
    }
    let other_pin = world.type_pin(&world.caller(1), "verify_pin", "2222").await;
    assert_eq!(left(&other_pin), 3, "another PIN in its place is another try");
}

#[tokio::test]
async fn a_try_stays_counted_when_its_turn_is_not_committed() {
    let world = World::new().await;
    let mut work = None;
    world.try_act(&world.caller(1), "verify_pin", &[], Some("1111"), &mut work).await.unwrap();
    drop(work);
    assert_eq!(left(&world.type_pin(&world.caller(2), "verify_pin", "1111").await), 3);
    let mut work = None;
    world.try_act(&world.caller(3), "verify_pin", &[], Some(FATMATAS_PIN), &mut work).await.unwrap();
    drop(work);
    let after = left(&world.type_pin(&world.caller(4), "verify_pin", "1111").await);
    assert_eq!(after, 4, "a right one excuses the wrong ones before it all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_than_five_are_checked_however_many_come_at_once() {
    let world = std::sync::Arc::new(World::new().await);
    let tries: Vec<_> = (0..40)
        .map(|session| {
            let world = std::sync::Arc::clone(&world);
            tokio::spawn(async move {
                let pin = format!("{:04}", 3000 + u16::from(session));
                world.type_pin(&world.caller(session), "verify_pin", &pin).await
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for outcome in tries {
        outcomes.push(outcome.await.unwrap());
    }
    let mut told: Vec<i64> = outcomes.iter().filter(|outcome| outcome.name == "wrong").map(left).collect();
    told.sort_unstable();
    assert_eq!(told, [1, 2, 3, 4]);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.name == "locked").count(), 36);
    let checked = "SELECT count(*) FROM access_log WHERE act = 'sign_in_failed'";
    assert_eq!(world.count(checked).await, 5, "the fifth was checked and locked");
    assert_eq!(
        world
            .count("SELECT cardinality(pin_attempts)::bigint FROM credential WHERE pin_attempts <> '{}'")
            .await,
        5
    );
}

#[tokio::test]
async fn people_on_one_phone_are_counted_apart_and_the_phone_over_all() {
    let world = World::new().await;
    let isatu = |session| Caller { chosen: 1, ..world.caller(session) };
    for session in 1..=4 {
        world.type_pin(&world.caller(session), "verify_pin", "1111").await;
    }
    assert_eq!(left(&world.type_pin(&isatu(5), "verify_pin", "1111").await), 4);
    for session in 6..=8 {
        world.type_pin(&isatu(session), "verify_pin", "1111").await;
    }
    // Eight wrong from this phone: two are left on it, and one for each of them.
    assert_eq!(minutes(&world.type_pin(&isatu(9), "verify_pin", "1111").await), 30);
    assert_eq!(minutes(&world.type_pin(&world.caller(10), "verify_pin", "1111").await), 30);
    // The phone is locked over all now, also for somebody who has no PIN.
    world.run("DELETE FROM credential").await;
    assert_eq!(minutes(&world.type_pin(&world.caller(11), "verify_pin", "1111").await), 30);
}

#[tokio::test]
async fn a_right_pin_of_one_does_not_excuse_wrong_ones_of_another() {
    let world = World::new().await;
    let isatu = |session| Caller { chosen: 1, ..world.caller(session) };
    for session in 1..=4 {
        world.type_pin(&world.caller(session), "verify_pin", "1111").await;
    }
    assert_eq!(world.type_pin(&isatu(5), "verify_pin", ISATUS_PIN).await.name, "must_change");
    assert_eq!(minutes(&world.type_pin(&world.caller(6), "verify_pin", "1111").await), 30);
}

/// A check of hers takes minutes, and nobody waits for that long.
async fn slow() -> World {
    let world = World::with_settings(|settings| settings.check_within = Duration::from_millis(50)).await;
    world
        .run(
            "UPDATE credential SET hash = '$argon2id$v=19$m=65536,t=5000,p=1$BwcHBwcHBwcHBwcHBwcHBw$\
             AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'",
        )
        .await;
    world
}

const COUNTED: &str = "\
SELECT (SELECT count(*) FROM credential WHERE pin_attempts <> '{}') + \
       (SELECT count(*) FROM phone WHERE pin_attempts <> '{}')";

#[tokio::test]
async fn a_try_that_could_not_be_checked_in_time_does_not_count() {
    let world = slow().await;
    for session in 1..=6 {
        let outcome = world.type_pin(&world.caller(session), "verify_pin", "1111").await;
        assert_eq!(outcome.name, "busy");
        assert_eq!(world.count(COUNTED).await, 0);
    }
    assert_eq!(world.count("SELECT count(*) FROM access_log WHERE act = 'sign_in_failed'").await, 0);
}

#[tokio::test]
async fn it_stays_counted_where_another_node_takes_the_same_turn() {
    let world = slow().await;
    let mut work = None;
    let outcome = world.try_act(&world.caller(1), "verify_pin", &[], Some("1111"), &mut work).await.unwrap();
    assert_eq!(outcome.name, "busy");
    // The turn of this node is not committed then.
    drop(work);
    assert_eq!(world.count(COUNTED).await, 2, "for the person and for the number");
}
