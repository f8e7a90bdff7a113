//! What the driver asks of the store and of identity.

use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::store::turns::TurnStoreError;
use crate::ussd::SessionKey;
use crate::ussd::port::{Answer, Caller, Deed, Opening, Outcome, Question, Stored};

/// A turn's writes: the session after it, and what goes with it in the same transaction.
pub use crate::store::turns::TurnRow as TurnWrite;

/// What became of a write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Committed {
    /// It is durable.
    Yes,
    /// Another turn of this session was stored first (a repeat that reached another node);
    /// nothing of this one was written.
    Overtaken,
}

/// Why the store or identity could not answer.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// The database is away or too slow; the phone gets a polite end.
    #[error("the database did not answer: {0}")]
    Away(#[source] Arc<sqlx::Error>),
    /// Too much at once; the phone is asked to try again.
    #[error("too busy")]
    Busy,
    /// Stored data that does not fit, or a menu that asks what is not there: our fault.
    #[error("inner failure: {0}")]
    Broken(String),
}

impl From<sqlx::Error> for PortError {
    fn from(error: sqlx::Error) -> Self {
        Self::Away(Arc::new(error))
    }
}

impl From<TurnStoreError> for PortError {
    fn from(error: TurnStoreError) -> Self {
        match error {
            TurnStoreError::Database(error) => Self::Away(error),
            TurnStoreError::Closing => Self::Busy,
            TurnStoreError::Unreadable => Self::Broken(error.to_string()),
        }
    }
}

/// The store and identity, as the driver sees them.
pub trait DataPort: Send + Sync + 'static {
    /// An open transaction in which a turn's deeds run; committed with the session, or dropped.
    type Work: Send;

    /// What is read when a session's first turn arrives (or one that this node has not seen):
    /// the session, the facts about the number, where its last session was cut off.
    fn opening(
        &self,
        key: SessionKey,
        phone: [u8; 16],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Opening, PortError>> + Send;

    /// The session as stored now.
    fn load(&self, key: SessionKey) -> impl Future<Output = Result<Option<Stored>, PortError>> + Send;

    /// Answers questions, in their order. All questions of one screen come together. Read in `work`
    /// where it is open, so that what the turn has done counts already.
    fn answer(
        &self,
        caller: &Caller,
        questions: &[Question],
        work: &mut Option<Self::Work>,
    ) -> impl Future<Output = Result<Vec<Answer>, PortError>> + Send;

    /// Does one deed. What it writes goes into `work` (opened here where it is `None`), except a
    /// counted PIN try, which stays counted whatever becomes of the turn.
    fn act(
        &self,
        caller: &Caller,
        deed: Deed,
        work: &mut Option<Self::Work>,
    ) -> impl Future<Output = Result<Outcome, PortError>> + Send;

    /// Makes a turn durable: with its deeds where it had any, else together with the turns of
    /// other sessions in one transaction.
    fn commit(
        &self,
        work: Option<Self::Work>,
        write: TurnWrite,
    ) -> impl Future<Output = Result<Committed, PortError>> + Send;
}

/// Shared: the driver of turns and what takes SMS lean on one.
impl<P: DataPort> DataPort for Arc<P> {
    type Work = P::Work;

    async fn opening(
        &self,
        key: SessionKey,
        phone: [u8; 16],
        now: DateTime<Utc>,
    ) -> Result<Opening, PortError> {
        P::opening(self, key, phone, now).await
    }

    async fn load(&self, key: SessionKey) -> Result<Option<Stored>, PortError> {
        P::load(self, key).await
    }

    async fn answer(
        &self,
        caller: &Caller,
        questions: &[Question],
        work: &mut Option<Self::Work>,
    ) -> Result<Vec<Answer>, PortError> {
        P::answer(self, caller, questions, work).await
    }

    async fn act(
        &self,
        caller: &Caller,
        deed: Deed,
        work: &mut Option<Self::Work>,
    ) -> Result<Outcome, PortError> {
        P::act(self, caller, deed, work).await
    }

    async fn commit(&self, work: Option<Self::Work>, write: TurnWrite) -> Result<Committed, PortError> {
        P::commit(self, work, write).await
    }
}
