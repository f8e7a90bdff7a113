//! What slows down who has taken over a number or a PIN: what changed about her lately, whom it is told, and
//! the stop that her numbers can put to it. The rules are `identity/guard.rs`.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::accounts::{self, Ended, Subject};
use super::error::StoreError;
use super::outbox::{self, Kind, NewMessage};
use super::people;
use crate::care::Msisdn;
use crate::identity::Changes;
use crate::privacy::{Keyring, PersonKey};

/// What changed about a person, as far as a new PIN to this number of hers asks; to any, where none is named.
pub async fn changes(
    work: &mut PgConnection,
    person: Uuid,
    phone: Option<&[u8; 16]>,
) -> Result<Changes, sqlx::Error> {
    let (stopped_at, reset_at, added_at) = sqlx::query_as(
        "SELECT stopped_at, reset_at,
                (SELECT max(linked_at) FROM person_phone
                 WHERE person = $1 AND added AND ($2::bytea IS NULL OR phone = $2))
         FROM (VALUES (1)) AS one LEFT JOIN pin_guard ON pin_guard.person = $1",
    )
    .bind(person)
    .bind(phone.map(<[u8; 16]>::as_slice))
    .fetch_one(work)
    .await?;
    Ok(Changes { stopped_at, reset_at, added_at })
}

/// Remembers that a PIN was reset.
pub(super) async fn note_reset(
    work: &mut PgConnection,
    person: Uuid,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO pin_guard (person, reset_at) VALUES ($1, $2)
         ON CONFLICT (person) DO UPDATE SET reset_at = excluded.reset_at",
    )
    .bind(person)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// Whose PIN a number can stop: of those on it, or who left it since then, each of whom a PIN or a number
/// was changed since then.
pub async fn stoppable(
    work: &mut PgConnection,
    phone: &[u8; 16],
    since: DateTime<Utc>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT person FROM (
             SELECT person FROM person_phone WHERE phone = $1
             UNION SELECT person FROM former_phone WHERE phone = $1 AND ended_at > $2
         ) AS here
         WHERE EXISTS (SELECT FROM credential WHERE credential.person = here.person AND changed_at > $2)
            OR EXISTS (SELECT FROM person_phone AS hers WHERE hers.person = here.person AND added AND linked_at > $2)
            OR EXISTS (SELECT FROM former_phone AS past WHERE past.person = here.person AND ended_at > $2)
         ORDER BY person",
    )
    .bind(phone)
    .bind(since)
    .fetch_all(work)
    .await
}

/// Stops her PIN until staff have seen her: it opens nothing, no other is sent, and where it is signed in
/// with, that ends. False where it was stopped already.
pub async fn stop(work: &mut PgConnection, person: Uuid, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let stopped = sqlx::query(
        "INSERT INTO pin_guard (person, stopped_at) VALUES ($1, $2)
         ON CONFLICT (person) DO UPDATE SET stopped_at = excluded.stopped_at WHERE pin_guard.stopped_at IS NULL",
    )
    .bind(person)
    .bind(now)
    .execute(&mut *work)
    .await?;
    outbox::cancel_pins(work, person, now).await?;
    accounts::end_all(work, Subject::Person(person), None, Ended::Password, now).await?;
    Ok(stopped.rows_affected() == 1)
}

/// Staff have seen her: nothing holds a new PIN back any more.
pub async fn lift(work: &mut PgConnection, person: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE pin_guard SET stopped_at = NULL, reset_at = NULL WHERE person = $1")
        .bind(person)
        .execute(work)
        .await?;
    Ok(())
}

/// What is told to somebody's numbers about her PIN or her numbers.
#[derive(Clone, Copy, Debug)]
pub struct Warning<'a> {
    /// Names the cause; the same cause tells each number once.
    pub cause: &'a str,
    /// Whose numbers.
    pub owner: &'a PersonKey,
    /// Language of the text, ISO code.
    pub language: &'a str,
    /// Text, which must name no illness, no number and no PIN.
    pub text: &'a str,
    /// How many SMS it takes.
    pub segments: usize,
    /// Numbers that were hers are told too, if they have been so since then.
    pub since: DateTime<Utc>,
    /// Now.
    pub now: DateTime<Utc>,
    /// It is of no use after this.
    pub expires_at: DateTime<Utc>,
}

/// Queues a warning to each number of hers, and to those that were so lately, but one: the number that the
/// matter itself comes to. A number whose owner said STOP is not told.
pub async fn tell(
    work: &mut PgConnection,
    keyring: &Keyring,
    warning: &Warning<'_>,
    but: Option<&[u8; 16]>,
) -> Result<(), StoreError> {
    let mut numbers = people::open_numbers(work, warning.owner).await?;
    numbers.extend(former_numbers(work, warning.owner, warning.since).await?);
    for (phone, to) in numbers.into_iter().filter(|(phone, _)| Some(phone) != but) {
        let [a, b, c, d, ..] = phone;
        let mut cause = warning.cause.to_owned();
        // Writing into a text cannot fail.
        let _ = write!(cause, "/{:08x}", u32::from_be_bytes([a, b, c, d]));
        let message = NewMessage {
            cause: &cause,
            kind: Kind::Warning,
            owner: Some(warning.owner),
            to,
            phone,
            language: warning.language,
            text: warning.text,
            segments: warning.segments,
            now: warning.now,
            expires_at: warning.expires_at,
        };
        outbox::enqueue(work, keyring, &message).await?;
    }
    Ok(())
}

/// Numbers that were hers after `since` and take messages.
async fn former_numbers(
    work: &mut PgConnection,
    key: &PersonKey,
    since: DateTime<Utc>,
) -> Result<Vec<([u8; 16], Msisdn)>, StoreError> {
    let rows: Vec<people::SealedNumber> = sqlx::query_as(
        "SELECT former_phone.phone, ordinal, number
         FROM former_phone JOIN phone ON phone.key = former_phone.phone
         WHERE person = $1 AND ended_at > $2 AND stopped_at IS NULL ORDER BY ended_at, former_phone.phone",
    )
    .bind(key.person())
    .bind(since)
    .fetch_all(work)
    .await?;
    people::opened_numbers(key, rows)
}
