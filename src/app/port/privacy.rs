//! Her privacy: who looked, what she agreed to, how she is greeted, whether messages come.

use sqlx::PgConnection;
use uuid::Uuid;

use super::fields::{day, item};
use super::{Port, Work, broken, facts, note, outcome, person_of};
use crate::app::turns::{MenuShelf, PortError};
use crate::care::calendar::local_day;
use crate::care::{ConsentPurpose, WordKind};
use crate::menu::{SourceSpec, Value};
use crate::store::access::{self, Act, Look};
use crate::store::{consents, outbox, people, phones};
use crate::text::{Display, Folding};
use crate::ussd::port::{Answer, Caller, Outcome, Proof};

/// Lines shown of who looked.
const MOST_LOOKS: u8 = 20;
/// Of them, her own.
const MOST_OWN_LOOKS: u8 = 5;

/// What somebody of the staff typed, in letters that every phone has: one letter more would halve the
/// screen that it stands on.
fn as_any_phone_shows(typed: Option<&str>) -> String {
    Display { folding: Folding::Accent, ucs2: false }.prepare(typed.unwrap_or_default()).0
}

impl<M: MenuShelf> Port<M> {
    /// `looks`.
    pub(super) async fn looks(
        &self,
        caller: &Caller,
        person: Uuid,
        source: &SourceSpec,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        let looks = access::looks(connection, self.keyring(), person, MOST_LOOKS, MOST_OWN_LOOKS).await?;
        Ok(looks
            .iter()
            .map(|look| {
                let what = if look.appointments { "appointments" } else { "record" };
                item(
                    source,
                    [
                        ("id", Value::from(look.id.to_string())),
                        ("on", Value::from(look.day)),
                        ("who", Value::from(self.who(caller, look))),
                        ("what", Value::from(self.word(caller, WordKind::Look, what))),
                        ("reason", Value::from(as_any_phone_shows(look.reason.as_deref()))),
                    ],
                )
            })
            .collect())
    }

    /// `Nurse, Bo Government Hospital`.
    fn who(&self, caller: &Caller, look: &Look) -> String {
        let role = match (look.own, look.role.as_deref()) {
            (true, _) => "self",
            (false, Some(role)) => role,
            (false, None) => "system",
        };
        let known = self.parts.country.words.word(WordKind::Actor, role);
        let known = known.or_else(|| self.parts.country.words.word(WordKind::Actor, "professional"));
        let role = known.map(|word| word.full(&caller.language)).unwrap_or_default();
        let places = self.parts.directory.places();
        match look.facility.map(|id| places.facility_name(id)).filter(|name| !name.is_empty()) {
            Some(facility) => format!("{role}, {facility}"),
            None => role.to_owned(),
        }
    }

    /// `consents`.
    pub(super) async fn consents(
        &self,
        caller: &Caller,
        person: Uuid,
        source: &SourceSpec,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        let current = consents::current(connection, person).await?;
        Ok(ConsentPurpose::ALL
            .into_iter()
            .map(|purpose| {
                let code = purpose.code();
                let known = current.iter().find(|consent| consent.purpose == code);
                let fields = [
                    ("id", Value::from(code)),
                    ("name", Value::from(self.word(caller, WordKind::Consent, code))),
                    ("given", Value::from(known.is_some_and(|consent| consent.given))),
                ];
                item(
                    source,
                    fields.into_iter().chain(day("on", known.map(|consent| local_day(consent.since)))),
                )
            })
            .collect())
    }

    /// `give_consent` and `withdraw_consent`.
    pub(super) async fn set_consent(
        &self,
        caller: &Caller,
        purpose: &str,
        given: bool,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let person = person_of(caller)?;
        let purpose = ConsentPurpose::of(purpose)
            .ok_or_else(|| broken(format!("there is no purpose {purpose:?} to agree to")))?;
        let work = self.work(caller, work).await?;
        if given {
            self.agree(caller, person, purpose, work).await?;
        } else {
            consents::withdraw(work, person, purpose.code(), caller.channel, caller.now).await?;
        }
        note(work, caller, person, Act::Change, "consents").await?;
        let proof = (purpose == ConsentPurpose::Care).then_some(Proof::Pin { person, consented: given });
        Ok(Outcome { proof, ..outcome("ok") })
    }

    /// `set_greeting`.
    pub(super) async fn set_greeting(
        &self,
        caller: &Caller,
        on: &str,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let person = person_of(caller)?;
        let on = match on {
            "yes" => true,
            "no" => false,
            other => return Err(broken(format!("set_greeting: on is yes or no, not {other:?}"))),
        };
        let work = self.work(caller, work).await?;
        people::set_greeting(work, person, on, caller.now).await?;
        Ok(outcome("ok"))
    }

    /// `stop_messages` and `start_messages`. Stopping also holds back what is queued already.
    pub(super) async fn set_messages(
        &self,
        caller: &Caller,
        wanted: bool,
        work: &mut Option<Work>,
    ) -> Result<Outcome, PortError> {
        let work = self.work(caller, work).await?;
        phones::set_stopped(work, &caller.phone, (!wanted).then_some(caller.now)).await?;
        if !wanted {
            outbox::cancel_all_but_pins(work, &caller.phone, caller.now).await?;
        }
        Ok(Outcome { phone: Some(facts(work, caller).await?), ..outcome("ok") })
    }
}
