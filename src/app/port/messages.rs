//! SMS that a turn causes: rendered from the menu's messages, queued with what caused them.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::settings::{ANSWER_SMS_LASTS, PIN_SMS_LASTS};
use super::{Port, Work, broken, cause_name};
use crate::app::turns::{MenuShelf, PortError};
use crate::identity::{Pin, Tries};
use crate::menu::{LanguageId, TextContext};
use crate::store::facilities::Facility;
use crate::store::outbox::{self, Kind, NewMessage};
use crate::store::people::{self, Person};
use crate::text::{Display, segments};
use crate::ussd::port::Caller;

/// A message's name in `menus/messages.yaml`, with the values that it sees.
pub(super) type Named = (&'static str, &'static [&'static str]);

const PIN_ISSUED: Named = ("pin_issued", &["pin", "service_code"]);
const PIN_LOCKED: Named = ("pin_locked", &["minutes", "service_code"]);
const PIN_CHANGED: Named = ("pin_changed", &[]);
const CLINIC: Named = ("clinic", &["name", "address", "town", "phone"]);

/// A text that is ready to go.
struct Composed {
    text: String,
    segments: usize,
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
        self.warn(person, PIN_CHANGED, [], &cause, caller.now, TimeDelta::days(1), work).await
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
        for (phone, to) in people::open_numbers(work, &person.key).await? {
            let mut cause = cause.to_owned();
            let _ = write!(cause, "/{:08x}", u32::from_be_bytes(first_four(phone)));
            let message = NewMessage {
                cause: &cause,
                kind: Kind::Warning,
                owner: Some(&person.key),
                to,
                phone,
                language: &person.language,
                text: &composed.text,
                segments: composed.segments,
                now,
                expires_at: now + lasts,
            };
            outbox::enqueue(work, self.keyring(), &message).await?;
        }
        Ok(())
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

fn first_four([a, b, c, d, ..]: [u8; 16]) -> [u8; 4] {
    [a, b, c, d]
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
        for (name, sees) in [PIN_ISSUED, PIN_LOCKED, PIN_CHANGED, CLINIC] {
            let message = menu.messages.iter().find(|message| message.name == name);
            let declared = message.map(|message| message.sees.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(declared.as_deref(), Some(sees), "{name}");
        }
    }
}
