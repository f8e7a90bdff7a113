//! Sign-ins that nobody has time to check: they are told so, and do not count as tries.

use std::time::Duration;

use futures_util::FutureExt;
use mamacare::identity::{HasherSettings, PinHasher};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::api::world::{PASSWORD, World, address};

const PHONE: &str = "+23276000001";
const PIN: &str = "480625";

/// A world with a patient who has a PIN, whose one thread checks slowly enough to be filled with ease.
async fn world() -> World {
    let world = World::with_costs(HasherSettings {
        memory_kib: 1024,
        passes: 1,
        lanes: 1,
        threads: 1,
        max_wait: Duration::from_secs(2),
    })
    .await;
    let nurse = world.sign_in("nurse").await;
    world.patient(&nurse, "Aminata", Some(PHONE)).await;
    world.chosen_pin(PHONE, PIN).await;
    world
}

/// Gives the one thread a check that outlasts the test, and lets as many wait for it as may.
async fn fill(hasher: &PinHasher) {
    const ENDLESS: &str = "$argon2id$v=19$m=64,t=10000000,p=1$BwcHBwcHBwcHBwcHBwcHBw$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaY";
    let held = hasher.clone();
    let mut first = Box::pin(async move { held.verify(PIN, ENDLESS).await });
    assert!(first.as_mut().now_or_never().is_none(), "there is room for it");
    tokio::spawn(first);
    while hasher.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    while hasher.verify(PIN, ENDLESS).now_or_never().is_none() {}
}

/// Fills the hasher while a request is between being let in and being counted, which that statement keeps it from:
/// the request's status.
async fn overtaken(world: &World, hold: &'static str, path: &str, body: &Value) -> u16 {
    let pool = &world.database.pool;
    let mut holding = pool.begin().await.unwrap();
    sqlx::query(hold).execute(&mut *holding).await.unwrap();
    let request = world.call("POST", path, None, Some(body.clone()));
    let overtaking = async {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while count(pool, waiting).await == 0 {
            tokio::task::yield_now().await;
        }
        fill(&world.hasher).await;
        holding.commit().await.unwrap();
    };
    let (told, ()) = tokio::join!(request, overtaking);
    told.status.as_u16()
}

async fn count(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn a_pin_that_was_counted_and_could_not_be_checked_is_taken_back() {
    let world = world().await;
    let pool = &world.database.pool;
    let tries = "SELECT coalesce(sum(cardinality(pin_attempts)), 0) FROM credential";
    let of_phone = "SELECT coalesce(sum(cardinality(pin_attempts)), 0) FROM phone";
    for _ in 0..4 {
        let wrong = json!({"phone": PHONE, "pin": "111213"});
        world.call("POST", "/api/patient/login", None, Some(wrong)).await.expect(401);
    }
    // This one would be the fifth, which locks.
    let body = json!({"phone": PHONE, "pin": PIN});
    let hold = "SELECT FROM phone FOR UPDATE";
    assert_eq!(overtaken(&world, hold, "/api/patient/login", &body).await, 503);
    assert_eq!((count(pool, tries).await, count(pool, of_phone).await), (4, 4));
    let locked = "SELECT (SELECT count(pin_locked_until) FROM credential) + (SELECT count(pin_locked_until) FROM phone)";
    assert_eq!(count(pool, locked).await, 0);
    // Who finds it full is not counted in the first place.
    for path in ["/api/patient/login", "/api/mobile/auth"] {
        world.call("POST", path, None, Some(body.clone())).await.expect(503);
    }
    assert_eq!((count(pool, tries).await, count(pool, of_phone).await), (4, 4));
}

#[tokio::test]
async fn so_is_one_of_a_number_that_has_no_pin() {
    let world = world().await;
    let pool = &world.database.pool;
    sqlx::query("DELETE FROM credential").execute(pool).await.unwrap();
    let body = json!({"phone": PHONE, "pin": PIN});
    let hold = "SELECT FROM phone FOR UPDATE";
    assert_eq!(overtaken(&world, hold, "/api/patient/login", &body).await, 503);
    assert_eq!(count(pool, "SELECT count(*) FROM phone WHERE pin_attempts <> '{}'").await, 0);
}

#[tokio::test]
async fn so_is_a_password() {
    let world = world().await;
    let pool = &world.database.pool;
    let tries = "SELECT coalesce(sum(cardinality(attempts)), 0) FROM staff_guard";
    for _ in 0..7 {
        let wrong = json!({"email": address("nurse"), "password": "wrong wrong wrong"});
        world.call("POST", "/api/login", None, Some(wrong)).await.expect(401);
    }
    // This one would be the eighth, which locks.
    let body = json!({"email": address("nurse"), "password": PASSWORD});
    let hold = "SELECT FROM staff_guard FOR UPDATE";
    assert_eq!(overtaken(&world, hold, "/api/login", &body).await, 503);
    assert_eq!(count(pool, tries).await, 7);
    assert_eq!(count(pool, "SELECT count(locked_until) FROM staff_guard").await, 0);
    for name in ["nurse", "nobody"] {
        let body = json!({"email": address(name), "password": PASSWORD});
        world.call("POST", "/api/login", None, Some(body)).await.expect(503);
    }
    assert_eq!(count(pool, tries).await, 7);
}
