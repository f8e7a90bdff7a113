//! Prescriptions and supplies of medicine, as staff write and read them, and as a pharmacy finds them
//! by the code that the patient shows.

use chrono::serde::{ts_microseconds, ts_microseconds_option};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use super::super::sealed::{MedicineNote, Sealed};
use crate::privacy::{Keyring, PersonKey, Vault};

/// A supply of medicine, opened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Prescription {
    /// Hers alone, from 1.
    pub number: i32,
    /// Where it was prescribed or given.
    pub facility: Option<i32>,
    /// First day.
    pub started_on: NaiveDate,
    /// Last day that the supply lasts.
    pub until_on: NaiveDate,
    /// When it was stopped before.
    pub stopped_on: Option<NaiveDate>,
    /// Medicine and dose.
    pub note: MedicineNote,
    /// Whether a pharmacy is to give it out.
    pub prescribed: bool,
    /// When a pharmacy did.
    #[serde(with = "ts_microseconds_option")]
    pub dispensed_at: Option<DateTime<Utc>>,
    /// Who wrote it.
    pub author: Option<Uuid>,
    /// When it was written.
    #[serde(with = "ts_microseconds")]
    pub created_at: DateTime<Utc>,
    /// Last change.
    #[serde(with = "ts_microseconds")]
    pub updated_at: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    number: i32,
    facility: Option<i32>,
    started_on: NaiveDate,
    until_on: NaiveDate,
    stopped_on: Option<NaiveDate>,
    note: Vec<u8>,
    prescribed: bool,
    dispensed_at: Option<DateTime<Utc>>,
    author: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    pub(super) fn open(self, key: &PersonKey) -> Result<Prescription, StoreError> {
        Ok(Prescription {
            number: self.number,
            facility: self.facility,
            started_on: self.started_on,
            until_on: self.until_on,
            stopped_on: self.stopped_on,
            note: MedicineNote::open(key, self.number, &self.note)?,
            prescribed: self.prescribed,
            dispensed_at: self.dispensed_at,
            author: self.author,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Her medicines, the newest first, before that number.
pub async fn list(
    work: &mut PgConnection,
    key: &PersonKey,
    before: Option<i32>,
    most: i64,
) -> Result<Vec<Prescription>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, facility, started_on, until_on, stopped_on, note, prescribed, dispensed_at, author,
                created_at, updated_at
         FROM medicine WHERE person = $1 AND number < $2 ORDER BY number DESC LIMIT $3",
    )
    .bind(key.person())
    .bind(before.unwrap_or(i32::MAX))
    .bind(most)
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(key)).collect()
}

/// A prescription to be written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Where.
    pub facility: i32,
    /// First day.
    pub started_on: NaiveDate,
    /// Last day that the supply lasts.
    pub until_on: NaiveDate,
    /// Medicine and dose.
    pub note: &'a MedicineNote,
    /// Who writes.
    pub author: Uuid,
    /// Code that she shows at a pharmacy.
    pub code: &'a str,
    /// When.
    pub now: DateTime<Utc>,
}

/// Keyed digest of a code, in whatever case it was typed.
pub fn code_key(keyring: &Keyring, code: &str) -> [u8; 32] {
    keyring.token_digest("prescription code", code.to_ascii_uppercase().as_bytes())
}

/// Adds a prescription to a record that is held; its number.
pub async fn add(
    work: &mut PgConnection,
    keyring: &Keyring,
    key: &PersonKey,
    written: &Written<'_>,
) -> Result<i32, StoreError> {
    let number: i32 =
        sqlx::query_scalar("SELECT coalesce(max(number), 0) + 1 FROM medicine WHERE person = $1")
            .bind(key.person())
            .fetch_one(&mut *work)
            .await?;
    sqlx::query(
        "INSERT INTO medicine (person, number, facility, started_on, until_on, note, author, code_key, prescribed,
                               created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, true, $9, $9)",
    )
    .bind(key.person())
    .bind(number)
    .bind(written.facility)
    .bind(written.started_on)
    .bind(written.until_on)
    .bind(written.note.seal(key, number))
    .bind(written.author)
    .bind(code_key(keyring, written.code))
    .bind(written.now)
    .execute(work)
    .await?;
    Ok(number)
}

/// Stops a supply from that day on, if it has not changed since `seen`.
pub async fn stop(
    work: &mut PgConnection,
    person: Uuid,
    number: i32,
    on: NaiveDate,
    seen: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE medicine SET stopped_on = $3, updated_at = $4 WHERE person = $1 AND number = $2 AND updated_at = $5",
    )
    .bind(person)
    .bind(number)
    .bind(on)
    .bind(now)
    .bind(seen)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A prescription as a pharmacy sees it: nothing else of the patient's.
#[derive(Clone, Debug)]
pub struct Presented {
    /// Whose.
    pub person: Uuid,
    /// What.
    pub prescription: Prescription,
}

/// The prescription of a code, held until the transaction ends.
pub async fn of_code(
    work: &mut PgConnection,
    vault: &Vault,
    code: &str,
) -> Result<Option<Presented>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Coded {
        person: Uuid,
        wrapped_key: Vec<u8>,
        #[sqlx(flatten)]
        row: Row,
    }
    let found: Option<Coded> = sqlx::query_as(
        "SELECT medicine.person, wrapped_key, number, facility, started_on, until_on, stopped_on, note, prescribed,
                dispensed_at, author, medicine.created_at, medicine.updated_at
         FROM medicine JOIN person_in_care ON person_in_care.id = medicine.person
         WHERE code_key = $1 FOR NO KEY UPDATE OF medicine",
    )
    .bind(code_key(vault.keyring(), code))
    .fetch_optional(work)
    .await?;
    found
        .map(|coded| {
            let key = vault.unwrap(coded.person, &coded.wrapped_key)?;
            Ok(Presented { person: coded.person, prescription: coded.row.open(&key)? })
        })
        .transpose()
}

/// A pharmacy gave it out; false where it was given out before.
pub async fn dispense(
    work: &mut PgConnection,
    presented: &Presented,
    staff: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE medicine SET dispensed_at = $3, dispensed_by = $4, updated_at = $3
         WHERE person = $1 AND number = $2 AND dispensed_at IS NULL AND stopped_on IS NULL",
    )
    .bind(presented.person)
    .bind(presented.prescription.number)
    .bind(now)
    .bind(staff)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}
