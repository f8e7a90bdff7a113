//! Visits, as staff write and read them.

use chrono::serde::ts_microseconds;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use super::super::sealed::{Sealed, VisitNote};
use crate::privacy::PersonKey;

/// `visit.words`: what the codes cannot say.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct VisitWords {
    /// Diagnosis as written.
    pub diagnosis: String,
    /// Medicine as written.
    pub medication: String,
    /// Who saw her.
    pub clinician: String,
}

impl Sealed for VisitWords {
    const TABLE: &'static str = "visit";
    const COLUMN: &'static str = "words";
}

/// A visit, opened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
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
    /// What the codes cannot say.
    pub words: VisitWords,
    /// Who wrote it last.
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
    facility: i32,
    held_on: NaiveDate,
    kind: String,
    note: Vec<u8>,
    words: Option<Vec<u8>>,
    author: Option<Uuid>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    pub(super) fn open(self, key: &PersonKey) -> Result<Visit, StoreError> {
        let number = self.number;
        let words = self.words.map(|sealed| VisitWords::open(key, number, &sealed)).transpose()?;
        Ok(Visit {
            number,
            facility: self.facility,
            held_on: self.held_on,
            kind: self.kind,
            note: VisitNote::open(key, number, &self.note)?,
            words: words.unwrap_or_default(),
            author: self.author,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Visits, newest first, after the one of that day and number; of one kind, where it is named.
pub async fn list(
    work: &mut PgConnection,
    key: &PersonKey,
    kind: Option<&str>,
    after: Option<(NaiveDate, i32)>,
    most: i64,
) -> Result<Vec<Visit>, StoreError> {
    let (day, number) = after.unwrap_or((NaiveDate::from_ymd_opt(9999, 1, 1).unwrap_or_default(), i32::MAX));
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, facility, held_on, kind, note, words, author, created_at, updated_at FROM visit
         WHERE person = $1 AND ($2::text IS NULL OR kind = $2) AND (held_on, number) < ($3, $4)
         ORDER BY held_on DESC, number DESC LIMIT $5",
    )
    .bind(key.person())
    .bind(kind)
    .bind(day)
    .bind(number)
    .bind(most)
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(key)).collect()
}

/// One visit.
pub async fn find(
    work: &mut PgConnection,
    key: &PersonKey,
    number: i32,
) -> Result<Option<Visit>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT number, facility, held_on, kind, note, words, author, created_at, updated_at FROM visit
         WHERE person = $1 AND number = $2",
    )
    .bind(key.person())
    .bind(number)
    .fetch_optional(work)
    .await?;
    row.map(|row| row.open(key)).transpose()
}

/// A visit to be written.
#[derive(Clone, Debug)]
pub struct Written<'a> {
    /// Where.
    pub facility: i32,
    /// Day.
    pub held_on: NaiveDate,
    /// Kind.
    pub kind: &'a str,
    /// Diagnoses, treatment, measurements.
    pub note: &'a VisitNote,
    /// What the codes cannot say.
    pub words: &'a VisitWords,
    /// Who writes.
    pub author: Option<Uuid>,
    /// When.
    pub now: DateTime<Utc>,
}

/// Adds a visit to a record that is held; its number.
pub async fn add(work: &mut PgConnection, key: &PersonKey, visit: &Written<'_>) -> Result<i32, StoreError> {
    let number: i32 = sqlx::query_scalar("SELECT coalesce(max(number), 0) + 1 FROM visit WHERE person = $1")
        .bind(key.person())
        .fetch_one(&mut *work)
        .await?;
    sqlx::query(
        "INSERT INTO visit (person, number, facility, held_on, kind, note, words, author, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(key.person())
    .bind(number)
    .bind(visit.facility)
    .bind(visit.held_on)
    .bind(visit.kind)
    .bind(visit.note.seal(key, number))
    .bind(visit.words.seal(key, number))
    .bind(visit.author)
    .bind(visit.now)
    .execute(work)
    .await?;
    Ok(number)
}

/// Amends a visit that has not changed since `seen`; false where it has.
pub async fn amend(
    work: &mut PgConnection,
    key: &PersonKey,
    number: i32,
    visit: &Written<'_>,
    seen: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE visit SET held_on = $3, kind = $4, note = $5, words = $6, author = $7, updated_at = $8
         WHERE person = $1 AND number = $2 AND updated_at = $9",
    )
    .bind(key.person())
    .bind(number)
    .bind(visit.held_on)
    .bind(visit.kind)
    .bind(visit.note.seal(key, number))
    .bind(visit.words.seal(key, number))
    .bind(visit.author)
    .bind(visit.now)
    .bind(seen)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Strikes a visit out of the record.
pub async fn remove(work: &mut PgConnection, person: Uuid, number: i32) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM visit WHERE person = $1 AND number = $2")
        .bind(person)
        .bind(number)
        .execute(work)
        .await?;
    Ok(done.rows_affected() == 1)
}
