//! What people sent, what staff did about it and what was planned, forgotten after its time.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

/// Rows in one go.
const AT_ONCE: i64 = 5000;

/// Plans are remembered so long, that nothing of a schedule goes twice; no row of it has a longer
/// window.
const PLANS_KEPT: TimeDelta = TimeDelta::days(800);

/// Each forgets some rows that are older than `$1`.
const STATEMENTS: [&str; 3] = [
    "DELETE FROM staff_task WHERE id IN (
         SELECT id FROM staff_task WHERE done_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    "DELETE FROM sms_question WHERE id IN (
         SELECT id FROM sms_question WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    // What staff have not done yet is kept, however old.
    "DELETE FROM sms_inbound WHERE id IN (
         SELECT id FROM sms_inbound AS old WHERE received_at < $1
           AND NOT EXISTS (SELECT FROM staff_task WHERE inbound = old.id)
           AND NOT EXISTS (SELECT FROM sms_question WHERE inbound = old.id)
         LIMIT $2 FOR UPDATE SKIP LOCKED)",
];

const PLANS: &str = "DELETE FROM reminder WHERE ctid IN (
    SELECT ctid FROM reminder WHERE send_on < $1::date AND state <> 'queued' LIMIT $2 FOR UPDATE SKIP LOCKED)";

/// Forgets some of each that ended before then; gives how many rows. To be called again while it finds
/// many.
pub async fn forget(pool: &PgPool, before: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let mut rows = 0;
    for (statement, before) in
        STATEMENTS.into_iter().map(|statement| (statement, before)).chain([(PLANS, now - PLANS_KEPT)])
    {
        let done = sqlx::query(statement).bind(before).bind(AT_ONCE).execute(pool).await?;
        rows += done.rows_affected();
    }
    Ok(rows)
}
