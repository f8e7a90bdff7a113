//! A whole record in one query: the reads that come most often.

use serde::{Deserialize, Deserializer};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::super::error::StoreError;
use super::appointments::Appointment;
use super::births::{self, Birth};
use super::pregnancies::{self, Pregnancy};
use super::prescriptions::{self, Prescription};
use super::reach::{Patient, PatientRow, Reached};
use super::visits::{self, Visit};
use crate::privacy::Vault;

/// Everything that a clinician looks at first.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Who, and how far the account may go.
    pub reached: Reached,
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

/// Reads octets that PostgreSQL wrote in hexadecimal.
pub(super) fn octets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    decode(&text).ok_or_else(|| serde::de::Error::custom("expected hexadecimal digits"))
}

/// The same, where there may be none.
pub(super) fn maybe_octets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| decode(&text).ok_or_else(|| serde::de::Error::custom("expected hexadecimal digits")))
        .transpose()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    digits.chunks_exact(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    patient: PatientRow,
    in_care: bool,
    opened: bool,
    visits: Json<Vec<visits::Row>>,
    pregnancies: Json<Vec<pregnancies::Row>>,
    births: Json<Vec<births::Row>>,
    prescriptions: Json<Vec<prescriptions::Row>>,
    appointments: Json<Vec<Appointment>>,
}

const WHOLE: &str = "
    SELECT id, wrapped_key, identity, status, language, home_facility, district, wording, created_at, updated_at,
           coalesce(home_facility = $2, false)
           OR EXISTS (SELECT FROM visit WHERE visit.person = $1 AND visit.facility = $2 AND held_on > $5)
           OR EXISTS (SELECT FROM appointment WHERE appointment.person = $1 AND appointment.facility = $2
                      AND appointment.status = 'booked')
           OR EXISTS (SELECT FROM referral WHERE referral.person = $1 AND receiver = $2
                      AND referral.status <> 'cancelled' AND referral.created_at > $6) AS in_care,
           EXISTS (SELECT FROM opened_record WHERE opened_record.staff = $3 AND opened_record.person = $1
                   AND until > $4) AS opened,
           coalesce((SELECT json_agg(part) FROM (
               SELECT number, facility, held_on, kind, note, words, author, created_at, updated_at FROM visit
               WHERE visit.person = $1 ORDER BY held_on DESC, number DESC LIMIT 20) AS part), '[]') AS visits,
           coalesce((SELECT json_agg(part) FROM (
               SELECT number, status, due_on, dated_by, precision, note, ended_on, created_at, updated_at
               FROM pregnancy WHERE pregnancy.person = $1 ORDER BY number DESC LIMIT 50) AS part), '[]') AS pregnancies,
           coalesce((SELECT json_agg(part) FROM (
               SELECT number, born_on, status, note, words, created_at, updated_at FROM child
               WHERE child.person = $1 ORDER BY born_on DESC, number DESC LIMIT 50) AS part), '[]') AS births,
           coalesce((SELECT json_agg(part) FROM (
               SELECT number, facility, started_on, until_on, stopped_on, note, prescribed, dispensed_at, author,
                      created_at, updated_at
               FROM medicine WHERE medicine.person = $1 ORDER BY number DESC LIMIT 20) AS part), '[]') AS prescriptions,
           coalesce((SELECT json_agg(part) FROM (
               SELECT person, number, facility, starts_on, starts_at, purpose, status, created_at, updated_at
               FROM appointment WHERE appointment.person = $1 ORDER BY number DESC LIMIT 20) AS part), '[]')
               AS appointments
    FROM person_in_care WHERE id = $1";

/// The record of a patient, for an account of a facility. With neither, for herself.
pub async fn read(
    work: &mut PgConnection,
    vault: &Vault,
    person: Uuid,
    facility: Option<i32>,
    staff: Option<Uuid>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Option<Whole>, StoreError> {
    let row: Option<Row> = sqlx::query_as(WHOLE)
        .bind(person)
        .bind(facility)
        .bind(staff)
        .bind(now)
        .bind(super::reach::seen_since(now.date_naive()))
        .bind(super::reach::referred_since(now))
        .fetch_optional(work)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let patient: Patient = row.patient.open(vault)?;
    let key = patient.key.clone();
    let visits = row.visits.0.into_iter().map(|part| part.open(&key)).collect::<Result<_, _>>()?;
    let pregnancies = row.pregnancies.0.into_iter().map(|part| part.open(&key)).collect::<Result<_, _>>()?;
    let births = row.births.0.into_iter().map(|part| part.open(&key)).collect::<Result<_, _>>()?;
    let prescriptions =
        row.prescriptions.0.into_iter().map(|part| part.open(&key)).collect::<Result<_, _>>()?;
    Ok(Some(Whole {
        reached: Reached { patient, in_care: row.in_care, opened: row.opened },
        visits,
        pregnancies,
        births,
        prescriptions,
        appointments: row.appointments.0,
    }))
}
