//! SMS that a turn causes: rendered from the menu's messages, queued with what caused them.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::settings::{ANSWER_SMS_LASTS, PIN_SMS_LASTS};
use super::{Port, Work, broken, cause_name};
use crate::app::turns::{MenuShelf, PortError};
use crate::identity::{Pin, Tries};
use crate::menu::{LanguageId, TextContext};
use crate::store::facilities::Facility;
use crate::store::guard::{self, Warning};
use crate::store::outbox::{self, Kind, NewMessage};
use crate::store::people::{self, Person};
use crate::store::pin_delivery::Words;
use crate::text::{Display, segments};
use crate::ussd::port::Caller;

/// A message's name in `menus/messages.yaml`, with the values that it sees.
pub(super) type Named = (&'static str, &'static [&'static str]);

const PIN_ISSUED: Named = ("pin_issued", &["pin", "service_code"]);
const PIN_LOCKED: Named = ("pin_locked", &["minutes", "service_code"]);
const PIN_CHANGED: Named = ("pin_changed", &["service_code"]);
const PIN_ISSUED_LATER: Named = ("pin_issued_later", &["pin", "minutes", "service_code"]);
const PIN_SENT_ELSEWHERE: Named = ("pin_sent_elsewhere", &["service_code"]);
const PIN_STOPPED: Named = ("pin_stopped", &[]);
const CLINIC: Named = ("clinic", &["name", "address", "town", "phone"]);

/// A text that is ready to go.
pub(super) struct Composed {
    text: String,
    segments: usize,
}

impl Composed {
    /// For a message that is queued with a PIN.
    pub(super) fn words(&self) -> Words<'_> {
        Words { text: &self.text, segments: self.segments }
    }
}

impl<M: MenuShelf> Port<M> {
    /// Queues the SMS that tells a PIN to its owner, in place of any that has not left yet.
    pub(super) async fn send_pin(
        &self,
        caller: &Caller,
        person: &Person,
        pin: &Pin,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let values = [pin.reveal().to_owned(), self.parts.settings.service_code.clone()];
        let composed = self.compose(PIN_ISSUED, &person.language, values)?;
        outbox::cancel_pins(work, person.id, caller.now).await?;
        let message = NewMessage {
            cause: &cause_name("pin", caller),
            kind: Kind::Pin,
            owner: Some(&person.key),
            to: caller.msisdn,
            phone: caller.phone,
            language: &person.language,
            text: &composed.text,
            segments: composed.segments,
            now: caller.now,
            expires_at: caller.now + PIN_SMS_LASTS,
        };
        Ok(outbox::enqueue(work, self.keyring(), &message).await?)
    }

    /// The SMS that tells a PIN which she asked for, and what her other numbers are told of it. Where a
    /// lock lasts until then, it says how long.
    pub(super) fn pin_words(
        &self,
        caller: &Caller,
        language: &str,
        pin: &Pin,
        opens_at: Option<DateTime<Utc>>,
    ) -> Result<(Composed, Composed), PortError> {
        let code = || self.parts.settings.service_code.clone();
        let pin = pin.reveal().to_owned();
        let words = match opens_at {
            None => self.compose(PIN_ISSUED, language, [pin, code()])?,
            Some(until) => {
                let minutes = Tries::minutes_left(until, caller.now).to_string();
                self.compose(PIN_ISSUED_LATER, language, [pin, minutes, code()])?
            }
        };
        Ok((words, self.compose(PIN_SENT_ELSEWHERE, language, [code()])?))
    }

    /// Queues the SMS with a facility's details.
    pub(super) async fn send_facility(
        &self,
        caller: &Caller,
        facility: &Facility,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let known = |text: &Option<String>| text.clone().unwrap_or_default();
        let values =
            [facility.name.clone(), known(&facility.address), facility.town.clone(), known(&facility.phone)];
        let composed = self.compose(CLINIC, &caller.language, values)?;
        let message = NewMessage {
            cause: &cause_name("clinic", caller),
            kind: Kind::Answer,
            owner: None,
            to: caller.msisdn,
            phone: caller.phone,
            language: &caller.language,
            text: &composed.text,
            segments: composed.segments,
            now: caller.now,
            expires_at: caller.now + ANSWER_SMS_LASTS,
        };
        Ok(outbox::enqueue(work, self.keyring(), &message).await?)
    }

    /// Tells a lock to its owner, once.
    pub(super) async fn tell_lock(
        &self,
        caller: &Caller,
        person: Uuid,
        until: DateTime<Utc>,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let Some(person) = people::open(work, &self.parts.vault, person).await? else { return Ok(()) };
        let minutes = Tries::minutes_left(until, caller.now);
        let values = [minutes.to_string(), self.parts.settings.service_code.clone()];
        let cause = format!("pin_locked/{}/{}", person.id, until.timestamp());
        self.warn(&person, PIN_LOCKED, values, &cause, caller.now, until - caller.now, work).await
    }

    /// Tells a change of her PIN to its owner: it may have been somebody else.
    pub(super) async fn tell_change(
        &self,
        caller: &Caller,
        person: &Person,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let cause = cause_name("pin_changed", caller);
        let values = [self.parts.settings.service_code.clone()];
        self.warn(person, PIN_CHANGED, values, &cause, caller.now, TimeDelta::days(1), work).await
    }

    /// Tells her numbers that her PIN is stopped.
    pub(super) async fn tell_stop(
        &self,
        caller: &Caller,
        person: &Person,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let cause = cause_name(&format!("pin_stopped/{}", person.id), caller);
        self.warn(person, PIN_STOPPED, [], &cause, caller.now, TimeDelta::days(1), work).await
    }

    #[expect(clippy::too_many_arguments, reason = "each says one thing about the message")]
    async fn warn<const N: usize>(
        &self,
        person: &Person,
        named: Named,
        values: [String; N],
        cause: &str,
        now: DateTime<Utc>,
        lasts: TimeDelta,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let composed = self.compose(named, &person.language, values)?;
        let warning = Warning {
            cause,
            owner: &person.key,
            language: &person.language,
            text: &composed.text,
            segments: composed.segments,
            since: self.parts.settings.guard.since(now),
            now,
            expires_at: now + lasts,
        };
        Ok(guard::tell(work, self.keyring(), &warning, None).await?)
    }

    fn compose<const N: usize>(
        &self,
        (name, sees): Named,
        language: &str,
        values: [String; N],
    ) -> Result<Composed, PortError> {
        let menu = self.parts.menus.current();
        let text = menu
            .message(name)
            .ok_or_else(|| broken(format!("the menus have no message {name}: add it to messages.yaml")))?;
        let mut context = TextContext::new();
        for (name, value) in sees.iter().zip(values) {
            context.insert(*name, &value);
        }
        let language = menu.served(language).unwrap_or(LanguageId(0));
        let text = menu.texts.render(text, language, &context).map_err(|error| broken(error.to_string()))?;
        let (shown, _) = Display::default().prepare(&text);
        Ok(Composed { segments: segments(&shown).count, text: text.into_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu::{self, LoadOptions, Sources};
    use crate::ussd::catalog::CATALOG;

    #[test]
    fn the_shipped_menus_have_the_messages_that_are_sent() {
        let options = LoadOptions { serve_unreviewed: vec!["kri".to_owned()], ..LoadOptions::default() };
        let menu = menu::load(&Sources::from_embedded(), &CATALOG, &options).unwrap();
        for (name, sees) in
            [PIN_ISSUED, PIN_ISSUED_LATER, PIN_SENT_ELSEWHERE, PIN_LOCKED, PIN_CHANGED, PIN_STOPPED, CLINIC]
        {
            let message = menu.messages.iter().find(|message| message.name == name);
            let declared = message.map(|message| message.sees.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(declared.as_deref(), Some(sees), "{name}");
        }
    }
}
