//! What is old goes by itself, once a day, and the report says so.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mamacare::app::clock::Clock;
use mamacare::app::retention::round;
use mamacare::store::retention::{RULES, report};

use crate::harness::TestDatabase;

async fn asked(database: &TestDatabase, name: &str, at: DateTime<Utc>) {
    sqlx::query(
        "INSERT INTO phone_request (phone, kind, cause, at) SELECT key, 'register', $1, $2 FROM phone",
    )
    .bind(name.as_bytes())
    .bind(at)
    .execute(&database.pool)
    .await
    .unwrap();
}

async fn left(database: &TestDatabase) -> Vec<Vec<u8>> {
    sqlx::query_scalar("SELECT cause FROM phone_request ORDER BY cause")
        .fetch_all(&database.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_old_goes_once_a_day_and_is_reported() {
    let database = TestDatabase::new().await;
    let now: DateTime<Utc> = "2026-11-24T08:00:00Z".parse().unwrap();
    let clock = Clock::manual(now);
    sqlx::query("INSERT INTO phone (key) VALUES ($1)")
        .bind([1_u8; 16])
        .execute(&database.pool)
        .await
        .unwrap();
    asked(&database, "old", now - TimeDelta::hours(49)).await;
    asked(&database, "young", now - TimeDelta::hours(10)).await;
    assert_eq!(round(&database.pool, &clock).await.unwrap(), 1);
    assert_eq!(left(&database).await, [b"young".to_vec()]);
    // A second node, or a second round, on the same day.
    asked(&database, "older", now - TimeDelta::days(5)).await;
    assert_eq!(round(&database.pool, &clock).await.unwrap(), 0);
    clock.advance(Duration::from_hours(24));
    assert_eq!(round(&database.pool, &clock).await.unwrap(), 1);
    assert_eq!(left(&database).await, [b"young".to_vec()]);
    let mut connection = database.pool.acquire().await.unwrap();
    let runs = report(&mut connection, now.date_naive()).await.unwrap();
    assert_eq!(runs.len(), 2 * RULES.len());
    let of_requests: Vec<i64> =
        runs.iter().filter(|run| run.rule == "requests").map(|run| run.rows).collect();
    assert_eq!(of_requests, [1, 1]);
}

#[tokio::test]
async fn every_rule_runs_as_the_role_of_a_node() {
    let database = TestDatabase::new().await;
    let url = database.url_as(mamacare::store::roles::APPLICATION);
    let pool = sqlx::PgPool::connect(&url).await.unwrap();
    let clock = Clock::manual("2026-11-24T08:00:00Z".parse().unwrap());
    assert_eq!(round(&pool, &clock).await.unwrap(), 0);
    pool.close().await;
}
