//! What the plans of some people follow from, in a few queries however many they are. Sealed fields
//! are opened for these people alone.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::care::Msisdn;
use crate::care::calendar::local_day;
use crate::messages::keywords::Programme;
use crate::messages::planner::{
    Booked, Child, Ended, Facts, Held, Hold, Number, Occasion, Planned, Pregnancy, Purpose, STAFF_STEP,
    Supply, VisitKind,
};
use crate::privacy::{Keyring, PersonKey, Vault};
use crate::store::error::StoreError;
use crate::store::sealed::{MedicineNote, Number as SealedNumber, Sealed};
use crate::store::{programmes::Stops, questions};

/// A person and what her plan follows from.
#[derive(Debug)]
pub struct PersonFacts {
    /// Opens what is hers.
    pub key: PersonKey,
    /// Language of her messages, ISO code.
    pub language: String,
    /// The facility that cares for her.
    pub home_facility: Option<i32>,
    /// Her numbers by their blind index.
    pub numbers: Vec<([u8; 16], Msisdn)>,
    /// What her plan follows from.
    pub facts: Facts,
    /// Of what was taken back: row, time, subject, day, and how often it was planned.
    pub lapsed: Vec<(String, u8, i32, NaiveDate, i16)>,
}

impl PersonFacts {
    /// How often an occasion was planned before and taken back.
    pub fn revision(&self, occasion: &Occasion<'_>) -> i16 {
        let lapsed = self.lapsed.iter().find(|(rule, step, subject, due_on, _)| {
            *rule == occasion.rule.id
                && *step == occasion.step
                && *subject == occasion.subject
                && *due_on == occasion.due_on
        });
        lapsed.map_or(0, |(.., revision)| revision.saturating_add(1))
    }
}

/// What the plans of these people follow from.
pub async fn facts(
    work: &mut PgConnection,
    vault: &Vault,
    people: &[Uuid],
    today: NaiveDate,
) -> Result<Vec<PersonFacts>, StoreError> {
    let mut all = persons(work, vault, people).await?;
    numbers(work, people, &mut all).await?;
    pregnancies(work, people, &mut all).await?;
    visits(work, people, today, &mut all).await?;
    children(work, people, today, &mut all).await?;
    supplies(work, people, today, &mut all).await?;
    holds(work, people, &mut all).await?;
    planned(work, people, today, &mut all).await?;
    answered(work, vault.keyring(), people, &mut all).await?;
    let mut facts: Vec<PersonFacts> = all.into_values().collect();
    facts.sort_by_key(|person| person.key.person());
    Ok(facts)
}

type All = HashMap<Uuid, PersonFacts>;

#[derive(FromRow)]
struct PersonRow {
    id: Uuid,
    wrapped_key: Vec<u8>,
    language: String,
    covert: bool,
    home_facility: Option<i32>,
    district: Option<String>,
    synthetic: bool,
    created_at: DateTime<Utc>,
    consented: bool,
}

async fn persons(work: &mut PgConnection, vault: &Vault, people: &[Uuid]) -> Result<All, StoreError> {
    let rows: Vec<PersonRow> = sqlx::query_as(
        "SELECT person.id, wrapped_key, language, wording = 'covert' AS covert, home_facility,
                coalesce(person.district, facility.district) AS district, person.synthetic, person.created_at,
                (SELECT count(*) = 2 FROM consent WHERE consent.person = person.id
                 AND purpose IN ('care', 'reminders') AND withdrawn_at IS NULL) AS consented
         FROM person LEFT JOIN facility ON facility.id = home_facility
         WHERE person.id = ANY ($1) AND erased_at IS NULL",
    )
    .bind(people)
    .fetch_all(work)
    .await?;
    rows.into_iter()
        .map(|row| {
            let facts = Facts {
                consented: row.consented,
                covert: row.covert,
                // Who was invented never joined.
                joined_on: (!row.synthetic).then(|| local_day(row.created_at)),
                district: row.district.unwrap_or_default(),
                pregnancy: None,
                ended: Vec::new(),
                held: Vec::new(),
                booked: Vec::new(),
                children: Vec::new(),
                supplies: Vec::new(),
                numbers: Vec::new(),
                hold: None,
                planned: Vec::new(),
                answered: Vec::new(),
            };
            let key = vault.unwrap(row.id, &row.wrapped_key)?;
            let (language, home_facility) = (row.language, row.home_facility);
            Ok((
                row.id,
                PersonFacts { key, language, home_facility, numbers: Vec::new(), facts, lapsed: Vec::new() },
            ))
        })
        .collect()
}

#[derive(FromRow)]
struct NumberRow {
    person: Uuid,
    phone: Vec<u8>,
    ordinal: i16,
    number: Vec<u8>,
    stopped: bool,
    stops: Vec<String>,
}

async fn numbers(work: &mut PgConnection, people: &[Uuid], all: &mut All) -> Result<(), StoreError> {
    let rows: Vec<NumberRow> = sqlx::query_as(
        "SELECT person, person_phone.phone, ordinal, number, stopped_at IS NOT NULL AS stopped,
                ARRAY (SELECT programme FROM message_stop WHERE message_stop.phone = person_phone.phone) AS stops
         FROM person_phone JOIN phone ON phone.key = person_phone.phone
         WHERE person = ANY ($1) ORDER BY person, linked_at, person_phone.phone",
    )
    .bind(people)
    .fetch_all(work)
    .await?;
    for row in rows {
        let Some(person) = all.get_mut(&row.person) else { continue };
        let opened = SealedNumber::open(&person.key, row.ordinal.into(), &row.number)?;
        let (Ok(msisdn), Ok(phone)) = (opened.0.parse::<Msisdn>(), <[u8; 16]>::try_from(row.phone)) else {
            continue;
        };
        let these = row.stops.iter().filter_map(|code| Programme::of(code)).collect();
        let Stops { all: stopped, these: stops } = Stops { all: row.stopped, these };
        person.facts.numbers.push(Number { phone, stopped, stops });
        person.numbers.push((phone, msisdn));
    }
    Ok(())
}

#[derive(FromRow)]
struct PregnancyRow {
    person: Uuid,
    number: i16,
    due_on: Option<NaiveDate>,
    estimate: bool,
    ended_on: Option<NaiveDate>,
}

async fn pregnancies(work: &mut PgConnection, people: &[Uuid], all: &mut All) -> Result<(), StoreError> {
    let rows: Vec<PregnancyRow> = sqlx::query_as(
        "SELECT person, number, due_on, precision = 'month' AS estimate, ended_on
         FROM pregnancy WHERE person = ANY ($1) ORDER BY person, number",
    )
    .bind(people)
    .fetch_all(work)
    .await?;
    for row in rows {
        let Some(person) = all.get_mut(&row.person) else { continue };
        match (row.ended_on, row.due_on) {
            (Some(on), _) => person.facts.ended.push(Ended { on }),
            (None, Some(due_on)) => {
                let number = i32::from(row.number);
                person.facts.pregnancy = Some(Pregnancy { number, due_on, estimate: row.estimate });
            }
            (None, None) => {}
        }
    }
    Ok(())
}

#[derive(FromRow)]
struct AppointmentRow {
    person: Uuid,
    number: i32,
    starts_on: NaiveDate,
    starts_at: Option<NaiveTime>,
    facility: i32,
    purpose: String,
    open: bool,
}

/// Visits that took place, of some time back, and those that were booked around today.
async fn visits(
    work: &mut PgConnection,
    people: &[Uuid],
    today: NaiveDate,
    all: &mut All,
) -> Result<(), StoreError> {
    let held: Vec<(Uuid, NaiveDate, String)> = sqlx::query_as(
        "SELECT person, held_on, kind FROM visit WHERE person = ANY ($1) AND held_on > $2::date - 330",
    )
    .bind(people)
    .bind(today)
    .fetch_all(&mut *work)
    .await?;
    for (person, on, kind) in held {
        let kind = match kind.as_str() {
            "antenatal" => VisitKind::Antenatal,
            "postnatal" => VisitKind::Postnatal,
            _ => VisitKind::Other,
        };
        if let Some(person) = all.get_mut(&person) {
            person.facts.held.push(Held { on, kind });
        }
    }
    let booked: Vec<AppointmentRow> = sqlx::query_as(
        "SELECT person, number, starts_on, starts_at, facility, purpose, status IN ('booked', 'missed') AS open
         FROM appointment WHERE person = ANY ($1) AND starts_on > $2::date - 60 AND status <> 'cancelled'",
    )
    .bind(people)
    .bind(today)
    .fetch_all(work)
    .await?;
    for row in booked {
        let purpose = match row.purpose.as_str() {
            "antenatal" => Purpose::Antenatal,
            "postnatal" => Purpose::Postnatal,
            "vaccination" | "growth" => Purpose::Child,
            "family_planning" => Purpose::Planning,
            _ => Purpose::Other,
        };
        if let Some(person) = all.get_mut(&row.person) {
            person.facts.booked.push(Booked {
                number: row.number,
                on: row.starts_on,
                time: row.starts_at,
                facility: row.facility,
                purpose,
                open: row.open,
            });
        }
    }
    Ok(())
}

#[derive(FromRow)]
struct ChildRow {
    person: Uuid,
    number: i16,
    born_on: NaiveDate,
    followed: bool,
    doses: Vec<String>,
    given_on: Vec<NaiveDate>,
}

/// Children under six; older ones are in no schedule.
async fn children(
    work: &mut PgConnection,
    people: &[Uuid],
    today: NaiveDate,
    all: &mut All,
) -> Result<(), StoreError> {
    let rows: Vec<ChildRow> = sqlx::query_as(
        "SELECT child.person, child.number, born_on, status = 'living' AS followed,
                coalesce(array_agg(dose) FILTER (WHERE dose IS NOT NULL), '{}') AS doses,
                coalesce(array_agg(given_on) FILTER (WHERE dose IS NOT NULL), '{}') AS given_on
         FROM child LEFT JOIN immunisation
              ON immunisation.person = child.person AND immunisation.child = child.number
         WHERE child.person = ANY ($1) AND born_on > $2::date - 2200
         GROUP BY child.person, child.number ORDER BY child.person, child.number",
    )
    .bind(people)
    .bind(today)
    .fetch_all(work)
    .await?;
    for row in rows {
        let Some(person) = all.get_mut(&row.person) else { continue };
        person.facts.children.push(Child {
            number: row.number.into(),
            born_on: row.born_on,
            followed: row.followed,
            doses: row.doses.into_iter().zip(row.given_on).collect(),
        });
    }
    Ok(())
}

#[derive(FromRow)]
struct SupplyRow {
    person: Uuid,
    number: i32,
    started_on: NaiveDate,
    until_on: NaiveDate,
    taken: bool,
    note: Vec<u8>,
}

async fn supplies(
    work: &mut PgConnection,
    people: &[Uuid],
    today: NaiveDate,
    all: &mut All,
) -> Result<(), StoreError> {
    let rows: Vec<SupplyRow> = sqlx::query_as(
        "SELECT person, number, started_on, until_on, coalesce(stopped_on > $2, true) AS taken, note
         FROM medicine WHERE person = ANY ($1) AND until_on > $2::date - 30 ORDER BY person, number",
    )
    .bind(people)
    .bind(today)
    .fetch_all(work)
    .await?;
    let mut medicines: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in rows {
        let Some(person) = all.get_mut(&row.person) else { continue };
        let note = MedicineNote::open(&person.key, row.number, &row.note)?;
        let name = if note.code.is_empty() { note.name.to_lowercase() } else { note.code };
        let known = medicines.entry(row.person).or_default();
        let at = known.iter().position(|other| *other == name).unwrap_or_else(|| {
            known.push(name);
            known.len() - 1
        });
        person.facts.supplies.push(Supply {
            number: row.number,
            started_on: row.started_on,
            until_on: row.until_on,
            taken: row.taken,
            medicine: u32::try_from(at).unwrap_or(u32::MAX),
        });
    }
    Ok(())
}

/// Whose, quiet until when, whether confirmed, when lifted.
type HoldRow = (Uuid, DateTime<Utc>, bool, Option<DateTime<Utc>>);

async fn holds(work: &mut PgConnection, people: &[Uuid], all: &mut All) -> Result<(), StoreError> {
    let rows: Vec<HoldRow> = sqlx::query_as(
        "SELECT person, quiet_until, confirmed, lifted_at FROM care_hold WHERE person = ANY ($1)",
    )
    .bind(people)
    .fetch_all(work)
    .await?;
    for (person, quiet_until, lasting, lifted_at) in rows {
        if let Some(person) = all.get_mut(&person) {
            let (quiet_through, lifted_on) = (local_day(quiet_until), lifted_at.map(local_day));
            person.facts.hold = Some(Hold { quiet_through, lasting, lifted_on });
        }
    }
    Ok(())
}

#[derive(FromRow)]
struct PlannedRow {
    person: Uuid,
    rule: String,
    step: i16,
    subject: i32,
    due_on: NaiveDate,
    send_on: NaiveDate,
    state: String,
    revision: i16,
}

async fn planned(
    work: &mut PgConnection,
    people: &[Uuid],
    today: NaiveDate,
    all: &mut All,
) -> Result<(), StoreError> {
    let rows: Vec<PlannedRow> = sqlx::query_as(
        "SELECT person, rule, step, subject, due_on, send_on, state, revision
         FROM reminder WHERE person = ANY ($1) AND due_on > $2::date - 2000",
    )
    .bind(people)
    .bind(today)
    .fetch_all(work)
    .await?;
    for row in rows {
        let Some(person) = all.get_mut(&row.person) else { continue };
        let step = u8::try_from(row.step).unwrap_or(STAFF_STEP);
        if row.state == "lapsed" {
            person.lapsed.push((row.rule.clone(), step, row.subject, row.due_on, row.revision));
        }
        person.facts.planned.push(Planned {
            rule: row.rule,
            step,
            subject: row.subject,
            due_on: row.due_on,
            send_on: row.send_on,
            counts: row.state != "lapsed",
            message: row.state != "listed",
        });
    }
    Ok(())
}

async fn answered(
    work: &mut PgConnection,
    keyring: &Keyring,
    people: &[Uuid],
    all: &mut All,
) -> Result<(), StoreError> {
    let people: BTreeSet<Uuid> = people.iter().copied().collect();
    let people: Vec<Uuid> = people.into_iter().collect();
    for (person, about) in questions::answered_yes(work, keyring, &people).await? {
        if let Some(person) = all.get_mut(&person) {
            person.facts.answered.push((about.ask, about.subject));
        }
    }
    Ok(())
}
