//! Counting a try of a PIN before it is checked.

use super::{Port, Work, cause};
use crate::app::turns::{MenuShelf, PortError};
use crate::store::counters;
use crate::store::turns::{Admitted, Counted, Try};
use crate::ussd::port::Caller;

impl<M: MenuShelf> Port<M> {
    /// Counts a try for the number and for the person chosen on it, if both have one left.
    pub(super) async fn count_try(&self, caller: &Caller, pin: &str) -> Result<Admitted, PortError> {
        let one = Try {
            phone: caller.phone,
            chosen: caller.chosen,
            attempt: self.attempt(caller, pin),
            now: caller.now,
            limits: self.parts.settings.tries,
        };
        Ok(self.parts.turns.count_try(one).await?)
    }

    /// Takes back a try that was counted but could not be checked, with the turn: where another node takes the same
    /// turn, and checks it, it stays counted.
    pub(super) async fn take_back(
        &self,
        caller: &Caller,
        pin: &str,
        counted: &Counted,
        work: &mut Option<Work>,
    ) -> Result<(), PortError> {
        if counted.repeat {
            return Ok(());
        }
        let person = counted.meant.as_ref().map(|meant| meant.person);
        let work = self.work(caller, work).await?;
        let mut counters = counters::hold(work, &caller.phone, person).await?;
        counters.withdraw(self.attempt(caller, pin), &self.parts.settings.tries);
        Ok(counters::save(work, &caller.phone, person, &counters).await?)
    }

    fn attempt(&self, caller: &Caller, pin: &str) -> i64 {
        let said = [cause(caller).as_slice(), pin.as_bytes()].concat();
        self.keyring().mark(&said).cast_signed()
    }
}
