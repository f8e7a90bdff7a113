//! Supplies of medicine given to a person.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use super::sealed::{MedicineNote, Sealed};
use crate::privacy::Vault;

/// A supply, opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Medicine {
    /// Hers alone, from 1.
    pub number: i32,
    /// Last day that the supply lasts.
    pub until_on: NaiveDate,
    /// Whether it is still taken.
    pub ongoing: bool,
    /// Medicine and dose.
    pub note: MedicineNote,
}

#[derive(sqlx::FromRow)]
struct MedicineRow {
    wrapped_key: Vec<u8>,
    number: i32,
    until_on: NaiveDate,
    ongoing: bool,
    note: Vec<u8>,
}

/// Her medicines, those still taken first, then the newest.
pub async fn newest(
    work: &mut PgConnection,
    vault: &Vault,
    person: Uuid,
    today: NaiveDate,
    most: u8,
) -> Result<Vec<Medicine>, StoreError> {
    let rows: Vec<MedicineRow> = sqlx::query_as(
        "SELECT wrapped_key, number, until_on, note,
                (until_on >= $2 AND coalesce(stopped_on > $2, true)) AS ongoing
         FROM medicine JOIN person_in_care ON person_in_care.id = medicine.person
         WHERE medicine.person = $1
         ORDER BY ongoing DESC, started_on DESC, number DESC LIMIT $3",
    )
    .bind(person)
    .bind(today)
    .bind(i64::from(most))
    .fetch_all(work)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = vault.unwrap(person, &row.wrapped_key)?;
            let note = MedicineNote::open(&key, row.number, &row.note)?;
            Ok(Medicine { number: row.number, until_on: row.until_on, ongoing: row.ongoing, note })
        })
        .collect()
}
