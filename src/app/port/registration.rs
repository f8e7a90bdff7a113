//! "Tell us that you are pregnant": somebody registers by herself; staff verify it later.

use chrono::NaiveDate;
use uuid::Uuid;

use super::recovery::wait;
use super::{Port, Work, broken, facts, note, outcome, param, person_of};
use crate::app::turns::{MenuShelf, PortError};
use crate::care::{ConsentPurpose, Dating};
use crate::store::access::Act;
use crate::store::consents::{self, Agreement};
use crate::store::people::{self, NewPerson, Person};
use crate::store::phones::{Asked, Request};
use crate::store::pregnancies;
use crate::store::sealed::Identity;
use crate::ussd::port::{Caller, Outcome, Params};

/// Longest name that is kept, in characters.
const LONGEST_NAME: usize = 60;

/// What she says of herself.
struct Told<'a> {
    identity: Identity,
    weeks: u8,
    district: &'a str,
}

impl<M: MenuShelf> Port<M> {
    /// Registers a pregnant woman on the caller's number.
    pub(super) async fn register(
        &self,
        caller: &Caller,
        params: &Params,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let told = told(params)?;
        let places = self.parts.directory.places();
        if places.district(told.district).is_none() {
            return Err(broken(format!("register: there is no district {:?}", told.district)));
        }
        let allowances = &self.parts.settings.register;
        if let Some(refused) = self.peek(caller, Request::Register, allowances, work).await? {
            return Ok(refused);
        }
        let (pin, hash) = self.draw_pin(caller, &told.identity).await?;
        let work = self.work(caller, work).await?;
        match self.ask(caller, Request::Register, allowances, work).await? {
            Asked::NotBefore(until) => return Ok(wait(caller, until)),
            Asked::Again => return self.registered(caller, work).await,
            Asked::First => {}
        }
        let Some(ordinal) = people::free_ordinal(work, &caller.phone).await? else {
            return Ok(outcome("full"));
        };
        let home_facility = places.nearest(told.district).map(|facility| facility.id);
        let person = self.add_person(caller, told, home_facility, work).await?;
        people::link(work, &person.key, &caller.phone, ordinal, caller.msisdn, caller.now).await?;
        self.issue_pin(caller, &person, &pin, &hash, work).await?;
        note(work, caller, person.id, Act::Change, "registration").await?;
        self.registered(caller, work).await
    }

    async fn registered(&self, caller: &Caller, work: &mut Work) -> Result<Outcome, PortError> {
        Ok(Outcome { phone: Some(facts(work, caller).await?), ..outcome("ok") })
    }

    async fn add_person(
        &self,
        caller: &Caller,
        told: Told<'_>,
        home_facility: Option<i32>,
        work: &mut Work,
    ) -> Result<Person, PortError> {
        let millis = u64::try_from(caller.now.timestamp_millis()).unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &self.keyring().random()).into_uuid();
        let (key, wrapped_key) = self.parts.vault.create(id);
        let new = NewPerson {
            key: &key,
            wrapped_key: &wrapped_key,
            identity: &told.identity,
            language: &caller.language,
            district: told.district,
            home_facility,
            now: caller.now,
        };
        people::add(work, &new).await?;
        self.agree(caller, id, ConsentPurpose::Care, work).await?;
        pregnancies::add_reckoned(work, id, due(caller, told.weeks), caller.now).await?;
        Ok(Person {
            id,
            key,
            identity: told.identity,
            verified: false,
            language: caller.language.clone(),
            greet_by_name: false,
            home_facility,
            consented: true,
        })
    }

    /// Writes down the pregnancy of a woman whom we know.
    pub(super) async fn report_pregnancy(
        &self,
        caller: &Caller,
        params: &Params,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let (person, due) = (person_of(caller)?, due(caller, weeks(params)?));
        let work = self.work(caller, work).await?;
        if !pregnancies::add_reckoned(work, person, due, caller.now).await? {
            return Ok(outcome("known"));
        }
        note(work, caller, person, Act::Change, "pregnancy").await?;
        Ok(outcome("ok"))
    }

    /// Keeps that she agrees, with the version of the menu whose text she was shown.
    pub(super) async fn agree(
        &self,
        caller: &Caller,
        person: Uuid,
        purpose: ConsentPurpose,
        work: &mut Work,
    ) -> Result<(), PortError> {
        let agreement = Agreement {
            person,
            purpose: purpose.code(),
            channel: caller.channel,
            text_version: &format!("menu {:016x}", self.parts.menus.current().version.0),
            language: &caller.language,
            now: caller.now,
        };
        Ok(consents::give(work, agreement).await?)
    }
}

fn told(params: &Params) -> Result<Told<'_>, PortError> {
    if param(params, "consent")? != "yes" {
        return Err(broken("register: nobody is registered who did not agree"));
    }
    let name = param(params, "name")?.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(broken(format!("register: a name has 1 to {LONGEST_NAME} characters")));
    }
    let (given, family) = name.split_once(' ').unwrap_or((&name, ""));
    let birth_year: i16 = param(params, "birth_year")?
        .parse()
        .ok()
        .filter(|year| (1900..=2100).contains(year))
        .ok_or_else(|| broken("register: birth_year is a year of four digits"))?;
    let weeks = weeks(params)?;
    let identity = Identity {
        given: given.to_owned(),
        family: family.to_owned(),
        birth_year: Some(birth_year),
        birth_date: None,
    };
    Ok(Told { identity, weeks, district: param(params, "district")? })
}

/// As she reckons; 0 where she cannot say.
fn weeks(params: &Params) -> Result<u8, PortError> {
    let weeks = param(params, "weeks")?.parse().ok().filter(|weeks| *weeks <= 44);
    weeks.ok_or_else(|| broken("weeks is a number from 0 to 44"))
}

fn due(caller: &Caller, weeks: u8) -> Option<NaiveDate> {
    (weeks > 0).then(|| Dating::from_weeks(weeks, caller.today).due())
}
