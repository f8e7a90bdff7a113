//! "It was not me": somebody at a number of hers stops a PIN that was changed without her.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{Port, Work, cause_name, note, outcome};
use crate::app::turns::{MenuShelf, PortError};
use crate::store::access::Act;
use crate::store::tasks::{self, NewTask, TaskKind};
use crate::store::{guard, people};
use crate::ussd::port::{Caller, Outcome};

/// Staff call within this time.
const CALL_TIME: TimeDelta = TimeDelta::hours(24);

const NOTE: &str = "Somebody at a number of hers said that a change of her PIN or number was not hers. Her PIN is stopped. \
     Call the number that she had before, or wait for her; see who she is, put her numbers right, then send \
     a new PIN and say that she is before you.";

impl<M: MenuShelf> Port<M> {
    /// Stops the PIN of whoever uses this number, or did so lately, and of whom a PIN or a number was changed
    /// lately. No PIN is asked: who lost hers must be able to stop a thief, and what it costs is a way to her
    /// nurse.
    pub(super) async fn stop_pin(
        &self,
        caller: &Caller,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let work = self.work(caller, work).await?;
        let since = self.parts.settings.guard.since(caller.now);
        let people = guard::stoppable(work, &caller.phone, since).await?;
        for person in &people {
            self.stop_one(caller, *person, work).await?;
        }
        Ok(outcome(if people.is_empty() { "nothing" } else { "stopped" }))
    }

    async fn stop_one(&self, caller: &Caller, person: Uuid, work: &mut Work) -> Result<(), PortError> {
        let Some(person) = people::open(work, &self.parts.vault, person).await? else { return Ok(()) };
        if !guard::stop(work, person.id, caller.now).await? {
            return Ok(());
        }
        self.tell_stop(caller, &person, work).await?;
        let task = NewTask {
            cause: &cause_name(&format!("pin_stopped/{}", person.id), caller),
            kind: TaskKind::Call,
            urgent: true,
            person: Some(person.id),
            phone: Some(caller.phone),
            facility: person.home_facility,
            inbound: None,
            note: NOTE,
            now: caller.now,
            due_at: caller.now + CALL_TIME,
        };
        tasks::open(work, self.keyring(), &task).await?;
        note(work, caller, person.id, Act::Change, "pin_stop").await
    }
}
