//! What took place at facilities.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use super::sealed::{Sealed, VisitNote};
use crate::privacy::Vault;

/// A visit, opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Visit {
    /// Hers alone, from 1.
    pub number: i32,
    /// Where.
    pub facility: i32,
    /// Day.
    pub held_on: NaiveDate,
    /// `antenatal`, `illness`, …
    pub kind: String,
    /// Diagnoses, treatment, measurements.
    pub note: VisitNote,
}

#[derive(sqlx::FromRow)]
struct VisitRow {
    wrapped_key: Vec<u8>,
    number: i32,
    facility: i32,
    held_on: NaiveDate,
    kind: String,
    note: Vec<u8>,
}

impl VisitRow {
    fn open(self, vault: &Vault, person: Uuid) -> Result<Visit, StoreError> {
        let key = vault.unwrap(person, &self.wrapped_key)?;
        let note = VisitNote::open(&key, self.number, &self.note)?;
        let Self { number, facility, held_on, kind, .. } = self;
        Ok(Visit { number, facility, held_on, kind, note })
    }
}

/// Her visits, newest first.
pub async fn newest(
    work: &mut PgConnection,
    vault: &Vault,
    person: Uuid,
    most: u8,
) -> Result<Vec<Visit>, StoreError> {
    let rows: Vec<VisitRow> = sqlx::query_as(
        "SELECT wrapped_key, number, facility, held_on, kind, note
         FROM visit JOIN person_in_care ON person_in_care.id = visit.person
         WHERE visit.person = $1 ORDER BY held_on DESC, number DESC LIMIT $2",
    )
    .bind(person)
    .bind(i64::from(most))
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(vault, person)).collect()
}

/// One of her visits.
pub async fn find(
    work: &mut PgConnection,
    vault: &Vault,
    person: Uuid,
    number: i32,
) -> Result<Option<Visit>, StoreError> {
    let row: Option<VisitRow> = sqlx::query_as(
        "SELECT wrapped_key, number, facility, held_on, kind, note
         FROM visit JOIN person_in_care ON person_in_care.id = visit.person
         WHERE visit.person = $1 AND number = $2",
    )
    .bind(person)
    .bind(number)
    .fetch_optional(work)
    .await?;
    row.map(|row| row.open(vault, person)).transpose()
}
