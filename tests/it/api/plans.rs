//! No request reads a large table from end to end: every query has its index.

use sqlx::{Connection, PgConnection};

use super::world::World;
use super::{every_route, old_clients};

/// Tables with a row or more for each patient, visit, message or request.
const LARGE: [&str; 23] = [
    "access_log",
    "appointment",
    "child",
    "consent",
    "credential",
    "immunisation",
    "mailed_token",
    "medicine",
    "once",
    "opened_record",
    "outbox",
    "person",
    "person_phone",
    "phone",
    "phone_request",
    "pregnancy",
    "profile",
    "record_change",
    "record_copy",
    "referral",
    "referral_feedback",
    "sign_in",
    "visit",
];

/// Large tables that were read from end to end, and how often.
async fn scanned(world: &World) -> Vec<(String, i64)> {
    // Each connection keeps its counts for a while; one that is ended hands them in, whoever had it.
    let mut counting = PgConnection::connect(&world.database.url()).await.unwrap();
    let ended: Vec<bool> = sqlx::query_scalar(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
    )
    .fetch_all(&mut counting)
    .await
    .unwrap();
    assert!(!ended.is_empty() && ended.into_iter().all(|ended| ended));
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT relname::text, seq_scan FROM pg_stat_user_tables WHERE relname = ANY ($1) AND seq_scan > 0 ORDER BY 1",
    )
    .bind(LARGE.map(str::to_owned).to_vec())
    .fetch_all(&mut counting)
    .await
    .unwrap();
    rows
}

#[tokio::test]
async fn no_request_reads_a_large_table_from_end_to_end() {
    let known: i64 = {
        let world = World::new().await;
        sqlx::query_scalar("SELECT count(*) FROM pg_stat_user_tables WHERE relname = ANY ($1)")
            .bind(LARGE.map(str::to_owned).to_vec())
            .fetch_one(&world.database.pool)
            .await
            .unwrap()
    };
    assert_eq!(usize::try_from(known).unwrap(), LARGE.len(), "a table of the list is not there");
    let world = old_clients::tell(World::without_sequential_scans().await).await;
    assert_eq!(scanned(&world).await, [], "by the old routes");
    let world = every_route::tell(World::without_sequential_scans().await).await;
    assert_eq!(scanned(&world).await, [], "by the routes");
    let world = World::without_sequential_scans().await;
    let nurse = world.sign_in("nurse").await;
    let patient = world.patient(&nurse, "Aminata", None).await;
    while super::copies::copy(&world).await > 0 {}
    assert!(super::copies::is_copied(&world, patient).await);
    assert_eq!(scanned(&world).await, [], "by copying a record and reading its copy");
    // The counters do see what has no index.
    sqlx::query("SELECT FROM visit WHERE kind = 'other'").execute(&world.database.pool).await.unwrap();
    assert_eq!(scanned(&world).await, [("visit".to_owned(), 1)]);
}
