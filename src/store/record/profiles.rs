//! Particulars of a patient beside her name.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use crate::privacy::{PersonKey, Place, Row, VaultError};

const PLACE: Place<'static> = Place { table: "profile", column: "detail", row: Row::Number(0) };

/// The particulars, in the words of the system before this one. They are kept as JSON, so that one
/// may join without a change of what is stored.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Profile {
    /// E-mail address, where she has one.
    pub email: String,
    /// Names between the first and the last.
    pub middle_name: String,
    /// `female`, `male`, `other` or `unknown`.
    pub gender: String,
    /// Street.
    pub address_line: String,
    /// Town.
    pub city: String,
    /// Province or district.
    pub state: String,
    /// Postal code.
    pub postal_code: String,
    /// Country.
    pub country: String,
    /// Marital status.
    pub marital_status: String,
    /// Nationality.
    pub nationality: String,
    /// Blood group.
    pub blood_type: String,
    /// Allergies.
    pub allergies: Vec<String>,
    /// Medicines that she takes, as she tells.
    pub medications: Vec<String>,
    /// Whom to call.
    pub emergency_contact_name: String,
    /// At which number.
    pub emergency_contact_phone: String,
    /// Who that is to her.
    pub emergency_contact_relationship: String,
    /// Pregnancies before.
    pub previous_pregnancies: Option<u8>,
    /// Whether more than one child is expected: `yes`, `no`, `twins`, `triplets`.
    pub multiple_pregnancy: String,
    /// `low`, `medium` or `high`.
    pub risk_level: String,
    /// Why.
    pub risk_factors: Vec<String>,
    /// Vitamins taken in pregnancy.
    pub prenatal_vitamins: String,
    /// Complications of the pregnancy.
    pub pregnancy_complications: Vec<String>,
    /// Where to go in an emergency.
    pub emergency_hospital: String,
    /// How she wants to give birth.
    pub birth_plan: String,
    /// Blood sugar in mg/dL, tenths, as last told.
    pub blood_sugar_tenths: Option<u32>,
}

/// The particulars and their last change; none where nothing is known.
pub async fn find(
    work: &mut PgConnection,
    key: &PersonKey,
) -> Result<Option<(Profile, DateTime<Utc>)>, StoreError> {
    let row: Option<(Vec<u8>, DateTime<Utc>)> =
        sqlx::query_as("SELECT detail, updated_at FROM profile WHERE person = $1")
            .bind(key.person())
            .fetch_optional(work)
            .await?;
    row.map(|(sealed, at)| Ok((open(key, &sealed)?, at))).transpose()
}

pub(super) fn open(key: &PersonKey, sealed: &[u8]) -> Result<Profile, StoreError> {
    let plain = key.open(PLACE, sealed)?;
    serde_json::from_slice(&plain).map_err(|_| broken(key.person()))
}

fn broken(person: Uuid) -> StoreError {
    VaultError::Field { table: "profile", column: "detail", person, row: "0".to_owned() }.into()
}

/// Stores the particulars.
pub async fn save(
    work: &mut PgConnection,
    key: &PersonKey,
    profile: &Profile,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let plain = serde_json::to_vec(profile).map_err(|_| broken(key.person()))?;
    sqlx::query(
        "INSERT INTO profile (person, detail, created_at, updated_at) VALUES ($1, $2, $3, $3)
         ON CONFLICT (person) DO UPDATE SET detail = excluded.detail, updated_at = excluded.updated_at",
    )
    .bind(key.person())
    .bind(key.seal(PLACE, &plain))
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}
