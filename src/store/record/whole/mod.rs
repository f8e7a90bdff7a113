//! Whole records, many in one transaction: the reads that come most often.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::super::error::StoreError;
use super::appointments::Appointment;
use super::births::{self, Birth};
use super::pregnancies::{self, Pregnancy};
use super::prescriptions::{self, Prescription};
use super::reach::{Patient, PatientRow};
use super::visits::{self, Visit};
use crate::privacy::Vault;

/// Everything that a clinician looks at first.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Who.
    pub patient: Patient,
    /// The newest visits.
    pub visits: Vec<Visit>,
    /// All pregnancies.
    pub pregnancies: Vec<Pregnancy>,
    /// All children.
    pub births: Vec<Birth>,
    /// The newest medicines.
    pub prescriptions: Vec<Prescription>,
    /// The newest appointments.
    pub appointments: Vec<Appointment>,
}

/// Whose record is asked for, and by whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asked {
    /// Whose.
    pub patient: Uuid,
    /// The account that asks; of a patient who asks for her own, her id.
    pub account: Uuid,
    /// Where the account works; none of a patient.
    pub facility: Option<i32>,
}

/// What there is for who asked.
#[derive(Debug)]
pub enum Found {
    /// The record: she is in the facility's care, her record was opened with a reason, or it is her own.
    Open(Box<Closed>),
    /// There is such a patient, and this account may not read her record.
    Refused,
    /// There is no such patient, or her record may not be kept.
    Nobody,
}

/// A record as it is stored, sealed.
#[derive(Debug)]
pub struct Closed {
    patient: PatientRow,
    visits: Vec<visits::Row>,
    pregnancies: Vec<pregnancies::Row>,
    births: Vec<births::Row>,
    prescriptions: Vec<prescriptions::Row>,
    appointments: Vec<Appointment>,
}

impl Closed {
    const fn of(patient: PatientRow) -> Self {
        Self {
            patient,
            visits: Vec::new(),
            pregnancies: Vec::new(),
            births: Vec::new(),
            prescriptions: Vec::new(),
            appointments: Vec::new(),
        }
    }

    /// The record, opened.
    pub fn open(self, vault: &Vault) -> Result<Whole, StoreError> {
        let patient = self.patient.open(vault)?;
        let key = patient.key.clone();
        Ok(Whole {
            patient,
            visits: self.visits.into_iter().map(|row| row.open(&key)).collect::<Result<_, _>>()?,
            pregnancies: self.pregnancies.into_iter().map(|row| row.open(&key)).collect::<Result<_, _>>()?,
            births: self.births.into_iter().map(|row| row.open(&key)).collect::<Result<_, _>>()?,
            prescriptions: self
                .prescriptions
                .into_iter()
                .map(|row| row.open(&key))
                .collect::<Result<_, _>>()?,
            appointments: self.appointments,
        })
    }
}

// Each gives the rows of the patients `$1`, with the place of the patient in that list, from 1.
const PATIENTS: &str = "
    SELECT at, id, wrapped_key, identity, status, language, home_facility, district, wording, created_at, updated_at
    FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (patient, at) JOIN person_in_care ON id = patient";
const VISITS: &str = "
    SELECT at, part.* FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (patient, at) CROSS JOIN LATERAL (
        SELECT number, facility, held_on, kind, note, words, author, created_at, updated_at
        FROM visit WHERE person = patient ORDER BY held_on DESC, number DESC LIMIT 20) AS part";
const PREGNANCIES: &str = "
    SELECT at, part.* FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (patient, at) CROSS JOIN LATERAL (
        SELECT number, status, due_on, dated_by, precision, note, ended_on, created_at, updated_at
        FROM pregnancy WHERE person = patient ORDER BY number DESC LIMIT 50) AS part";
const BIRTHS: &str = "
    SELECT at, part.* FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (patient, at) CROSS JOIN LATERAL (
        SELECT number, born_on, status, note, words, created_at, updated_at
        FROM child WHERE person = patient ORDER BY born_on DESC, number DESC LIMIT 50) AS part";
const PRESCRIPTIONS: &str = "
    SELECT at, part.* FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (patient, at) CROSS JOIN LATERAL (
        SELECT number, facility, started_on, until_on, stopped_on, note, prescribed, dispensed_at, author,
               created_at, updated_at
        FROM medicine WHERE person = patient ORDER BY number DESC LIMIT 20) AS part";
const APPOINTMENTS: &str = "
    SELECT at, part.* FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (patient, at) CROSS JOIN LATERAL (
        SELECT person, number, facility, starts_on, starts_at, purpose, status, created_at, updated_at
        FROM appointment WHERE person = patient ORDER BY number DESC LIMIT 20) AS part";

/// A row, and the place of its patient.
#[derive(sqlx::FromRow)]
struct Placed<P> {
    at: i64,
    #[sqlx(flatten)]
    row: P,
}

impl<P> Placed<P> {
    fn index(&self) -> usize {
        usize::try_from(self.at - 1).unwrap_or(usize::MAX)
    }
}

/// Reads one part of all these records.
async fn fill<P>(
    work: &mut PgConnection,
    query: &'static str,
    patients: &[Uuid],
    records: &mut [Option<Closed>],
    into: fn(&mut Closed) -> &mut Vec<P>,
) -> Result<(), sqlx::Error>
where
    P: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let rows: Vec<Placed<P>> = sqlx::query_as(query).bind(patients).fetch_all(work).await?;
    for placed in rows {
        if let Some(Some(record)) = records.get_mut(placed.index()) {
            into(record).push(placed.row);
        }
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Reach {
    kept: bool,
    in_care: bool,
    opened: bool,
}

/// The records that are asked for, in that order, in a transaction of [`Scope::Records`]: the database
/// decides which of them are open to whom.
///
/// [`Scope::Records`]: super::super::scope::Scope::Records
pub async fn read(work: &mut PgConnection, asked: &[Asked]) -> Result<Vec<Found>, StoreError> {
    let reach: Vec<Reach> =
        sqlx::query_as("SELECT kept, in_care, opened FROM mamacare_open_records($1, $2, $3)")
            .bind(asked.iter().map(|asked| asked.patient).collect::<Vec<_>>())
            .bind(asked.iter().map(|asked| asked.account).collect::<Vec<_>>())
            .bind(asked.iter().map(|asked| asked.facility).collect::<Vec<_>>())
            .fetch_all(&mut *work)
            .await?;
    let open = |reach: &Reach| reach.in_care || reach.opened;
    let patients: Vec<Uuid> =
        asked.iter().zip(&reach).filter_map(|(asked, reach)| open(reach).then_some(asked.patient)).collect();
    let mut records = closed(work, &patients).await?.into_iter();
    let found = |at| match reach.get(at) {
        Some(reach) if open(reach) => {
            records.next().flatten().map_or(Found::Nobody, |record| Found::Open(Box::new(record)))
        }
        Some(reach) if reach.kept => Found::Refused,
        _ => Found::Nobody,
    };
    Ok((0..asked.len()).map(found).collect())
}

/// The records of these patients; none for one of whom the transaction sees nothing.
async fn closed(work: &mut PgConnection, patients: &[Uuid]) -> Result<Vec<Option<Closed>>, sqlx::Error> {
    let mut records: Vec<Option<Closed>> = patients.iter().map(|_| None).collect();
    if patients.is_empty() {
        return Ok(records);
    }
    let rows: Vec<Placed<PatientRow>> = sqlx::query_as(PATIENTS).bind(patients).fetch_all(&mut *work).await?;
    for placed in rows {
        if let Some(record) = records.get_mut(placed.index()) {
            *record = Some(Closed::of(placed.row));
        }
    }
    fill(work, VISITS, patients, &mut records, |record| &mut record.visits).await?;
    fill(work, PREGNANCIES, patients, &mut records, |record| &mut record.pregnancies).await?;
    fill(work, BIRTHS, patients, &mut records, |record| &mut record.births).await?;
    fill(work, PRESCRIPTIONS, patients, &mut records, |record| &mut record.prescriptions).await?;
    fill(work, APPOINTMENTS, patients, &mut records, |record| &mut record.appointments).await?;
    Ok(records)
}
