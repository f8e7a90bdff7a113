//! Questions asked by SMS, and the answers to them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use crate::messages::Ask;
use crate::privacy::{Keyring, VaultError};

const TABLE: &str = "sms_question";

/// What a question is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct About {
    /// What is asked.
    pub ask: Ask,
    /// Number of her row that it is about; 0 where there is none.
    pub subject: i32,
}

/// A question to be asked.
#[derive(Clone, Copy, Debug)]
pub struct NewQuestion<'a> {
    /// The number, as its blind index.
    pub phone: [u8; 16],
    /// Whom it is about; none: whoever has the number.
    pub person: Option<Uuid>,
    /// What it is about.
    pub about: About,
    /// Cause of the message that asks.
    pub cause: &'a str,
    /// When it is asked.
    pub asked_at: DateTime<Utc>,
    /// Until when an answer is taken.
    pub expires_at: DateTime<Utc>,
}

/// A question that waits for its answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Question {
    /// Its row.
    pub id: i64,
    /// Whom it is about.
    pub person: Option<Uuid>,
    /// What it is about.
    pub about: About,
    /// Whether the message that asks has left; before that no answer can be to it.
    pub asked: bool,
}

fn bound(column: &str, cause: &str) -> Vec<u8> {
    [column.as_bytes(), &[0], cause.as_bytes()].concat()
}

/// The sealed column of a question.
pub(super) fn seal_about(keyring: &Keyring, about: About, cause: &str) -> Vec<u8> {
    // Postcard writes this plain struct into memory; it has no way to fail there.
    let plain = postcard::to_allocvec(&about).unwrap_or_default();
    keyring.seal(TABLE, &bound("about", cause), &plain)
}

/// Keeps a question with the message that asks it.
pub async fn ask(
    work: &mut PgConnection,
    keyring: &Keyring,
    question: &NewQuestion<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO sms_question (phone, person, about, cause, asked_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (cause) DO NOTHING",
    )
    .bind(question.phone)
    .bind(question.person)
    .bind(seal_about(keyring, question.about, question.cause))
    .bind(question.cause)
    .bind(question.asked_at)
    .bind(question.expires_at)
    .execute(work)
    .await?;
    Ok(())
}

/// Row, person, what it is about, cause, and whether it was asked.
type OpenRow = (i64, Option<Uuid>, Vec<u8>, String, bool);

/// Questions to a number that wait for an answer, the newest first.
pub async fn open(
    work: &mut PgConnection,
    keyring: &Keyring,
    phone: &[u8; 16],
    now: DateTime<Utc>,
) -> Result<Vec<Question>, StoreError> {
    let rows: Vec<OpenRow> = sqlx::query_as(
        "SELECT question.id, question.person, question.about, question.cause,
                outbox.id IS NULL OR outbox.state IN ('sending', 'sent', 'delivered', 'unknown') AS asked
         FROM sms_question AS question LEFT JOIN outbox ON outbox.cause = question.cause
         WHERE question.phone = $1 AND question.closed_at IS NULL AND question.expires_at > $2
         ORDER BY question.asked_at DESC, question.id DESC LIMIT 10",
    )
    .bind(phone)
    .bind(now)
    .fetch_all(work)
    .await?;
    rows.into_iter()
        .map(|(id, person, about, cause, asked)| {
            let opened = keyring.open(TABLE, &bound("about", &cause), &about);
            let about = opened.and_then(|plain| postcard::from_bytes(&plain).ok());
            let broken = || VaultError::Service { table: TABLE, column: "about", row: id.to_string() };
            Ok(Question { id, person, about: about.ok_or_else(broken)?, asked })
        })
        .collect()
}

/// Keeps the answer with its question, which is closed by it; false where another came first.
pub async fn answer(
    work: &mut PgConnection,
    keyring: &Keyring,
    question: i64,
    yes: bool,
    inbound: i64,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let sealed =
        keyring.seal(TABLE, &bound("answer", &question.to_string()), if yes { b"yes" } else { b"no" });
    let done = sqlx::query(
        "UPDATE sms_question SET answer = $2, inbound = $3, closed_at = $4 WHERE id = $1 AND closed_at IS NULL",
    )
    .bind(question)
    .bind(sealed)
    .bind(inbound)
    .bind(now)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The answer to a question: `Some(true)` for yes; none where there is none yet.
pub async fn answered(
    work: &mut PgConnection,
    keyring: &Keyring,
    question: i64,
) -> Result<Option<bool>, StoreError> {
    let sealed: Option<Vec<u8>> = sqlx::query_scalar("SELECT answer FROM sms_question WHERE id = $1")
        .bind(question)
        .fetch_optional(work)
        .await?
        .flatten();
    let Some(sealed) = sealed else { return Ok(None) };
    let opened = keyring.open(TABLE, &bound("answer", &question.to_string()), &sealed);
    let broken = || VaultError::Service { table: TABLE, column: "answer", row: question.to_string() };
    Ok(Some(opened.ok_or_else(broken)? == b"yes"))
}

/// Closes all questions about a person, and those to a number: none of them stands any longer.
pub async fn close(
    work: &mut PgConnection,
    phone: &[u8; 16],
    people: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE sms_question SET closed_at = greatest($3, asked_at)
         WHERE closed_at IS NULL AND (phone = $1 OR person = ANY ($2))",
    )
    .bind(phone)
    .bind(people)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// Row, person, what it is about, cause and answer.
type AnsweredRow = (i64, Uuid, Vec<u8>, String, Vec<u8>);

/// Questions about these people that were answered with YES.
pub async fn answered_yes(
    work: &mut PgConnection,
    keyring: &Keyring,
    people: &[Uuid],
) -> Result<Vec<(Uuid, About)>, StoreError> {
    let rows: Vec<AnsweredRow> = sqlx::query_as(
        "SELECT id, person, about, cause, answer FROM sms_question
         WHERE person = ANY ($1) AND answer IS NOT NULL",
    )
    .bind(people)
    .fetch_all(work)
    .await?;
    let mut all = Vec::new();
    for (id, person, about, cause, answer) in rows {
        let broken = |column| VaultError::Service { table: TABLE, column, row: id.to_string() };
        let opened = keyring.open(TABLE, &bound("about", &cause), &about);
        let about: About =
            opened.and_then(|plain| postcard::from_bytes(&plain).ok()).ok_or_else(|| broken("about"))?;
        let answer = keyring.open(TABLE, &bound("answer", &id.to_string()), &answer);
        if answer.ok_or_else(|| broken("answer"))? == b"yes" {
            all.push((person, about));
        }
    }
    Ok(all)
}
