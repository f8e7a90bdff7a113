//! Sessions in PostgreSQL. Reads of many dialling phones go in one query, writes of many turns in
//! one transaction: a commit costs one flush to disk, whoever shares it.

mod columns;
mod menus;
mod open;
mod sign_in;
mod together;
mod tries;
mod write;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnectOptions;
use sqlx::{PgPool, Postgres, Transaction};

use crate::privacy::Keyring;
use crate::ussd::port::{Effect, Opening, Stored};
use crate::ussd::{Session, SessionKey};

use super::batch::{Batcher, Gather, Line};
use super::sign_ins::RightPin;

pub use tries::{Admitted, Counted, Meant, Try};

/// Turns in one transaction at most.
const MOST_WRITES: usize = 256;
/// Dialling phones in one query at most.
const MOST_OPENINGS: usize = 128;
/// Tries of PINs that are counted at once, and those who come in with theirs. A check takes far longer, so
/// that nobody notices the pace; but the turns of everybody else would wait while PostgreSQL works for one
/// after the other of a crowd.
const PINS: Gather = Gather { most: 64, at_once: 1, pace: Duration::from_millis(10) };
/// Old sessions that are deleted at once.
const SWEPT_AT_ONCE: i64 = 500;
/// After a portion of them it rests for so many times as long as that took.
const SWEEPING_REST: u32 = 4;
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
    tries: Batcher<Try, Result<Admitted, TurnStoreError>>,
    sign_ins: Batcher<RightPin, Result<bool, TurnStoreError>>,
}

/// How the lanes connect. What is in a batch changes nothing about how its statement is best carried out, and
/// to plan it anew would take PostgreSQL as long as to do it.
fn lane_options(pool: &PgPool) -> PgConnectOptions {
    (*pool.connect_options()).clone().options([("plan_cache_mode", "force_generic_plan")])
}

impl Turns {
    /// Starts the workers. A session that was cut off is offered for `resume_window`.
    pub fn start(pool: PgPool, keys: Arc<Keyring>, resume_window: Duration) -> Self {
        let options = Arc::new(lane_options(&pool));
        let line = || Line::new(Arc::clone(&options));
        let read_lane = |_| open::Reader { line: line(), keys: Arc::clone(&keys), resume_window };
        let openings = Batcher::start((0..READ_LANES).map(read_lane), Gather::in_turn(MOST_OPENINGS));
        let write_lane = |_| write::Writer { line: line(), keys: Arc::clone(&keys) };
        let writes = Batcher::start((0..WRITE_LANES).map(write_lane), Gather::in_turn(MOST_WRITES));
        let unflushed = Arc::new(lane_options(&pool).options([("synchronous_commit", "off")]));
        let tries_lane = |_| tries::Counter { line: Line::new(Arc::clone(&unflushed)) };
        let tries = Batcher::start((0..READ_LANES).map(tries_lane), PINS);
        let sign_in_lane = |_| sign_in::Doorkeeper { line: Line::new(Arc::clone(&unflushed)) };
        let sign_ins = Batcher::start((0..READ_LANES).map(sign_in_lane), PINS);
        Self { pool, keys, openings, writes, tries, sign_ins }
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

    /// Counts a try of a PIN, in a transaction of its own that stands whatever becomes of the turn.
    pub async fn count_try(&self, one: Try) -> Result<Admitted, TurnStoreError> {
        self.tries.ask(one).await.ok_or(TurnStoreError::Closing)?
    }

    /// Whether a PIN that was right still counts; if so, forgets the wrong ones before it. That stands whatever
    /// becomes of the turn.
    pub async fn sign_in(&self, pin: RightPin) -> Result<bool, TurnStoreError> {
        self.sign_ins.ask(pin).await.ok_or(TurnStoreError::Closing)?
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

    /// Deletes sessions that began before `before`, the oldest first; gives how many. In small portions with rests
    /// between them: nobody waits for it, and turns are taken meanwhile.
    pub async fn sweep(&self, before: DateTime<Utc>) -> Result<u64, TurnStoreError> {
        let mut swept = 0;
        loop {
            let begun = Instant::now();
            let deleted = sqlx::query(
                "DELETE FROM ussd_session WHERE key IN \
                 (SELECT key FROM ussd_session WHERE started_at < $1 ORDER BY started_at LIMIT $2 \
                  FOR UPDATE SKIP LOCKED)",
            )
            .bind(before)
            .bind(SWEPT_AT_ONCE)
            .execute(&self.pool)
            .await?
            .rows_affected();
            swept += deleted;
            if deleted < SWEPT_AT_ONCE.unsigned_abs() {
                return Ok(swept);
            }
            tokio::time::sleep(begun.elapsed() * SWEEPING_REST).await;
        }
    }
}
