//! PINs of which nobody knows whether they arrived.

use std::sync::Arc;
use std::time::Duration;

use mamacare::app::clock::Clock;
use mamacare::app::outbox::PinRenewal;
use mamacare::identity::PinPolicy;
use mamacare::ussd::port::Caller;

use super::world::{Shelf, World};

const DOUBTFUL: &str = "UPDATE outbox SET state = 'unknown', body = NULL, changed_at = '2026-11-24T08:30:05Z'
     WHERE kind = 'pin' AND state = 'queued'";

fn renewal(world: &World, clock: &Clock) -> PinRenewal<Shelf> {
    PinRenewal {
        pool: world.database.pool.clone(),
        vault: Arc::clone(&world.vault),
        clock: clock.clone(),
        hasher: world.hasher.clone(),
        pins: PinPolicy::default(),
        menus: world.menus.clone(),
        service_code: "*468#".to_owned(),
    }
}

/// A PIN that she asked for, whose message may or may not have left.
async fn doubtful() -> (World, Clock, String) {
    let world = World::new().await;
    world.act(&world.caller(1), "recover_pin", &[("birth_year", "1998")]).await;
    let pin = world.sent_pin(world.now).await;
    world.run(DOUBTFUL).await;
    let clock = Clock::manual(world.now);
    (world, clock, pin)
}

async fn opens(world: &World, clock: &Clock, session: u8, pin: &str) -> bool {
    let caller = Caller { now: clock.now(), ..world.caller(session) };
    world.type_pin(&caller, "verify_pin", pin).await.name == "must_change"
}

#[tokio::test]
async fn another_is_made_and_the_one_before_counts_no_longer() {
    let (world, clock, first) = doubtful().await;
    let renewal = renewal(&world, &clock);
    assert_eq!(renewal.run().await, 0, "a receipt may still come");
    clock.advance(Duration::from_secs(30));
    assert_eq!(renewal.run().await, 1);
    assert_eq!(renewal.run().await, 0, "once");
    let second = world.sent_pin(clock.now()).await;
    assert_ne!(first, second);
    assert!(!opens(&world, &clock, 2, &first).await, "never more than one PIN counts");
    assert!(opens(&world, &clock, 3, &second).await);
    let noted =
        "SELECT count(*) FROM access_log WHERE actor_kind = 'system' AND act = 'change' AND what = 'pin'";
    assert_eq!(world.count(noted).await, 1);
}

#[tokio::test]
async fn it_is_made_anew_twice_at_most() {
    let (world, clock, _) = doubtful().await;
    let renewal = renewal(&world, &clock);
    let mut made = 0;
    for _ in 0..5 {
        clock.advance(Duration::from_secs(30));
        made += renewal.run().await;
        world.run(DOUBTFUL).await;
    }
    assert_eq!(made, 2);
}

#[tokio::test]
async fn nothing_is_made_where_it_arrived_after_all() {
    let (world, clock, first) = doubtful().await;
    assert!(opens(&world, &clock, 2, &first).await, "she has it");
    let renewal = renewal(&world, &clock);
    world.run("UPDATE outbox SET state = 'delivered' WHERE kind = 'pin'").await;
    clock.advance(Duration::from_secs(30));
    assert_eq!(renewal.run().await, 0, "a receipt came");
    world.run("UPDATE outbox SET state = 'unknown' WHERE kind = 'pin'").await;
    world.run("UPDATE credential SET must_change = false, expires_at = NULL, changed_at = changed_at + interval '1 s'").await;
    assert_eq!(renewal.run().await, 0, "she chose her own");
}

#[tokio::test]
async fn two_nodes_make_one() {
    let (world, clock, _) = doubtful().await;
    let (one, other) = (renewal(&world, &clock), renewal(&world, &clock));
    clock.advance(Duration::from_secs(30));
    let (a, b) = tokio::join!(one.run(), other.run());
    assert_eq!(a + b, 1);
}
