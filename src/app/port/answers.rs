//! Sources that say what is hers. Each is one query, and reads nothing unless she agrees that her
//! record is kept and shown, whatever the session remembers.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::fields::{day, item};
use super::{Port, Reading, broken, check_guard, param, person_of, places};
use crate::app::turns::{MenuShelf, PortError};
use crate::care::calendar::{add_months, days_between, months_between, weeks_between};
use crate::care::{Attended, Child, Dating, Given, Precision, VisitState, WordKind};
use crate::menu::{SourceSpec, Value};
use crate::store::sealed::VisitNote;
use crate::store::visits::Visit;
use crate::store::{appointments, children, medicines, people, pregnancies, visits};
use crate::ussd::port::{Answer, Caller, Question};

/// Rows of a list at most.
const MOST: u8 = 20;
/// Children are followed to their fifth birthday.
const FOLLOWED_MONTHS: u32 = 60;

impl<M: MenuShelf> Port<M> {
    /// Answers one question.
    pub(super) async fn answer_one(
        &self,
        caller: &Caller,
        question: &Question,
        reading: &mut Reading<'_>,
    ) -> Result<Answer, PortError> {
        let source = question.source;
        check_guard(caller, source.guard, source.name)?;
        if let Some(answer) = places::answer(&self.parts.directory.places(), question) {
            return answer;
        }
        let person = person_of(caller)?;
        let connection = reading.connection().await?;
        let param = |name| param(&question.params, name);
        match source.name {
            "me" => self.me(person, source, connection).await,
            "pregnancy" => self.pregnancy(caller, person, source, connection).await,
            "next_visit" => self.next_visit(caller, person, source, connection).await,
            "visits" => self.visits(caller, person, source, connection).await,
            "visit" => self.visit(caller, person, source, param("id")?, connection).await,
            "medicines" => self.medicines(caller, person, source, connection).await,
            "measures" => self.measures(person, source, connection).await,
            "babies" => self.babies(caller, person, source, connection).await,
            "vaccines" => self.vaccines(caller, person, source, param("baby")?, connection).await,
            "looks" => self.looks(caller, person, source, connection).await,
            "consents" => self.consents(caller, person, source, connection).await,
            other => Err(broken(format!("the store has no source {other}"))),
        }
    }

    /// The plain word for a code, in the caller's language; the code itself where there is none.
    pub(super) fn word(&self, caller: &Caller, kind: WordKind, code: &str) -> String {
        let word = self.parts.country.words.word(kind, code);
        word.map_or_else(|| code.replace('_', " "), |word| word.full(&caller.language).to_owned())
    }

    fn facility(&self, id: i32) -> Value {
        Value::from(self.parts.directory.places().facility_name(id))
    }

    async fn me(
        &self,
        person: Uuid,
        source: &SourceSpec,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        let Some(person) = people::open(connection, &self.parts.vault, person).await? else {
            return Ok(Vec::new());
        };
        let first_name = person.identity.given.split(' ').next().unwrap_or_default();
        let greeting = if person.greet_by_name { first_name } else { "" };
        Ok(vec![item(
            source,
            [
                ("greeting", Value::from(greeting)),
                ("greet", Value::from(person.greet_by_name)),
                ("facility", person.home_facility.map_or_else(|| Value::from(""), |id| self.facility(id))),
                ("verified", Value::from(person.verified)),
            ],
        )])
    }

    async fn pregnancy(
        &self,
        caller: &Caller,
        person: Uuid,
        source: &SourceSpec,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        let Some(active) = pregnancies::active(connection, person).await? else { return Ok(Vec::new()) };
        let precision = if active.to_the_month { Precision::Month } else { Precision::Day };
        let dating = Dating::from_due(active.due_on, precision);
        let Some(age) = dating.age(caller.today) else { return Ok(Vec::new()) };
        let attended = active
            .last_contact
            .map(|last| Attended { times: u16::try_from(active.contacts).unwrap_or(u16::MAX), last });
        let next = self.parts.country.antenatal.next(dating, attended, caller.today);
        let fields = [
            ("active", Value::from(true)),
            ("weeks", Value::from(i64::from(age.weeks()))),
            ("days", Value::from(i64::from(age.days()))),
            ("due", Value::from(active.due_on)),
            ("estimate", Value::from(dating.is_estimate())),
            ("next_contact", Value::from(next.map_or(0, |next| i64::from(next.number)))),
            ("overdue", Value::from(next.is_some_and(|next| next.overdue))),
        ];
        Ok(vec![item(source, fields.into_iter().chain(day("next_on", next.map(|next| next.on))))])
    }

    async fn next_visit(
        &self,
        caller: &Caller,
        person: Uuid,
        source: &SourceSpec,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        let Some(next) = appointments::next(connection, person, caller.today).await? else {
            return Ok(Vec::new());
        };
        let time = next.starts_at.map(|time| time.format("%H:%M").to_string()).unwrap_or_default();
        Ok(vec![item(
            source,
            [
                ("booked", Value::from(true)),
                ("on", Value::from(next.starts_on)),
                ("time", Value::from(time)),
                ("facility", self.facility(next.facility)),
                ("purpose", Value::from(self.word(caller, WordKind::Purpose, &next.purpose))),
                ("in_days", Value::from(days_between(caller.today, next.starts_on))),
            ],
        )])
    }

    async fn visits(
        &self,
        caller: &Caller,
        person: Uuid,
        source: &SourceSpec,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        let visits = visits::newest(connection, &self.parts.vault, person, MOST).await?;
        let describe = |visit: &Visit| {
            item(
                source,
                [
                    ("id", Value::from(visit.number.to_string())),
                    ("on", Value::from(visit.held_on)),
                    ("facility", self.facility(visit.facility)),
                    ("reason", Value::from(self.reason(caller, visit, false))),
                ],
            )
        };
        Ok(visits.iter().map(describe).collect())
    }

    async fn visit(
        &self,
        caller: &Caller,
        person: Uuid,
        source: &SourceSpec,
        id: &str,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        let Ok(number) = id.parse() else { return Ok(Vec::new()) };
        let Some(visit) = visits::find(connection, &self.parts.vault, person, number).await? else {
            return Ok(Vec::new());
        };
        Ok(vec![item(
            source,
            [
                ("on", Value::from(visit.held_on)),
                ("facility", self.facility(visit.facility)),
                ("reason", Value::from(self.reason(caller, &visit, true))),
                ("treatment", Value::from(visit.note.treatment.as_str())),
                ("pressure", Value::from(pressure(&visit.note))),
                ("weight", Value::from(weight(&visit.note))),
            ],
        )])
    }

    /// The first diagnosis that may be shown, in plain words; or what the visit was for.
    fn reason(&self, caller: &Caller, visit: &Visit, with_advice: bool) -> String {
        let words = &self.parts.country.words;
        let mut shown = visit.note.diagnoses.iter().filter(|diagnosis| diagnosis.may_be_shown);
        let diagnosis = shown.find_map(|diagnosis| words.word(WordKind::Diagnosis, &diagnosis.code));
        match diagnosis {
            Some(word) if with_advice => word.full(&caller.language).to_owned(),
            Some(word) => word.short(&caller.language).to_owned(),
            None => self.word(caller, WordKind::Visit, &visit.kind),
        }
    }

    async fn medicines(
        &self,
        caller: &Caller,
        person: Uuid,
        source: &SourceSpec,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        let supplies = medicines::newest(connection, &self.parts.vault, person, caller.today, MOST).await?;
        let word_of = |supply: &medicines::Medicine| {
            self.parts.country.words.word(WordKind::Medicine, &supply.note.code)
        };
        let may_be_shown = |supply: &&medicines::Medicine| {
            supply.note.may_be_shown || word_of(supply).is_none_or(|word| !word.private)
        };
        let describe = |supply: &medicines::Medicine| {
            let word = word_of(supply);
            let name = word.map_or(supply.note.name.as_str(), |word| &word.name);
            let plain = word.map(|word| word.full(&caller.language)).unwrap_or_default();
            item(
                source,
                [
                    ("id", Value::from(supply.number.to_string())),
                    ("name", Value::from(name)),
                    ("plain", Value::from(plain)),
                    ("dose", Value::from(supply.note.dose.as_str())),
                    ("until", Value::from(supply.until_on)),
                    ("ongoing", Value::from(supply.ongoing)),
                ],
            )
        };
        Ok(supplies.iter().filter(may_be_shown).map(describe).collect())
    }

    async fn measures(
        &self,
        person: Uuid,
        source: &SourceSpec,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        let visits = visits::newest(connection, &self.parts.vault, person, MOST).await?;
        let last = |measure: fn(&VisitNote) -> String| {
            visits
                .iter()
                .map(|visit| (measure(&visit.note), visit.held_on))
                .find(|(text, _)| !text.is_empty())
        };
        let (pressure, weight) = (last(pressure), last(weight));
        if pressure.is_none() && weight.is_none() {
            return Ok(Vec::new());
        }
        let text = |measured: &Option<(String, NaiveDate)>| {
            Value::from(measured.as_ref().map(|(text, _)| text.as_str()).unwrap_or_default())
        };
        let fields = [("pressure", text(&pressure)), ("weight", text(&weight))];
        let days =
            [day("pressure_on", pressure.map(|(_, on)| on)), day("weight_on", weight.map(|(_, on)| on))];
        Ok(vec![item(source, fields.into_iter().chain(days.into_iter().flatten()))])
    }

    async fn babies(
        &self,
        caller: &Caller,
        person: Uuid,
        source: &SourceSpec,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        // Born after this day: not yet five.
        let five_years_ago = caller.today - chrono::Months::new(FOLLOWED_MONTHS);
        let babies = children::born_after(connection, &self.parts.vault, person, five_years_ago).await?;
        let describe = |child: &children::Child| {
            let name = child.note.name.split(' ').next().unwrap_or_default();
            item(
                source,
                [
                    ("id", Value::from(child.number.to_string())),
                    ("name", Value::from(name)),
                    ("born", Value::from(child.born_on)),
                    ("weeks", Value::from(weeks_between(child.born_on, caller.today))),
                    ("months", Value::from(i64::from(months_between(child.born_on, caller.today)))),
                ],
            )
        };
        Ok(babies
            .iter()
            .filter(|child| add_months(child.born_on, FOLLOWED_MONTHS) > caller.today)
            .map(describe)
            .collect())
    }

    async fn vaccines(
        &self,
        caller: &Caller,
        person: Uuid,
        source: &SourceSpec,
        baby: &str,
        connection: &mut PgConnection,
    ) -> Result<Answer, PortError> {
        let Ok(number) = baby.parse() else { return Ok(Vec::new()) };
        let Some(doses) = children::doses(connection, person, number).await? else { return Ok(Vec::new()) };
        let given = doses.doses.iter().zip(&doses.given_on);
        let given: Vec<Given<'_>> = given.map(|(dose, on)| Given { dose, on: *on }).collect();
        let child = Child { born: doses.born_on, district: doses.district.as_deref().unwrap_or_default() };
        let visits = self.parts.country.immunisation.plan(child, &given, caller.today);
        Ok((1..)
            .zip(&visits)
            .map(|(place, visit): (i64, _)| {
                item(
                    source,
                    [
                        ("id", Value::from(place.to_string())),
                        ("name", Value::from(visit.name())),
                        ("plain", Value::from(self.parts.country.words.age(visit.age, &caller.language))),
                        ("due", Value::from(visit.due)),
                        ("state", Value::from(visit.state.code())),
                        ("given", Value::from(visit.state == VisitState::Given)),
                        ("overdue", Value::from(visit.state == VisitState::Overdue)),
                    ],
                )
            })
            .collect())
    }
}

/// `110/70`; empty where it was not measured.
fn pressure(note: &VisitNote) -> String {
    note.pressure.map(|(systolic, diastolic)| format!("{systolic}/{diastolic}")).unwrap_or_default()
}

/// `62.5`; empty where it was not measured.
fn weight(note: &VisitNote) -> String {
    note.weight.map(|weight| format!("{}.{}", weight / 10, weight % 10)).unwrap_or_default()
}
