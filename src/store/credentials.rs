//! PINs and the counters of wrong ones. Only hashes come here.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::guard;
use crate::identity::{Counters, Tries};

/// A person's PIN.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Credential {
    /// PHC string of the PIN.
    pub hash: String,
    /// Whether it was sent by us and is good for choosing her own alone.
    pub must_change: bool,
    /// Whether somebody at a number of hers stopped it: it opens nothing until staff have seen her.
    pub stopped: bool,
    /// When a PIN that was sent is too old.
    pub expires_at: Option<DateTime<Utc>>,
    /// PHC string of a PIN that she proposed.
    pub pending_hash: Option<String>,
    /// The session in which she did.
    pub pending_session: Option<Vec<u8>>,
}

/// A person's PIN, as stored.
pub async fn find(work: &mut PgConnection, person: Uuid) -> Result<Option<Credential>, sqlx::Error> {
    sqlx::query_as(
        "SELECT hash, must_change, expires_at, pending_hash, pending_session,
                EXISTS (SELECT FROM pin_guard WHERE pin_guard.person = credential.person
                        AND stopped_at IS NOT NULL) AS stopped
         FROM credential WHERE person = $1",
    )
    .bind(person)
    .fetch_optional(work)
    .await
}

#[derive(sqlx::FromRow)]
struct TriesRow {
    attempts: Vec<i64>,
    locks: i16,
    locked_until: Option<DateTime<Utc>>,
}

impl From<TriesRow> for Tries {
    fn from(row: TriesRow) -> Self {
        Self { attempts: row.attempts, locks: row.locks, locked_until: row.locked_until }
    }
}

/// Holds both counters, always the number's first, so that two tries never wait for each other.
pub async fn hold_counters(
    work: &mut PgConnection,
    phone: &[u8; 16],
    person: Option<Uuid>,
) -> Result<Counters, sqlx::Error> {
    let of_phone: Option<TriesRow> = sqlx::query_as(
        "SELECT pin_attempts AS attempts, pin_locks AS locks, pin_locked_until AS locked_until
         FROM phone WHERE key = $1 FOR NO KEY UPDATE",
    )
    .bind(phone)
    .fetch_optional(&mut *work)
    .await?;
    let of_person: Option<TriesRow> = sqlx::query_as(
        "SELECT pin_attempts AS attempts, pin_locks AS locks, pin_locked_until AS locked_until
         FROM credential WHERE person = $1 FOR NO KEY UPDATE",
    )
    .bind(person)
    .fetch_optional(work)
    .await?;
    Ok(Counters { phone: of_phone.map(Tries::from).unwrap_or_default(), person: of_person.map(Tries::from) })
}

/// Stores both counters.
pub async fn save_counters(
    work: &mut PgConnection,
    phone: &[u8; 16],
    person: Option<Uuid>,
    counters: &Counters,
) -> Result<(), sqlx::Error> {
    let of_person = counters.person.clone().unwrap_or_default();
    sqlx::query(
        "WITH of_person AS (
             UPDATE credential SET pin_attempts = $6, pin_locks = $7, pin_locked_until = $8 WHERE person = $5
         )
         UPDATE phone SET pin_attempts = $2, pin_locks = $3, pin_locked_until = $4 WHERE key = $1",
    )
    .bind(phone)
    .bind(&counters.phone.attempts)
    .bind(counters.phone.locks)
    .bind(counters.phone.locked_until)
    .bind(person)
    .bind(&of_person.attempts)
    .bind(of_person.locks)
    .bind(of_person.locked_until)
    .execute(work)
    .await?;
    Ok(())
}

/// A new PIN of hers is on its way to this number, at her own asking: a lock stays for a while.
pub async fn renew_counters(
    work: &mut PgConnection,
    phone: &[u8; 16],
    person: Uuid,
    unlock_after: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut counters = hold_counters(work, phone, Some(person)).await?;
    counters.renew(now, unlock_after);
    save_counters(work, phone, Some(person), &counters).await
}

/// Holds her numbers until the transaction ends, always in their order.
pub async fn hold_numbers(work: &mut PgConnection, person: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SELECT FROM phone WHERE key IN (SELECT phone FROM person_phone WHERE person = $1)
         ORDER BY key FOR NO KEY UPDATE",
    )
    .bind(person)
    .execute(work)
    .await?;
    Ok(())
}

/// Staff lift a lock: wrong tries of hers and of all her numbers, which must be held, are forgotten.
pub async fn unlock(work: &mut PgConnection, person: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE phone SET pin_attempts = '{}', pin_locks = 0, pin_locked_until = NULL
         WHERE key IN (SELECT phone FROM person_phone WHERE person = $1)",
    )
    .bind(person)
    .execute(&mut *work)
    .await?;
    clear_own(work, person).await
}

/// Forgets the wrong tries of both: the PIN was right.
pub async fn clear_counters(
    work: &mut PgConnection,
    phone: &[u8; 16],
    person: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE phone SET pin_attempts = '{}', pin_locks = 0, pin_locked_until = NULL WHERE key = $1",
    )
    .bind(phone)
    .execute(&mut *work)
    .await?;
    clear_own(work, person).await
}

/// Forgets the wrong tries of a person.
async fn clear_own(work: &mut PgConnection, person: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE credential SET pin_attempts = '{}', pin_locks = 0, pin_locked_until = NULL WHERE person = $1",
    )
    .bind(person)
    .execute(work)
    .await?;
    Ok(())
}

/// Whether the hash that was checked is still the one that counts, and not stopped; holds it until the transaction
/// ends, so that a PIN that was replaced meanwhile opens nothing.
pub async fn still_counts(work: &mut PgConnection, person: Uuid, hash: &str) -> Result<bool, sqlx::Error> {
    let found: Option<bool> = sqlx::query_scalar(
        "SELECT true FROM credential WHERE person = $1 AND hash = $2
               AND NOT EXISTS (SELECT FROM pin_guard WHERE pin_guard.person = $1 AND stopped_at IS NOT NULL)
             FOR NO KEY UPDATE",
    )
    .bind(person)
    .bind(hash)
    .fetch_optional(work)
    .await?;
    Ok(found.is_some())
}

/// Replaces the hash of the same PIN by one with today's costs.
pub async fn rehash(work: &mut PgConnection, person: Uuid, old: &str, new: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE credential SET hash = $3 WHERE person = $1 AND hash = $2")
        .bind(person)
        .bind(old)
        .bind(new)
        .execute(work)
        .await?;
    Ok(())
}

/// Gives a person a PIN that was sent to her; any other she had no longer counts. A lock stays.
pub async fn issue(
    work: &mut PgConnection,
    person: Uuid,
    hash: &str,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO credential (person, hash, must_change, expires_at, changed_at)
         VALUES ($1, $2, true, $3, $4)
         ON CONFLICT (person) DO UPDATE
         SET hash = excluded.hash, must_change = true, expires_at = excluded.expires_at,
             in_place = credential.in_place OR NOT credential.must_change,
             pending_hash = NULL, pending_session = NULL, changed_at = excluded.changed_at",
    )
    .bind(person)
    .bind(hash)
    .bind(expires_at)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// Keeps a proposed PIN until it is typed again in the same session.
pub async fn propose(
    work: &mut PgConnection,
    person: Uuid,
    hash: &str,
    session: &[u8; 16],
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE credential SET pending_hash = $2, pending_session = $3 WHERE person = $1")
        .bind(person)
        .bind(hash)
        .bind(session)
        .execute(work)
        .await?;
    Ok(())
}

/// A PIN that she made her own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Chosen {
    /// Whether it took the place of one of her own: the owner is told, should it be somebody else. It is not
    /// where it was her first.
    pub in_place: bool,
}

/// Makes a proposed PIN hers; none where another was proposed meanwhile. Where it follows on one that was
/// sent in place of her own, that was a reset, which cools down.
pub async fn confirm(
    work: &mut PgConnection,
    person: Uuid,
    pending_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<Chosen>, sqlx::Error> {
    let before: Option<(bool, bool)> = sqlx::query_as(
        "SELECT must_change, in_place FROM credential WHERE person = $1 AND pending_hash = $2 FOR NO KEY UPDATE",
    )
    .bind(person)
    .bind(pending_hash)
    .fetch_optional(&mut *work)
    .await?;
    let Some((was_sent, in_place)) = before else { return Ok(None) };
    sqlx::query(
        "UPDATE credential
         SET hash = pending_hash, must_change = false, in_place = false, expires_at = NULL, pending_hash = NULL,
             pending_session = NULL, pin_attempts = '{}', pin_locks = 0, pin_locked_until = NULL, changed_at = $2
         WHERE person = $1",
    )
    .bind(person)
    .bind(now)
    .execute(&mut *work)
    .await?;
    if was_sent && in_place {
        guard::note_reset(work, person, now).await?;
    }
    Ok(Some(Chosen { in_place: in_place || !was_sent }))
}
