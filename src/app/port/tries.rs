//! Counting a try of a PIN before it is checked. It is counted in a transaction of its own, which
//! stands whatever becomes of the turn.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Port, cause};
use crate::app::turns::{MenuShelf, PortError};
use crate::identity::Admission;
use crate::store::credentials::{self, Credential};
use crate::store::people;
use crate::ussd::port::Caller;

/// So many tries are counted at once. A check takes far longer than counting, so that more would not come
/// in sooner; but the turns of everybody else would wait while PostgreSQL counts a crowd.
pub(super) const COUNTED_AT_ONCE: usize = 2;

/// A try that was counted and may be checked.
pub(super) struct Try {
    /// Digest of session, turn and PIN: the same turn with the same PIN counts once.
    attempt: i64,
    /// Who is meant, where there is somebody.
    pub(super) person: Option<Uuid>,
    /// Her PIN, where she has one.
    pub(super) credential: Option<Credential>,
    /// Tries left if this one is wrong.
    pub(super) left: u8,
    /// Until when it is locked if this one is wrong and none is left.
    pub(super) locked_until: Option<DateTime<Utc>>,
    /// Whether it had been counted before.
    pub(super) repeat: bool,
}

/// Whether a try may be checked.
pub(super) enum Admitted {
    /// It may.
    Counted(Try),
    /// Too many were wrong; not before then.
    Locked(DateTime<Utc>),
}

impl<M: MenuShelf> Port<M> {
    /// Counts a try for the number and for the person chosen on it, if both have one left.
    pub(super) async fn count_try(&self, caller: &Caller, pin: &str) -> Result<Admitted, PortError> {
        let attempt = self.attempt(caller, pin);
        // The semaphore is never closed, so there is always a place in the end.
        let _place = self.counting.acquire().await;
        let mut work = self.parts.pool.begin().await?;
        let person = people::chosen(&mut work, &caller.phone, caller.chosen).await?;
        let mut counters = credentials::hold_counters(&mut work, &caller.phone, person).await?;
        let (left, repeat) = match counters.admit(attempt, caller.now, &self.parts.settings.tries) {
            Admission::Admitted { left, repeat } => (left, repeat),
            Admission::Locked(until) => return Ok(Admitted::Locked(until)),
        };
        credentials::save_counters(&mut work, &caller.phone, person, &counters).await?;
        let credential = match person {
            Some(person) => credentials::find(&mut work, person).await?,
            None => None,
        };
        work.commit().await?;
        let of_person = counters.person.unwrap_or_default();
        Ok(Admitted::Counted(Try {
            attempt,
            person,
            credential,
            left,
            locked_until: counters.phone.locked_until.max(of_person.locked_until),
            repeat,
        }))
    }

    /// Takes back a try that was counted but could not be checked.
    pub(super) async fn take_back(&self, caller: &Caller, counted: &Try) -> Result<(), PortError> {
        if counted.repeat {
            return Ok(());
        }
        let mut work = self.parts.pool.begin().await?;
        let mut counters = credentials::hold_counters(&mut work, &caller.phone, counted.person).await?;
        counters.withdraw(counted.attempt, &self.parts.settings.tries);
        credentials::save_counters(&mut work, &caller.phone, counted.person, &counters).await?;
        Ok(work.commit().await?)
    }

    fn attempt(&self, caller: &Caller, pin: &str) -> i64 {
        let said = [cause(caller).as_slice(), pin.as_bytes()].concat();
        self.keyring().mark(&said).cast_signed()
    }
}
