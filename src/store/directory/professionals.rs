//! Doctors, nurses and midwives with their entries in the directory.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::accounts::{Account, AccountRow};
use super::super::error::StoreError;
use crate::privacy::{Keyring, VaultError};

const DETAIL: &str = "staff_detail.detail";

/// What an entry says, beside name, address and profession of the account.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Detail {
    /// Phone.
    pub phone: String,
    /// Licence number.
    pub license_number: String,
    /// `Medical Doctor`, `Nurse`, … in the words of the system before this one.
    pub professional_type: String,
    /// Specialty.
    pub specialization: String,
    /// Facility, in words.
    pub hospital_affiliation: String,
    /// Street.
    pub address: String,
    /// Town.
    pub city: String,
    /// Province or district.
    pub state: String,
    /// Postal code.
    pub postal_code: String,
    /// Country.
    pub country: String,
    /// Website.
    pub website: String,
    /// Qualifications.
    pub qualifications: String,
    /// Experience.
    pub experience: String,
}

/// An entry, with the account that it belongs to still sealed but for its id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// The account.
    pub staff: Uuid,
    /// What it says.
    pub detail: Detail,
    /// Whether the directory shows it.
    pub public: bool,
    /// When an administrator verified it.
    pub verified_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    staff: Uuid,
    detail: Vec<u8>,
    public: bool,
    verified_at: Option<DateTime<Utc>>,
}

fn broken(staff: Uuid) -> StoreError {
    VaultError::Service { table: "staff_detail", column: "detail", row: staff.to_string() }.into()
}

impl Row {
    fn open(self, keyring: &Keyring) -> Result<Entry, StoreError> {
        let plain =
            keyring.open(DETAIL, self.staff.as_bytes(), &self.detail).ok_or_else(|| broken(self.staff))?;
        let detail = serde_json::from_slice(&plain).map_err(|_| broken(self.staff))?;
        Ok(Entry { staff: self.staff, detail, public: self.public, verified_at: self.verified_at })
    }
}

#[derive(sqlx::FromRow)]
struct Whole {
    #[sqlx(flatten)]
    account: AccountRow,
    #[sqlx(flatten)]
    entry: Row,
}

impl Whole {
    fn open(self, keyring: &Keyring) -> Result<(Account, Entry), StoreError> {
        Ok((self.account.open(keyring)?, self.entry.open(keyring)?))
    }
}

/// Entries that the directory shows, with their accounts, by id: verified ones of those who may sign in.
pub async fn shown(
    work: &mut PgConnection,
    keyring: &Keyring,
    after: Option<Uuid>,
    most: i64,
) -> Result<Vec<(Account, Entry)>, StoreError> {
    let rows: Vec<Whole> = sqlx::query_as(
        "SELECT staff.id, role, email, name, profession, facility, status, password_hash, created_at, updated_at,
                staff_detail.staff, detail, public, staff_detail.verified_at
         FROM staff_detail JOIN staff ON staff.id = staff_detail.staff
         WHERE public AND staff_detail.verified_at IS NOT NULL AND status = 'active' AND staff_detail.staff > $1
         ORDER BY staff_detail.staff LIMIT $2",
    )
    .bind(after.unwrap_or_default())
    .bind(most)
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(keyring)).collect()
}

/// All entries with their accounts, in whatever state, by id.
pub async fn list(
    work: &mut PgConnection,
    keyring: &Keyring,
    most: i64,
) -> Result<Vec<(Account, Entry)>, StoreError> {
    let rows: Vec<Whole> = sqlx::query_as(
        "SELECT staff.id, role, email, name, profession, facility, status, password_hash, created_at, updated_at,
                staff_detail.staff, detail, public, staff_detail.verified_at
         FROM staff_detail JOIN staff ON staff.id = staff_detail.staff ORDER BY staff_detail.staff LIMIT $1",
    )
    .bind(most)
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(keyring)).collect()
}

/// The entry of an account.
pub async fn find(
    work: &mut PgConnection,
    keyring: &Keyring,
    staff: Uuid,
) -> Result<Option<Entry>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT staff, detail, public, verified_at FROM staff_detail WHERE staff = $1")
            .bind(staff)
            .fetch_optional(work)
            .await?;
    row.map(|row| row.open(keyring)).transpose()
}

/// Stores an entry; a licence number that another account has is refused as a conflict.
pub async fn save(
    work: &mut PgConnection,
    keyring: &Keyring,
    staff: Uuid,
    detail: &Detail,
    public: bool,
    verified_at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    let plain = serde_json::to_vec(detail).map_err(|_| broken(staff))?;
    let license = detail.license_number.trim().to_uppercase();
    let key = (!license.is_empty()).then(|| keyring.token_digest("licence number", license.as_bytes()));
    sqlx::query(
        "INSERT INTO staff_detail (staff, license_key, detail, public, verified_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (staff) DO UPDATE SET license_key = excluded.license_key, detail = excluded.detail,
             public = excluded.public, verified_at = excluded.verified_at",
    )
    .bind(staff)
    .bind(key)
    .bind(keyring.seal(DETAIL, staff.as_bytes(), &plain))
    .bind(public)
    .bind(verified_at)
    .execute(work)
    .await?;
    Ok(())
}
