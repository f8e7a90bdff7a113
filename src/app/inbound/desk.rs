//! The help desk: what is no keyword goes to staff; robots get nothing; and how answers leave.

use chrono::TimeDelta;

use super::scene::Scene;
use super::{Done, Inbound, Work};
use crate::app::messages::{Seen, constant, say};
use crate::app::turns::{DataPort, MenuShelf, PortError};
use crate::channels::sms::inbound::{Received, Sender};
use crate::store::inbound::{Answered, Outcome};
use crate::store::outbox::{self, Kind, NewMessage};
use crate::store::tasks::{self, NewTask, TaskKind};

/// An answer that has not left by then stays.
const ANSWER_LASTS: TimeDelta = TimeDelta::hours(1);
/// The same for the one confirmation of STOP and START.
const CONFIRMATION_LASTS: TimeDelta = TimeDelta::days(1);
/// Staff answer a message within this time.
const DESK_TIME: TimeDelta = TimeDelta::hours(4);
/// Digits that a number abroad has at least; a short code has fewer.
const FEWEST_DIGITS_ABROAD: usize = 9;

impl<P: DataPort<Work = Work>, M: MenuShelf> Inbound<P, M> {
    /// Why a message is left unanswered, if it is.
    pub(super) fn robot(&self, message: &Received, scene: &Scene) -> Option<&'static str> {
        let settings = &self.parts.settings;
        let own = |name: &str| settings.own_numbers.iter().any(|own| own.eq_ignore_ascii_case(name));
        match &message.from {
            Sender::Other(name) if own(name) => return Some("our own sender"),
            Sender::Other(name) if !abroad(name) => return Some("a short code or a name"),
            Sender::Number(number)
                if own(&number.e164()) || own(&message.to) && number.e164() == message.to =>
            {
                return Some("our own number");
            }
            Sender::Other(_) | Sender::Number(_) => {}
        }
        if scene.lately.messages >= settings.messages_an_hour {
            return Some("too many messages");
        }
        (scene.lately.same >= settings.same_words_an_hour).then_some("the same words again and again")
    }

    /// Leaves a message to staff; who sent it is told so, once an hour at most.
    pub(super) async fn for_staff(
        &self,
        message: &Received,
        scene: &Scene,
        tell: bool,
        work: &mut Work,
    ) -> Result<Done, PortError> {
        let desk = Done { outcome: Outcome::Desk, answered: None };
        if message.text.trim().is_empty() {
            return Ok(Done::asked(false));
        }
        self.open_message_task(scene, "", work).await?;
        if !tell || scene.stops.all || scene.lately.automatic > 0 {
            return Ok(desk);
        }
        let told = self.reply(scene, "desk", &self.how_to_reach_us(), work).await?;
        Ok(Done { answered: told.then_some(Answered::Automatic), ..desk })
    }

    pub(super) async fn open_message_task(
        &self,
        scene: &Scene,
        note: &str,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let cause = scene.cause("message");
        let task = NewTask { note, ..Self::task(scene, TaskKind::Message, &cause) };
        tasks::open(work, self.keyring(), &task).await?;
        Ok(())
    }

    /// A task for staff that follows from the message.
    pub(super) fn task<'a>(scene: &Scene, kind: TaskKind, cause: &'a str) -> NewTask<'a> {
        NewTask {
            cause,
            kind,
            urgent: false,
            person: scene.alone().map(|person| person.person),
            phone: scene.from.map(|(_, phone)| phone),
            facility: scene.facility(),
            inbound: Some(scene.inbound),
            note: "",
            now: scene.now,
            due_at: scene.now + DESK_TIME,
        }
    }

    /// HELP.
    pub(super) async fn help(&self, scene: &Scene, work: &mut Work) -> Result<Done, PortError> {
        Ok(Done::asked(self.reply(scene, "help", &self.how_to_reach_us(), work).await?))
    }

    /// Whoever has a number that nobody told us of gets a gentle word.
    pub(super) async fn unknown_number(&self, scene: &Scene, work: &mut Work) -> Result<Done, PortError> {
        Ok(Done::asked(self.reply(scene, "unknown_number", &self.how_to_reach_us(), work).await?))
    }

    /// Queues an answer to the number, unless it got too many; says whether it did.
    pub(super) async fn reply(
        &self,
        scene: &Scene,
        name: &str,
        values: &[Seen<'_>],
        work: &mut Work,
    ) -> Result<bool, PortError> {
        let settings = &self.parts.settings;
        if scene.lately.answers >= settings.answers_an_hour
            || scene.lately.answers_of_day >= settings.answers_a_day
        {
            tracing::info!("an answer is left out: the number got many");
            return Ok(false);
        }
        self.send(scene, Kind::Answer, name, values, work).await
    }

    /// Queues the one confirmation of STOP or START.
    pub(super) async fn confirm(
        &self,
        scene: &Scene,
        name: &str,
        values: &[Seen<'_>],
        work: &mut Work,
    ) -> Result<bool, PortError> {
        self.send(scene, Kind::Confirmation, name, values, work).await
    }

    /// Queues a message to the number, however many it got.
    pub(super) async fn send(
        &self,
        scene: &Scene,
        kind: Kind,
        name: &str,
        values: &[Seen<'_>],
        work: &mut Work,
    ) -> Result<bool, PortError> {
        let Some((to, phone)) = scene.from else { return Ok(false) };
        let menu = self.parts.menus.current();
        let said = say(&menu, name, &scene.language, values)
            .map_err(|error| PortError::Broken(error.to_string()))?;
        let lasts = if kind == Kind::Confirmation { CONFIRMATION_LASTS } else { ANSWER_LASTS };
        let message = NewMessage {
            cause: &scene.cause("answer"),
            kind,
            owner: None,
            to,
            phone,
            language: &said.language,
            text: &said.text,
            segments: said.segments,
            now: scene.now,
            expires_at: scene.now + lasts,
        };
        outbox::enqueue(work, self.keyring(), &message).await?;
        Ok(true)
    }

    /// What most answers name: how to reach us, and whom to call in danger.
    pub(super) fn how_to_reach_us(&self) -> [Seen<'static>; 2] {
        let menu = self.parts.menus.current();
        [
            ("service_code", self.parts.settings.service_code.clone()),
            ("emergency", constant(&menu, "emergency")),
        ]
    }
}

/// Whether a sender is a number of another country: somebody's, whom staff can call.
fn abroad(name: &str) -> bool {
    let digits = name.strip_prefix('+').unwrap_or(name);
    digits.len() >= FEWEST_DIGITS_ABROAD && digits.bytes().all(|octet| octet.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::abroad;

    #[test]
    fn a_short_code_or_a_name_is_not_a_number_abroad() {
        assert!(abroad("+224620000001") && abroad("447900000001"));
        for name in ["8888", "Orange", "+1", "", "12345678"] {
            assert!(!abroad(name), "{name}");
        }
    }
}
