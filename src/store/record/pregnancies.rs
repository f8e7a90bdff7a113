//! Pregnancies, as staff write and read them.

use chrono::serde::ts_microseconds;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::super::error::StoreError;
use super::super::sealed::{PregnancyNote, Sealed};
use crate::privacy::PersonKey;

/// A pregnancy, opened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Pregnancy {
    /// Hers alone, from 1.
    pub number: i16,
    /// `active` or `ended`.
    pub status: String,
    /// Due date, where one is known.
    pub due_on: Option<NaiveDate>,
    /// What it was reckoned from.
    pub dated_by: String,
    /// How well it is known.
    pub precision: String,
    /// Children expected; how it ended.
    pub note: PregnancyNote,
    /// When it ended.
    pub ended_on: Option<NaiveDate>,
    /// When it was written.
    #[serde(with = "ts_microseconds")]
    pub created_at: DateTime<Utc>,
    /// Last change.
    #[serde(with = "ts_microseconds")]
    pub updated_at: DateTime<Utc>,
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    number: i16,
    status: String,
    due_on: Option<NaiveDate>,
    dated_by: String,
    precision: String,
    note: Option<Vec<u8>>,
    ended_on: Option<NaiveDate>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    pub(super) fn open(self, key: &PersonKey) -> Result<Pregnancy, StoreError> {
        let note =
            self.note.map(|sealed| PregnancyNote::open(key, i32::from(self.number), &sealed)).transpose()?;
        Ok(Pregnancy {
            number: self.number,
            status: self.status,
            due_on: self.due_on,
            dated_by: self.dated_by,
            precision: self.precision,
            note: note.unwrap_or_default(),
            ended_on: self.ended_on,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// All her pregnancies, newest first; they are few.
pub async fn list(work: &mut PgConnection, key: &PersonKey) -> Result<Vec<Pregnancy>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, status, due_on, dated_by, precision, note, ended_on, created_at, updated_at
         FROM pregnancy WHERE person = $1 ORDER BY number DESC LIMIT 50",
    )
    .bind(key.person())
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(key)).collect()
}

/// A due date and what it was reckoned from.
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    /// The day; none where it is not known.
    pub on: Option<NaiveDate>,
    /// `lmp`, `scan`, …; `unknown` without a day.
    pub by: &'a str,
    /// `day`, `week`, `month`; `unknown` without a day.
    pub precision: &'a str,
}

/// Adds an active pregnancy to a record that is held; its number. There is one active at a time.
pub async fn add(
    work: &mut PgConnection,
    key: &PersonKey,
    due: Due<'_>,
    note: &PregnancyNote,
    now: DateTime<Utc>,
) -> Result<i16, StoreError> {
    let number: i16 = sqlx::query_scalar(
        "SELECT (coalesce(max(number), 0) + 1)::smallint FROM pregnancy WHERE person = $1",
    )
    .bind(key.person())
    .fetch_one(&mut *work)
    .await?;
    sqlx::query(
        "INSERT INTO pregnancy (person, number, status, due_on, dated_by, precision, note, created_at, updated_at)
         VALUES ($1, $2, 'active', $3, $4, $5, $6, $7, $7)",
    )
    .bind(key.person())
    .bind(number)
    .bind(due.on)
    .bind(due.by)
    .bind(due.precision)
    .bind(note.seal(key, number.into()))
    .bind(now)
    .execute(work)
    .await?;
    Ok(number)
}

/// Changes a pregnancy that has not changed since `seen`; false where it has.
pub async fn update(
    work: &mut PgConnection,
    key: &PersonKey,
    number: i16,
    change: &Change<'_>,
    seen: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE pregnancy SET due_on = $3, dated_by = $4, precision = $5, note = $6, ended_on = $7,
                status = CASE WHEN $7::date IS NULL THEN 'active' ELSE 'ended' END, updated_at = $8
         WHERE person = $1 AND number = $2 AND updated_at = $9",
    )
    .bind(key.person())
    .bind(number)
    .bind(change.due.on)
    .bind(change.due.by)
    .bind(change.due.precision)
    .bind(change.note.seal(key, number.into()))
    .bind(change.ended_on)
    .bind(now)
    .bind(seen)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A pregnancy as it shall be.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Due date.
    pub due: Due<'a>,
    /// Children expected; how it ended.
    pub note: &'a PregnancyNote,
    /// When it ended.
    pub ended_on: Option<NaiveDate>,
}
