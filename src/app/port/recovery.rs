//! A new PIN by SMS, and a facility's details by SMS.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::settings::ISSUED_PIN_LASTS;
use super::{Port, Work, cause, note, outcome, outcome_for};
use crate::app::turns::{MenuShelf, PortError};
use crate::identity::{Pin, PinOwner, Tries};
use crate::store::access::Act;
use crate::store::people::{self, Person};
use crate::store::phones::{self, Allowance, Asked, Request};
use crate::store::{credentials, sealed::Identity};
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
        if let Some(refused) = self.peek(caller, Request::RecoverPin, allowances, work).await? {
            return Ok(refused);
        }
        let person = self.chosen(caller, work).await?;
        let unknown = Identity::default();
        let (pin, hash) =
            self.draw_pin(caller, person.as_ref().map_or(&unknown, |person| &person.identity)).await?;
        let work = self.work(work).await?;
        match self.ask(caller, Request::RecoverPin, allowances, work).await? {
            Asked::NotBefore(until) => return Ok(wait(caller, until)),
            Asked::Again => return Ok(outcome("sent")),
            Asked::First => {}
        }
        let Some(person) = person.filter(|person| born_in(&person.identity, birth_year)) else {
            return Ok(outcome("sent"));
        };
        self.issue_pin(caller, &person, &pin, &hash, work).await?;
        credentials::clear_counters(work, &caller.phone, person.id).await?;
        Ok(outcome("sent"))
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
        let work = self.work(work).await?;
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

pub(super) fn wait(caller: &Caller, until: chrono::DateTime<chrono::Utc>) -> Outcome {
    outcome_for("wait", Tries::minutes_left(until, caller.now))
}

fn born_in(identity: &Identity, year: &str) -> bool {
    use chrono::Datelike;
    let born = identity.birth_year.map(i32::from).or_else(|| identity.birth_date.map(|date| date.year()));
    born.is_some() && born == year.trim().parse().ok()
}
