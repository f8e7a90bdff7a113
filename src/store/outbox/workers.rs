//! Workers that send: each tells now and then that it lives.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

/// Says that the worker lives.
pub async fn beat(pool: &PgPool, worker: Uuid, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO outbox_worker (id, started_at, seen_at) VALUES ($1, $2, $2)
         ON CONFLICT (id) DO UPDATE SET seen_at = greatest(outbox_worker.seen_at, excluded.seen_at)",
    )
    .bind(worker)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(())
}

/// How many workers have been seen since then; a rate is shared between them.
pub async fn live(pool: &PgPool, since: DateTime<Utc>) -> Result<u32, sqlx::Error> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox_worker WHERE seen_at > $1")
        .bind(since)
        .fetch_one(pool)
        .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Says that the worker has ended, and has nothing any more.
pub async fn retire(pool: &PgPool, worker: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM outbox_worker WHERE id = $1
         AND NOT EXISTS (SELECT FROM outbox WHERE state = 'sending' AND lease_owner = $1)",
    )
    .bind(worker)
    .execute(pool)
    .await?;
    Ok(())
}
