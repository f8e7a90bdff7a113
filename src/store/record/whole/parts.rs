//! Records put together from the tables of their parts.

use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::super::super::error::StoreError;
use super::super::appointments::Appointment;
use super::super::reach::PatientRow;
use super::super::{births, pregnancies, prescriptions, visits};
use super::Whole;
use crate::privacy::Vault;

/// A record as it is stored in its parts, sealed.
#[derive(Debug)]
pub struct Parts {
    patient: PatientRow,
    visits: Vec<visits::Row>,
    pregnancies: Vec<pregnancies::Row>,
    births: Vec<births::Row>,
    prescriptions: Vec<prescriptions::Row>,
    appointments: Vec<Appointment>,
}

impl Parts {
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
    records: &mut [Option<Parts>],
    into: fn(&mut Parts) -> &mut Vec<P>,
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

/// The records of these patients; none for one of whom the transaction sees nothing.
pub(super) async fn of(
    work: &mut PgConnection,
    patients: &[Uuid],
) -> Result<Vec<Option<Parts>>, sqlx::Error> {
    let mut records: Vec<Option<Parts>> = patients.iter().map(|_| None).collect();
    if patients.is_empty() {
        return Ok(records);
    }
    let rows: Vec<Placed<PatientRow>> = sqlx::query_as(PATIENTS).bind(patients).fetch_all(&mut *work).await?;
    for placed in rows {
        if let Some(record) = records.get_mut(placed.index()) {
            *record = Some(Parts::of(placed.row));
        }
    }
    fill(work, VISITS, patients, &mut records, |record| &mut record.visits).await?;
    fill(work, PREGNANCIES, patients, &mut records, |record| &mut record.pregnancies).await?;
    fill(work, BIRTHS, patients, &mut records, |record| &mut record.births).await?;
    fill(work, PRESCRIPTIONS, patients, &mut records, |record| &mut record.prescriptions).await?;
    fill(work, APPOINTMENTS, patients, &mut records, |record| &mut record.appointments).await?;
    Ok(records)
}
