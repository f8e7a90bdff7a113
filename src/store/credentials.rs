//! PINs. Only hashes come here.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::guard;
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
