//! Sessions in PostgreSQL. Reads of many dialling phones go in one query, writes of many turns in
//! one transaction: a commit costs one flush to disk, whoever shares it.

mod columns;
mod menus;
mod open;
mod write;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, Transaction};

use crate::privacy::Keyring;
use crate::ussd::port::{Effect, Opening, Stored};
use crate::ussd::{Session, SessionKey};

use super::batch::{Batcher, Gather, Line};

/// Turns in one transaction at most.
const MOST_WRITES: usize = 256;
/// Dialling phones in one query at most.
const MOST_OPENINGS: usize = 128;
/// Transactions under way at once, where some are held up.
const WRITE_LANES: usize = 4;
/// Queries under way at once, where some are held up.
const READ_LANES: usize = 2;

/// A turn's writes, as the store takes them.
#[derive(Clone, Debug)]
pub struct TurnRow {
    /// The session.
    pub key: SessionKey,
    /// The channel's name, for the audit trail.
    pub channel: &'static str,
    /// The session after the turn.
    pub session: Session,
    /// When it was answered.
    pub now: DateTime<Utc>,
    /// What is written with it.
    pub effects: Vec<Effect>,
}

/// A batch could not be read or written; each of its turns gets this.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TurnStoreError {
    /// The database did not take it.
    #[error("the database did not answer: {0}")]
    Database(Arc<sqlx::Error>),
    /// The workers have stopped: the node is going down.
    #[error("the store is closing")]
    Closing,
    /// A stored session cannot be read: another key, or another version of this program.
    #[error("a stored session cannot be read")]
    Unreadable,
}

impl From<sqlx::Error> for TurnStoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

/// Sessions in PostgreSQL.
#[derive(Clone, Debug)]
pub struct Turns {
    pool: PgPool,
    keys: Arc<Keyring>,
    openings: Batcher<open::Dial, Result<Opening, TurnStoreError>>,
    writes: Batcher<TurnRow, Result<bool, TurnStoreError>>,
}

impl Turns {
    /// Starts the workers. A session that was cut off is offered for `resume_window`.
    pub fn start(pool: PgPool, keys: Arc<Keyring>, resume_window: Duration) -> Self {
        let line = || Line::new(pool.connect_options());
        let read_lane = |_| open::Reader { line: line(), keys: Arc::clone(&keys), resume_window };
        let openings = Batcher::start((0..READ_LANES).map(read_lane), Gather::in_turn(MOST_OPENINGS));
        let write_lane = |_| write::Writer { line: line(), keys: Arc::clone(&keys) };
        let writes = Batcher::start((0..WRITE_LANES).map(write_lane), Gather::in_turn(MOST_WRITES));
        Self { pool, keys, openings, writes }
    }

    /// What is read when a session is first seen by this node.
    pub async fn opening(
        &self,
        key: SessionKey,
        phone: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<Opening, TurnStoreError> {
        self.openings.ask(open::Dial { key, phone, now }).await.ok_or(TurnStoreError::Closing)?
    }

    /// The session as stored now.
    pub async fn load(&self, key: SessionKey) -> Result<Option<Stored>, TurnStoreError> {
        open::session(&self.pool, &self.keys, key).await
    }

    /// Makes a turn durable together with turns of other sessions. `false`: another turn of the
    /// session was stored first, nothing of this one was written.
    pub async fn commit(&self, row: TurnRow) -> Result<bool, TurnStoreError> {
        self.writes.ask(row).await.ok_or(TurnStoreError::Closing)?
    }

    /// Begins the transaction of a turn's deeds, and holds its session first, as a batch does: the same turn
    /// on another node then waits for this one, and neither waits for what the other holds. A session that is
    /// not stored yet cannot be held.
    pub async fn begin(&self, key: SessionKey) -> Result<Transaction<'static, Postgres>, TurnStoreError> {
        let mut work = self.pool.begin().await?;
        sqlx::query("SELECT FROM ussd_session WHERE key = $1 FOR NO KEY UPDATE")
            .bind(key.0.as_slice())
            .execute(&mut *work)
            .await?;
        Ok(work)
    }

    /// Makes a turn durable with the deeds that are in `work`; `false` and a rollback as above.
    pub async fn commit_with(
        &self,
        mut work: Transaction<'static, Postgres>,
        row: TurnRow,
    ) -> Result<bool, TurnStoreError> {
        let written = write::rows(&mut work, &self.keys, std::slice::from_ref(&row)).await?;
        if written.contains(&row.key) {
            work.commit().await?;
            return Ok(true);
        }
        work.rollback().await?;
        Ok(false)
    }

    /// Deletes sessions that began before `before`, in portions; gives how many.
    pub async fn sweep(&self, before: DateTime<Utc>) -> Result<u64, TurnStoreError> {
        const PORTION: i64 = 5_000;
        let mut swept = 0;
        loop {
            let deleted = sqlx::query(
                "DELETE FROM ussd_session WHERE key IN \
                 (SELECT key FROM ussd_session WHERE started_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            )
            .bind(before)
            .bind(PORTION)
            .execute(&self.pool)
            .await?
            .rows_affected();
            swept += deleted;
            if deleted < PORTION.unsigned_abs() {
                return Ok(swept);
            }
        }
    }
}
