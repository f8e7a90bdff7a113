//! Counting a try of a PIN before it is checked. It is counted in a transaction of its own, which
//! stands whatever becomes of the turn.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Port, cause};
use crate::app::turns::{MenuShelf, PortError};
use crate::identity::{Admission, Tries};
use crate::store::credentials::{self, Counters, Credential};
use crate::store::people;
use crate::ussd::port::Caller;

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
        let mut work = self.parts.pool.begin().await?;
        let person = people::chosen(&mut work, &caller.phone, caller.chosen).await?;
        let mut counters = credentials::hold_counters(&mut work, &caller.phone, person).await?;
        let (by_phone, by_person) = self.admit(&mut counters, attempt, caller.now);
        let (left, repeat) = match (by_phone, by_person) {
            (Admission::Admitted { left, repeat }, None) => (left, repeat),
            (
                Admission::Admitted { left: of_phone, repeat },
                Some(Admission::Admitted { left: of_person, repeat: again }),
            ) => (of_phone.min(of_person), repeat && again),
            (Admission::Locked(until), None | Some(Admission::Admitted { .. }))
            | (Admission::Admitted { .. }, Some(Admission::Locked(until))) => {
                return Ok(Admitted::Locked(until));
            }
            (Admission::Locked(phone), Some(Admission::Locked(person))) => {
                return Ok(Admitted::Locked(phone.max(person)));
            }
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
        let settings = &self.parts.settings;
        counters.phone.withdraw(counted.attempt, &settings.phone_tries);
        if let Some(of_person) = &mut counters.person {
            of_person.withdraw(counted.attempt, &settings.person_tries);
        }
        credentials::save_counters(&mut work, &caller.phone, counted.person, &counters).await?;
        Ok(work.commit().await?)
    }

    fn admit(
        &self,
        counters: &mut Counters,
        attempt: i64,
        now: DateTime<Utc>,
    ) -> (Admission, Option<Admission>) {
        let settings = &self.parts.settings;
        let by_phone = counters.phone.admit(attempt, now, &settings.phone_tries);
        let of_person = |tries: &mut Tries| tries.admit(attempt, now, &settings.person_tries);
        (by_phone, counters.person.as_mut().map(of_person))
    }

    fn attempt(&self, caller: &Caller, pin: &str) -> i64 {
        let said = [cause(caller).as_slice(), pin.as_bytes()].concat();
        self.keyring().mark(&said).cast_signed()
    }
}
