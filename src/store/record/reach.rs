//! Whose patient somebody is, and so who may open her record.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use super::super::sealed::{Identity, Sealed};
use crate::privacy::{PersonKey, Vault};

/// Who was seen at a facility within this time is in its care.
const SEEN_WITHIN: TimeDelta = TimeDelta::days(365);

/// Who was referred to a facility within this time is in its care.
const REFERRED_WITHIN: TimeDelta = TimeDelta::days(180);

/// A record that was opened with a reason stays open for this long.
pub const OPEN_FOR: TimeDelta = TimeDelta::hours(1);

/// A patient, with her identity opened.
#[derive(Clone, Debug)]
pub struct Patient {
    /// Who.
    pub id: Uuid,
    /// Opens what is hers.
    pub key: PersonKey,
    /// Names and birth date.
    pub identity: Identity,
    /// `self_registered` or `verified`.
    pub status: String,
    /// Language of her messages, ISO code.
    pub language: String,
    /// The facility that cares for her.
    pub home_facility: Option<i32>,
    /// Her district.
    pub district: Option<String>,
    /// Whether her messages may say what they are about: `open` or `covert`.
    pub wording: String,
    /// Since when she is here.
    pub created_at: DateTime<Utc>,
    /// Last change of these particulars.
    pub updated_at: DateTime<Utc>,
}

/// How far somebody may go.
#[derive(Clone, Debug)]
pub struct Reached {
    /// Who.
    pub patient: Patient,
    /// Whether she is in the facility's care: it is her home, she was seen there within a year, has
    /// a visit booked there, or was referred to it.
    pub in_care: bool,
    /// Whether the account opened her record with a reason, and may still read.
    pub opened: bool,
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct PatientRow {
    pub(super) id: Uuid,
    pub(super) wrapped_key: Vec<u8>,
    identity: Vec<u8>,
    status: String,
    language: String,
    home_facility: Option<i32>,
    district: Option<String>,
    wording: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl PatientRow {
    pub(super) fn open(self, vault: &Vault) -> Result<Patient, StoreError> {
        let key = vault.unwrap(self.id, &self.wrapped_key)?;
        let identity = Identity::open(&key, 0, &self.identity)?;
        Ok(Patient {
            id: self.id,
            key,
            identity,
            status: self.status,
            language: self.language,
            home_facility: self.home_facility,
            district: self.district,
            wording: self.wording,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ReachedRow {
    #[sqlx(flatten)]
    patient: PatientRow,
    in_care: bool,
    opened: bool,
}

/// A patient whose record may be kept, and how far the account of a facility may go with it.
pub async fn reach(
    work: &mut PgConnection,
    vault: &Vault,
    person: Uuid,
    facility: i32,
    staff: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Reached>, StoreError> {
    let row: Option<ReachedRow> = sqlx::query_as(
        "SELECT id, wrapped_key, identity, status, language, home_facility, district, wording, created_at, updated_at,
                coalesce(home_facility = $2, false)
                OR EXISTS (SELECT FROM visit WHERE visit.person = $1 AND visit.facility = $2 AND held_on > $5)
                OR EXISTS (SELECT FROM appointment WHERE appointment.person = $1 AND appointment.facility = $2
                           AND appointment.status = 'booked')
                OR EXISTS (SELECT FROM referral WHERE referral.person = $1 AND receiver = $2
                           AND referral.status <> 'cancelled' AND referral.created_at > $6) AS in_care,
                EXISTS (SELECT FROM opened_record WHERE opened_record.staff = $3 AND opened_record.person = $1
                        AND until > $4) AS opened
         FROM person_in_care WHERE id = $1",
    )
    .bind(person)
    .bind(facility)
    .bind(staff)
    .bind(now)
    .bind((now - SEEN_WITHIN).date_naive())
    .bind(referred_since(now))
    .fetch_optional(work)
    .await?;
    let opened = |row: ReachedRow| {
        Ok(Reached { patient: row.patient.open(vault)?, in_care: row.in_care, opened: row.opened })
    };
    row.map(opened).transpose()
}

/// A patient whose record may be kept, whoever asks: for herself.
pub async fn find(
    work: &mut PgConnection,
    vault: &Vault,
    person: Uuid,
) -> Result<Option<Patient>, StoreError> {
    let row: Option<PatientRow> = sqlx::query_as(
        "SELECT id, wrapped_key, identity, status, language, home_facility, district, wording, created_at, updated_at
         FROM person_in_care WHERE id = $1",
    )
    .bind(person)
    .fetch_optional(work)
    .await?;
    row.map(|row| row.open(vault)).transpose()
}

/// Lets an account read a record of another facility from now on, and says until when; why stands in
/// the trail.
pub async fn open_with_reason(
    work: &mut PgConnection,
    staff: Uuid,
    person: Uuid,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, StoreError> {
    let until = now + OPEN_FOR;
    sqlx::query(
        "INSERT INTO opened_record (staff, person, until) VALUES ($1, $2, $3)
         ON CONFLICT (staff, person) DO UPDATE SET until = excluded.until",
    )
    .bind(staff)
    .bind(person)
    .bind(until)
    .execute(work)
    .await?;
    Ok(until)
}

/// The day a year ago: who was seen since is in a facility's care.
pub fn seen_since(today: NaiveDate) -> NaiveDate {
    today - SEEN_WITHIN
}

/// Since when a referral brings a patient into a facility's care.
pub fn referred_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - REFERRED_WITHIN
}

/// Whether there is such a patient and her record may be kept, whoever asks.
pub async fn is_kept(work: &mut PgConnection, person: Uuid) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT mamacare_is_kept($1)").bind(person).fetch_one(work).await?)
}
