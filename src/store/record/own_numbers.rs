//! A patient's numbers as staff keep them: one is added, one is ended. What that sets going for her PIN is
//! `store/guard.rs`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use super::super::people;
use super::super::sealed::{Number, Sealed};
use crate::care::Msisdn;
use crate::privacy::PersonKey;

/// A number of hers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnNumber {
    /// In E.164.
    pub number: String,
    /// Since when it leads to her.
    pub linked_at: DateTime<Utc>,
    /// Whether it joined others of hers, or took their place.
    pub added: bool,
}

/// Her numbers, the oldest first.
pub async fn list(work: &mut PgConnection, key: &PersonKey) -> Result<Vec<OwnNumber>, StoreError> {
    let rows: Vec<(i16, Vec<u8>, DateTime<Utc>, bool)> = sqlx::query_as(
        "SELECT ordinal, number, linked_at, added FROM person_phone WHERE person = $1 ORDER BY linked_at, ordinal",
    )
    .bind(key.person())
    .fetch_all(work)
    .await?;
    let open = |(ordinal, sealed, linked_at, added): (i16, Vec<u8>, _, _)| {
        let Number(number) = Number::open(key, ordinal.into(), &sealed)?;
        Ok(OwnNumber { number, linked_at, added })
    };
    rows.into_iter().map(open).collect()
}

/// What became of a number that was to be added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Added {
    /// It leads to her.
    Yes,
    /// It did already.
    Known,
    /// Nine people share it.
    Full,
}

/// Leads a number, which must be held, to her. It cools down, unless it is her first and she has no PIN that
/// somebody could reset, or was hers until a moment after `since` and is put back.
pub async fn add(
    work: &mut PgConnection,
    key: &PersonKey,
    phone: &[u8; 16],
    msisdn: Msisdn,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Added, StoreError> {
    let (known, cools): (bool, bool) = sqlx::query_as(
        "SELECT EXISTS (SELECT FROM person_phone WHERE person = $1 AND phone = $2),
                NOT EXISTS (SELECT FROM former_phone WHERE person = $1 AND phone = $2 AND ended_at > $3)
                AND (EXISTS (SELECT FROM person_phone WHERE person = $1)
                     OR EXISTS (SELECT FROM former_phone WHERE person = $1)
                     OR EXISTS (SELECT FROM credential WHERE person = $1))",
    )
    .bind(key.person())
    .bind(phone)
    .bind(since)
    .fetch_one(&mut *work)
    .await?;
    if known {
        return Ok(Added::Known);
    }
    let Some(ordinal) = people::free_ordinal(work, phone).await? else { return Ok(Added::Full) };
    people::link(work, key, phone, ordinal, msisdn, now).await?;
    sqlx::query("UPDATE person_phone SET added = $3 WHERE person = $1 AND phone = $2")
        .bind(key.person())
        .bind(phone)
        .bind(cools)
        .execute(&mut *work)
        .await?;
    sqlx::query("DELETE FROM former_phone WHERE person = $1 AND phone = $2")
        .bind(key.person())
        .bind(phone)
        .execute(work)
        .await?;
    Ok(Added::Yes)
}

/// A number leads to her no more: what is queued for her there is taken back, and a PIN that was sent and
/// not used yet no longer counts. It is remembered as one that was hers, unless it was added after `since`:
/// who had her number exchanged for his has no say once it is put right. False where it was none of hers.
pub async fn end(
    work: &mut PgConnection,
    person: Uuid,
    phone: &[u8; 16],
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let ended: i64 = sqlx::query_scalar(
        "WITH ended AS (
             DELETE FROM person_phone WHERE person = $1 AND phone = $2 RETURNING ordinal, number, added, linked_at
         ), kept AS (
             INSERT INTO former_phone (person, phone, ordinal, number, ended_at)
             SELECT $1, $2, ordinal, number, $4 FROM ended WHERE NOT (added AND linked_at > $3)
             ON CONFLICT (person, phone) DO UPDATE
             SET ordinal = excluded.ordinal, number = excluded.number, ended_at = excluded.ended_at
         )
         SELECT count(*) FROM ended",
    )
    .bind(person)
    .bind(phone)
    .bind(since)
    .bind(now)
    .fetch_one(&mut *work)
    .await?;
    if ended == 0 {
        return Ok(false);
    }
    sqlx::query("UPDATE credential SET expires_at = $2 WHERE person = $1 AND must_change")
        .bind(person)
        .bind(now)
        .execute(&mut *work)
        .await?;
    sqlx::query(
        "UPDATE outbox SET state = 'cancelled', body = NULL, recipient = NULL, changed_at = $3
         WHERE person = $1 AND phone = $2 AND state = 'queued'",
    )
    .bind(person)
    .bind(phone)
    .bind(now)
    .execute(work)
    .await?;
    Ok(true)
}
