//! A new PIN by SMS, and a facility's details by SMS.

use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::settings::ISSUED_PIN_LASTS;
use super::{Port, Work, cause, cause_name, note, outcome, outcome_for};
use crate::app::turns::{MenuShelf, PortError};
use crate::identity::{Held, Pin, PinOwner, Tries};
use crate::store::access::Act;
use crate::store::people::{self, Person};
use crate::store::phones::{self, Allowance, Asked, Request};
use crate::store::pin_delivery::{AskedBy, Delivered, Delivery, Way, deliver};
use crate::store::{counters, credentials, guard, sealed::Identity};
use crate::ussd::port::{Caller, Outcome};

impl<M: MenuShelf> Port<M> {
    /// Sends a new PIN to this number, if the year is right. Neither the answer nor the time that
    /// it takes says whether it was: a PIN is drawn and hashed in any case.
    pub(super) async fn recover_pin(
        &self,
        caller: &Caller,
        birth_year: &str,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let allowances = &self.parts.settings.recover_pin;
        let person = self.chosen(caller, work).await?;
        if let Some(held) = self.held(caller, person.as_ref(), work).await? {
            return Ok(refused(caller, held));
        }
        if let Some(refused) = self.peek(caller, Request::RecoverPin, allowances, work).await? {
            return Ok(refused);
        }
        let unknown = Identity::default();
        let (pin, hash) =
            self.draw_pin(caller, person.as_ref().map_or(&unknown, |person| &person.identity)).await?;
        let work = self.work(caller, work).await?;
        match self.ask(caller, Request::RecoverPin, allowances, work).await? {
            Asked::NotBefore(until) => return Ok(wait(caller, until)),
            Asked::Again => return self.told(caller, person.as_ref(), work).await,
            Asked::First => {}
        }
        let told = self.told(caller, person.as_ref(), work).await?;
        let Some(person) = person.filter(|person| born_in(&person.identity, birth_year)) else {
            return Ok(told);
        };
        let opens_at = self.opens_at(caller, Some(&person), work).await?;
        let (words, elsewhere) = self.pin_words(caller, &person.language, &pin, opens_at)?;
        let delivery = Delivery {
            cause: &cause_name("pin", caller),
            owner: &person.key,
            hash: &hash,
            way: Way::Sms(caller.msisdn),
            by: AskedBy::Herself { channel: caller.channel, session: caller.session.0 },
            words: words.words(),
            elsewhere: elsewhere.words(),
            language: &person.language,
            times: self.parts.settings.guard,
            now: caller.now,
        };
        match deliver(work, self.keyring(), &delivery).await? {
            Delivered::Held(held) => Ok(refused(caller, held)),
            // That there were too many is not told: the answer must not say that the year was right.
            Delivered::Sent | Delivered::TooMany(_) => Ok(told),
        }
    }

    /// What holds a new PIN to this number back, whatever the year.
    async fn held(
        &self,
        caller: &Caller,
        person: Option<&Person>,
        work: &mut Option<Work>,
    ) -> Result<Option<Held>, PortError> {
        let Some(person) = person else { return Ok(None) };
        let mut reading = self.reading(work);
        let connection = reading.connection().await?;
        let changes = guard::changes(connection, person.id, Some(&caller.phone)).await?;
        Ok(self.parts.settings.guard.held(&changes, caller.now))
    }

    /// Until when a lock lasts although a new PIN is on its way.
    async fn opens_at(
        &self,
        caller: &Caller,
        person: Option<&Person>,
        work: &mut Work,
    ) -> Result<Option<DateTime<Utc>>, PortError> {
        let person = person.map(|person| person.id);
        let mut counters = counters::hold(work, &caller.phone, person).await?;
        counters.renew(caller.now, self.parts.settings.guard.unlock_after);
        Ok(counters.lasts(caller.now))
    }

    /// The answer, which is the same whether the year was right or not.
    async fn told(
        &self,
        caller: &Caller,
        person: Option<&Person>,
        work: &mut Work,
    ) -> Result<Outcome, PortError> {
        let opens_at = self.opens_at(caller, person, work).await?;
        Ok(opens_at.map_or_else(
            || outcome("sent"),
            |until| outcome_for("sent_later", Tries::minutes_left(until, caller.now)),
        ))
    }

    /// Sends a facility's details to this number.
    pub(super) async fn send_clinic(
        &self,
        caller: &Caller,
        id: &str,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let places = self.parts.directory.places();
        let Some(facility) = id.parse().ok().and_then(|id| places.facility(id)) else {
            return Ok(outcome("unknown"));
        };
        let allowances = &self.parts.settings.send_clinic;
        let work = self.work(caller, work).await?;
        match self.ask(caller, Request::SendClinic, allowances, work).await? {
            Asked::NotBefore(until) => return Ok(wait(caller, until)),
            Asked::Again => {}
            Asked::First => self.send_facility(caller, facility, work).await?,
        }
        Ok(outcome("sent"))
    }

    /// Gives a person a PIN that she must change, and sends it to the caller's number.
    pub(super) async fn issue_pin(
        &self,
        caller: &Caller,
        person: &Person,
        pin: &Pin,
        hash: &str,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let expires = caller.now + ISSUED_PIN_LASTS;
        credentials::issue(work, person.id, hash, expires, caller.now).await?;
        self.send_pin(caller, person, pin, work).await?;
        note(work, caller, person.id, Act::Change, "pin").await
    }

    /// Draws a PIN that is not weak for its owner, and its hash.
    pub(super) async fn draw_pin(
        &self,
        caller: &Caller,
        identity: &Identity,
    ) -> Result<(Pin, String), PortError> {
        let phones = [caller.msisdn];
        let owner = PinOwner {
            birth_year: identity.birth_year.map(i32::from),
            birth_date: identity.birth_date,
            phones: &phones,
        };
        let mut generator = StdRng::from_seed(self.keyring().random());
        let pin = self.parts.settings.pins.issue(&mut generator, &owner);
        let hash = self.parts.hasher.hash(pin.reveal()).await.map_err(|_| PortError::Busy)?;
        Ok((pin, hash))
    }

    /// Counts what a number asks for, holding the number.
    pub(super) async fn ask(
        &self,
        caller: &Caller,
        request: Request,
        allowances: &[Allowance],
        work: &mut Work,
    ) -> Result<Asked, PortError> {
        phones::hold(work, &caller.phone).await?;
        Ok(phones::ask(work, &caller.phone, request, &cause(caller), caller.now, allowances).await?)
    }

    /// The refusal, where a number asks too often; found before anything costly is done for it.
    pub(super) async fn peek(
        &self,
        caller: &Caller,
        request: Request,
        allowances: &[Allowance],
        work: &mut Option<Work>,
    ) -> Result<Option<Outcome>, PortError> {
        let mut reading = self.reading(work);
        let connection = reading.connection().await?;
        let asked =
            phones::may(connection, &caller.phone, request, &cause(caller), caller.now, allowances).await?;
        Ok(match asked {
            Asked::NotBefore(until) => Some(wait(caller, until)),
            Asked::First | Asked::Again => None,
        })
    }

    /// Whom the caller says she is, without proof.
    async fn chosen(&self, caller: &Caller, work: &mut Option<Work>) -> Result<Option<Person>, PortError> {
        let mut reading = self.reading(work);
        let connection = reading.connection().await?;
        let Some(id) = people::chosen(connection, &caller.phone, caller.chosen).await? else {
            return Ok(None);
        };
        Ok(people::open(connection, &self.parts.vault, id).await?)
    }
}

fn refused(caller: &Caller, held: Held) -> Outcome {
    match held {
        Held::Stopped => outcome("stopped"),
        Held::Cooling(until) => outcome_for("cooling", Tries::minutes_left(until, caller.now)),
    }
}

pub(super) fn wait(caller: &Caller, until: DateTime<Utc>) -> Outcome {
    outcome_for("wait", Tries::minutes_left(until, caller.now))
}

fn born_in(identity: &Identity, year: &str) -> bool {
    use chrono::Datelike;
    let born = identity.birth_year.map(i32::from).or_else(|| identity.birth_date.map(|date| date.year()));
    born.is_some() && born == year.trim().parse().ok()
}
