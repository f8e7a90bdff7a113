//! Rescue: what a worker had that is no longer there, or that it does not know it has.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use crate::messages::{Attempt, Kind, Next, State, after_crash};

/// Rows in one go.
const AT_ONCE: i64 = 1000;

/// A message that was taken from a dead worker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rescued {
    /// Its row.
    pub id: i64,
    /// What it is for.
    pub kind: Option<Kind>,
    /// Where it is now: queued, to go again, or unknown.
    pub state: State,
}

#[derive(sqlx::FromRow)]
struct Left {
    id: i64,
    kind: String,
    attempts: i16,
    doubts: i16,
    expires_at: DateTime<Utc>,
}

/// Takes back what other workers than `by` had that have not been seen since `dead_since`: it may
/// have left, and the policy of its kind says what follows.
pub async fn rescue_dead(
    pool: &PgPool,
    by: Uuid,
    dead_since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Rescued>, sqlx::Error> {
    let mut work = pool.begin().await?;
    let left: Vec<Left> = sqlx::query_as(
        "SELECT id, kind, attempts, doubts, expires_at FROM outbox
         WHERE state = 'sending' AND lease_until <= $1 AND lease_owner IS DISTINCT FROM $4
           AND NOT EXISTS (SELECT FROM outbox_worker WHERE outbox_worker.id = lease_owner AND seen_at > $2)
         ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED",
    )
    .bind(now)
    .bind(dead_since)
    .bind(AT_ONCE)
    .bind(by)
    .fetch_all(&mut *work)
    .await?;
    let rescued: Vec<Rescued> = left.iter().map(|left| left.rescued(now)).collect();
    let states: Vec<&str> = rescued.iter().map(|rescued| rescued.state.name()).collect();
    sqlx::query(
        "UPDATE outbox SET state = rescued.state, changed_at = $3, lease_until = NULL, lease_owner = NULL,
             words = 'its worker died between claim and mark; it may have left',
             attempts = outbox.attempts + 1,
             doubts = outbox.doubts + (rescued.state = 'queued')::integer,
             not_before = CASE WHEN rescued.state = 'queued' THEN $3 ELSE outbox.not_before END,
             body = CASE WHEN rescued.state = 'queued' THEN outbox.body END,
             recipient = CASE WHEN rescued.state = 'queued' OR outbox.kind = 'pin' THEN outbox.recipient END
         FROM unnest($1::bigint[], $2::text[]) AS rescued (id, state)
         WHERE outbox.id = rescued.id",
    )
    .bind(rescued.iter().map(|rescued| rescued.id).collect::<Vec<_>>())
    .bind(states)
    .bind(now)
    .execute(&mut *work)
    .await?;
    work.commit().await?;
    Ok(rescued)
}

impl Left {
    fn rescued(&self, now: DateTime<Utc>) -> Rescued {
        let kind = Kind::of_name(&self.kind);
        let count = |count: i16| u16::try_from(count).unwrap_or_default();
        let next = kind.map(|kind| {
            after_crash(&Attempt {
                kind,
                attempts: count(self.attempts),
                doubts: count(self.doubts),
                expires_at: self.expires_at,
                now,
                chance: 0.0,
            })
        });
        let state = if matches!(next, Some(Next::Again { .. })) { State::Queued } else { State::Unknown };
        Rescued { id: self.id, kind, state }
    }
}

/// Puts back what a live worker has by the table and not by its own account: the answer to its claim
/// was lost on the way. Nothing of it has left. It must not be claiming meanwhile. Gives how many there
/// were.
pub async fn rescue_own(
    pool: &PgPool,
    owner: Uuid,
    known: &[i64],
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE outbox SET state = 'queued', changed_at = $3, lease_until = NULL, lease_owner = NULL,
             left_at = NULL, words = 'its worker never learnt that it had it'
         WHERE state = 'sending' AND lease_owner = $1 AND id <> ALL ($2)",
    )
    .bind(owner)
    .bind(known)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
