//! Births: her children, as staff write and read them.

use chrono::serde::ts_microseconds;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use super::super::sealed::{ChildNote, Sealed, Sex};
use crate::privacy::{PersonKey, Vault};

/// `child.words`: how and where the child was born.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct BirthWords {
    /// `Vaginal`, `Cesarean`, …
    pub birth_type: String,
    /// Where.
    pub location: String,
    /// Remarks.
    pub notes: String,
}

impl Sealed for BirthWords {
    const TABLE: &'static str = "child";
    const COLUMN: &'static str = "words";
}

/// A birth, opened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Birth {
    /// Of this mother, from 1.
    pub number: i16,
    /// Birth date.
    pub born_on: NaiveDate,
    /// `living` or `closed`.
    pub status: String,
    /// First name, sex, birth weight.
    pub note: ChildNote,
    /// How and where.
    pub words: BirthWords,
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
    born_on: NaiveDate,
    status: String,
    note: Vec<u8>,
    words: Option<Vec<u8>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    pub(super) fn open(self, key: &PersonKey) -> Result<Birth, StoreError> {
        let number = i32::from(self.number);
        let words = self.words.map(|sealed| BirthWords::open(key, number, &sealed)).transpose()?;
        Ok(Birth {
            number: self.number,
            born_on: self.born_on,
            status: self.status,
            note: ChildNote::open(key, number, &self.note)?,
            words: words.unwrap_or_default(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// All her children, the youngest first; they are few.
pub async fn list(work: &mut PgConnection, key: &PersonKey) -> Result<Vec<Birth>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, born_on, status, note, words, created_at, updated_at
         FROM child WHERE person = $1 ORDER BY born_on DESC, number DESC LIMIT 50",
    )
    .bind(key.person())
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(key)).collect()
}

/// A birth to be written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Birth date.
    pub born_on: NaiveDate,
    /// First name, sex, birth weight.
    pub note: &'a ChildNote,
    /// How and where.
    pub words: &'a BirthWords,
    /// When.
    pub now: DateTime<Utc>,
}

/// Adds a child to a record that is held; its number.
pub async fn add(work: &mut PgConnection, key: &PersonKey, birth: &Written<'_>) -> Result<i16, StoreError> {
    let number: i16 =
        sqlx::query_scalar("SELECT (coalesce(max(number), 0) + 1)::smallint FROM child WHERE person = $1")
            .bind(key.person())
            .fetch_one(&mut *work)
            .await?;
    sqlx::query(
        "INSERT INTO child (person, number, born_on, note, words, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(key.person())
    .bind(number)
    .bind(birth.born_on)
    .bind(birth.note.seal(key, number.into()))
    .bind(birth.words.seal(key, number.into()))
    .bind(birth.now)
    .execute(work)
    .await?;
    Ok(number)
}

/// Amends a birth that has not changed since `seen` (or whatever changed, where it is none).
pub async fn amend(
    work: &mut PgConnection,
    key: &PersonKey,
    number: i16,
    birth: &Written<'_>,
    seen: Option<DateTime<Utc>>,
) -> Result<bool, StoreError> {
    let status = if birth.note.closed.is_some() { "closed" } else { "living" };
    let done = sqlx::query(
        "UPDATE child SET born_on = $3, note = $4, words = $5, status = $6, updated_at = $7
         WHERE person = $1 AND number = $2 AND ($8::timestamptz IS NULL OR updated_at = $8)",
    )
    .bind(key.person())
    .bind(number)
    .bind(birth.born_on)
    .bind(birth.note.seal(key, number.into()))
    .bind(birth.words.seal(key, number.into()))
    .bind(status)
    .bind(birth.now)
    .bind(seen)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Strikes a birth out of the record.
pub async fn remove(work: &mut PgConnection, person: Uuid, number: i16) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM child WHERE person = $1 AND number = $2")
        .bind(person)
        .bind(number)
        .execute(work)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The sexes of a stretch of all children, and where the next begins. Sex is sealed, so counting
/// means opening each note.
pub async fn sexes(
    work: &mut PgConnection,
    vault: &Vault,
    after: (Uuid, i16),
    most: i64,
) -> Result<(Vec<Option<Sex>>, Option<(Uuid, i16)>), StoreError> {
    let rows: Vec<(Uuid, i16, Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT child.person, child.number, wrapped_key, note
         FROM child JOIN person ON person.id = child.person AND wrapped_key IS NOT NULL
         WHERE (child.person, child.number) > ($1, $2) ORDER BY child.person, child.number LIMIT $3",
    )
    .bind(after.0)
    .bind(after.1)
    .bind(most)
    .fetch_all(work)
    .await?;
    let last = rows.last().map(|row| (row.0, row.1));
    let sexes = rows.into_iter().map(|(person, number, wrapped, note)| {
        let key = vault.unwrap(person, &wrapped)?;
        Ok(ChildNote::open(&key, number.into(), &note)?.sex)
    });
    Ok((sexes.collect::<Result<_, StoreError>>()?, last))
}
