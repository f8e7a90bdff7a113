//! Answers kept for an `Idempotency-Key`: who asks again with the same key gets the same answer, and
//! nothing is created twice.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use crate::privacy::Keyring;

const ANSWER: &str = "once.answer";

/// Answers are forgotten after this long.
const REMEMBERED: TimeDelta = TimeDelta::days(1);

/// One request with its key.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Who asks.
    pub actor: Uuid,
    /// Keyed digest of the key and the route.
    pub key: [u8; 32],
    /// Keyed digest of what was asked.
    pub request: [u8; 32],
}

/// Whether it was asked before.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Before {
    /// No; go on, and [`keep`] the answer.
    No,
    /// Yes: this was the answer.
    Answered(Vec<u8>),
    /// The key came with another request.
    Another,
}

impl Asked {
    fn bound(&self) -> Vec<u8> {
        [self.actor.as_bytes().as_slice(), &self.key].concat()
    }
}

/// Looks for an earlier answer, and holds the key until the transaction ends: of two at once, the
/// second waits for the first.
pub async fn before(
    work: &mut PgConnection,
    keyring: &Keyring,
    asked: &Asked,
    now: DateTime<Utc>,
) -> Result<Before, StoreError> {
    let lock = asked.key.first_chunk::<8>().map_or(0, |octets| i64::from_be_bytes(*octets));
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(lock).execute(&mut *work).await?;
    sqlx::query("DELETE FROM once WHERE created_at < $1").bind(now - REMEMBERED).execute(&mut *work).await?;
    let row: Option<(Vec<u8>, Vec<u8>)> =
        sqlx::query_as("SELECT request, answer FROM once WHERE actor = $1 AND key = $2")
            .bind(asked.actor)
            .bind(asked.key)
            .fetch_optional(work)
            .await?;
    Ok(match row {
        None => Before::No,
        Some((request, _)) if request != asked.request => Before::Another,
        Some((_, answer)) => {
            keyring.open(ANSWER, &asked.bound(), &answer).map_or(Before::Another, Before::Answered)
        }
    })
}

/// Keeps the answer, in the transaction of what it tells of.
pub async fn keep(
    work: &mut PgConnection,
    keyring: &Keyring,
    asked: &Asked,
    answer: &[u8],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO once (actor, key, request, answer, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(asked.actor)
        .bind(asked.key)
        .bind(asked.request)
        .bind(keyring.seal(ANSWER, &asked.bound(), answer))
        .bind(now)
        .execute(work)
        .await?;
    Ok(())
}
