//! Patients of a facility: lists, new ones, changes of their particulars.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use super::super::people;
use super::super::sealed::{Identity, Number, Sealed};
use super::reach::{Patient, PatientRow};
use crate::privacy::{PersonKey, Vault};

/// In which order a list comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// The newest registration first.
    Newest,
    /// The oldest first.
    Oldest,
}

/// Where a page of patients goes on: after the one registered then.
pub type After = (DateTime<Utc>, Uuid);

/// Patients of a facility (or of all, where none is named) whose record may be kept.
pub async fn list(
    work: &mut PgConnection,
    vault: &Vault,
    facility: Option<i32>,
    status: Option<&str>,
    order: Order,
    after: Option<After>,
    most: i64,
) -> Result<Vec<Patient>, StoreError> {
    const NEWEST: &str = "
        SELECT id, wrapped_key, identity, status, language, home_facility, district, wording, created_at, updated_at
        FROM person_in_care
        WHERE home_facility = $1 AND ($2::text IS NULL OR status = $2) AND (created_at, id) < ($3, $4)
        ORDER BY created_at DESC, id DESC LIMIT $5";
    const OLDEST: &str = "
        SELECT id, wrapped_key, identity, status, language, home_facility, district, wording, created_at, updated_at
        FROM person_in_care
        WHERE home_facility = $1 AND ($2::text IS NULL OR status = $2) AND (created_at, id) > ($3, $4)
        ORDER BY created_at, id LIMIT $5";
    const ALL: &str = "
        SELECT id, wrapped_key, identity, status, language, home_facility, district, wording, created_at, updated_at
        FROM person_in_care
        WHERE $1::integer IS NULL AND ($2::text IS NULL OR status = $2) AND $3::timestamptz IS NOT NULL AND id > $4
        ORDER BY id LIMIT $5";
    let (query, start) = match (facility, order) {
        (None, _) => (ALL, (DateTime::UNIX_EPOCH, Uuid::nil())),
        (Some(_), Order::Newest) => (NEWEST, (DateTime::<Utc>::MAX_UTC, Uuid::max())),
        (Some(_), Order::Oldest) => (OLDEST, (DateTime::UNIX_EPOCH, Uuid::nil())),
    };
    let (at, id) = after.unwrap_or(start);
    // PostgreSQL's own calendar ends before chrono's.
    let at = at.min(DateTime::from_timestamp(32_503_680_000, 0).unwrap_or(at));
    let rows: Vec<PatientRow> = sqlx::query_as(query)
        .bind(facility)
        .bind(status)
        .bind(at)
        .bind(id)
        .bind(most)
        .fetch_all(work)
        .await?;
    rows.into_iter().map(|row| row.open(vault)).collect()
}

/// A patient to be registered by staff.
#[derive(Debug)]
pub struct NewPatient<'a> {
    /// Her key.
    pub key: &'a PersonKey,
    /// The same, wrapped.
    pub wrapped_key: &'a [u8],
    /// Names and birth date.
    pub identity: &'a Identity,
    /// Language of her messages.
    pub language: &'a str,
    /// Her district.
    pub district: Option<&'a str>,
    /// The facility that cares for her.
    pub home_facility: Option<i32>,
    /// Whether staff saw her: `verified`, or else `self_registered`.
    pub verified: bool,
    /// When.
    pub now: DateTime<Utc>,
}

/// Adds a patient.
pub async fn add(work: &mut PgConnection, patient: &NewPatient<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO person (id, wrapped_key, identity, status, language, district, home_facility,
                             created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
    )
    .bind(patient.key.person())
    .bind(patient.wrapped_key)
    .bind(patient.identity.seal(patient.key, 0))
    .bind(if patient.verified { "verified" } else { "self_registered" })
    .bind(patient.language)
    .bind(patient.district)
    .bind(patient.home_facility)
    .bind(patient.now)
    .execute(work)
    .await?;
    Ok(())
}

/// What changes in a patient's particulars; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Change<'a> {
    /// Names and birth date.
    pub identity: Option<&'a Identity>,
    /// Language.
    pub language: Option<&'a str>,
    /// District.
    pub district: Option<&'a str>,
    /// Home facility.
    pub home_facility: Option<i32>,
    /// Whether staff verified her registration.
    pub verified: bool,
    /// `open` or `covert`.
    pub wording: Option<&'a str>,
}

/// Changes a patient who has not changed since `seen` (or whatever changed, where it is none);
/// false where she has.
pub async fn update(
    work: &mut PgConnection,
    key: &PersonKey,
    change: &Change<'_>,
    seen: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE person SET identity = coalesce($2, identity), language = coalesce($3, language),
                district = coalesce($4, district), home_facility = coalesce($5, home_facility),
                status = CASE WHEN $6 THEN 'verified' ELSE status END, wording = coalesce($7, wording),
                updated_at = $9
         WHERE id = $1 AND ($8::timestamptz IS NULL OR updated_at = $8)",
    )
    .bind(key.person())
    .bind(change.identity.map(|identity| identity.seal(key, 0)))
    .bind(change.language)
    .bind(change.district)
    .bind(change.home_facility)
    .bind(change.verified)
    .bind(change.wording)
    .bind(seen)
    .bind(now)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Her numbers, in E.164.
pub async fn phones(work: &mut PgConnection, key: &PersonKey) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(i16, Vec<u8>)> = sqlx::query_as(
        "SELECT ordinal, number FROM person_phone WHERE person = $1 ORDER BY linked_at, ordinal",
    )
    .bind(key.person())
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|(ordinal, sealed)| Ok(Number::open(key, ordinal.into(), &sealed)?.0)).collect()
}

/// How many patients there are whose record may be kept.
pub async fn count(work: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM person WHERE erased_at IS NULL").fetch_one(work).await?)
}

/// Those who share a number, by their place on it.
pub async fn on_number(work: &mut PgConnection, phone: &[u8; 16]) -> Result<Vec<(i16, Uuid)>, StoreError> {
    Ok(sqlx::query_as("SELECT ordinal, person FROM person_phone WHERE phone = $1 ORDER BY ordinal")
        .bind(phone)
        .fetch_all(work)
        .await?)
}

/// Whether somebody of that name is on the number already.
pub async fn is_known(
    work: &mut PgConnection,
    vault: &Vault,
    phone: &[u8; 16],
    identity: &Identity,
) -> Result<bool, StoreError> {
    for (_, person) in on_number(work, phone).await? {
        let opened = people::open(work, vault, person).await?;
        let alike = |known: &Identity| {
            known.given.eq_ignore_ascii_case(&identity.given)
                && known.family.eq_ignore_ascii_case(&identity.family)
        };
        if opened.is_some_and(|opened| alike(&opened.identity)) {
            return Ok(true);
        }
    }
    Ok(false)
}
