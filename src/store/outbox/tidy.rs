//! Tidying: what is too late expires also where nothing is sent, what is no longer needed goes.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

/// Rows in one go.
const AT_ONCE: i64 = 5000;

/// How long what is kept.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// The text of a message that was refused, for who puts right what was wrong.
    pub refused: TimeDelta,
    /// Messages that are at their end, with their history.
    pub ended: TimeDelta,
    /// Receipts for messages that nobody knows.
    pub receipts: TimeDelta,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tidied {
    /// Messages that expired while they waited.
    pub expired: u64,
    /// Texts of refused messages that were wiped.
    pub wiped: u64,
    /// Messages that were deleted.
    pub deleted: u64,
    /// Receipts that found no message.
    pub receipts: u64,
}

/// Does some of each; to be called now and then, and again while it finds much.
pub async fn tidy(pool: &PgPool, keep: Keep, now: DateTime<Utc>) -> Result<Tidied, sqlx::Error> {
    Ok(Tidied {
        expired: expire(pool, now).await?,
        wiped: wipe(pool, now - keep.refused).await?,
        deleted: delete(pool, now - keep.ended).await?,
        receipts: forget_receipts(pool, now - keep.receipts).await?,
    })
}

/// Forgets workers that have been gone for a day and have nothing any more.
pub async fn forget_workers(pool: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM outbox_worker WHERE seen_at < $1
         AND NOT EXISTS (SELECT FROM outbox WHERE state = 'sending' AND lease_owner = outbox_worker.id)",
    )
    .bind(now - TimeDelta::days(1))
    .execute(pool)
    .await?;
    Ok(())
}

async fn expire(pool: &PgPool, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE outbox SET state = 'expired', changed_at = $1, body = NULL, recipient = NULL,
             words = 'its time was over'
         WHERE id IN (SELECT id FROM outbox WHERE state = 'queued' AND expires_at <= $1
                      ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(now)
    .bind(AT_ONCE)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

async fn wipe(pool: &PgPool, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE outbox SET body = NULL, recipient = NULL
         WHERE id IN (SELECT id FROM outbox WHERE state = 'failed' AND changed_at < $1 AND body IS NOT NULL
                      ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(before)
    .bind(AT_ONCE)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

async fn delete(pool: &PgPool, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "WITH old AS (
             DELETE FROM outbox WHERE id IN (
                 SELECT id FROM outbox
                 WHERE created_at < $1 AND changed_at < $1 AND state NOT IN ('queued', 'sending')
                 LIMIT $2 FOR UPDATE SKIP LOCKED)
             RETURNING id
         ), history AS (DELETE FROM outbox_event WHERE message IN (SELECT id FROM old))
         SELECT id FROM old",
    )
    .bind(before)
    .bind(AT_ONCE)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

async fn forget_receipts(pool: &PgPool, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let done =
        sqlx::query("DELETE FROM outbox_receipt WHERE received_at < $1").bind(before).execute(pool).await?;
    Ok(done.rows_affected())
}
