//! SMS that came in: each stored once, sealed, and what it was taken for.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::error::StoreError;
use crate::privacy::{Keyring, VaultError};

const TABLE: &str = "sms_inbound";

/// A message that came in.
#[derive(Debug)]
pub struct NewInbound<'a> {
    /// Keyed digest of the provider and its id of the message.
    pub delivery: [u8; 16],
    /// Who brought it.
    pub provider: &'a str,
    /// The number, as its blind index; none where no number of the country sent it.
    pub phone: Option<[u8; 16]>,
    /// The number in E.164, or the name in its place.
    pub sender: &'a str,
    /// What it says.
    pub body: &'a str,
    /// Keyed digest of its words.
    pub text_mark: u64,
    /// When it was sent, where the provider says so.
    pub sent_at: Option<DateTime<Utc>>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// What it asked for.
    Done,
    /// Staff read it.
    Desk,
    /// Nothing: from a robot, or far too many.
    Cut,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Desk => "desk",
            Self::Cut => "cut",
        }
    }
}

/// What a message was answered with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answered {
    /// What it asked for.
    Asked,
    /// The words that anybody gets whom staff will answer.
    Automatic,
}

impl Answered {
    const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Automatic => "automatic",
        }
    }
}

fn bound(column: &str, delivery: &[u8; 16]) -> Vec<u8> {
    [column.as_bytes(), &[0], delivery.as_slice()].concat()
}

/// Stores a message; none where it is stored already. A second delivery at the same time waits for
/// the first.
pub async fn record(
    work: &mut PgConnection,
    keyring: &Keyring,
    message: &NewInbound<'_>,
) -> Result<Option<i64>, sqlx::Error> {
    let seal =
        |column: &str, plain: &str| keyring.seal(TABLE, &bound(column, &message.delivery), plain.as_bytes());
    sqlx::query_scalar(
        "INSERT INTO sms_inbound (delivery, provider, phone, sender, body, text_mark, outcome, sent_at, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'done', $7, $8)
         ON CONFLICT (delivery) DO NOTHING RETURNING id",
    )
    .bind(message.delivery)
    .bind(message.provider)
    .bind(message.phone)
    .bind(seal("sender", message.sender))
    .bind(seal("body", message.body))
    .bind(message.text_mark.cast_signed())
    .bind(message.sent_at)
    .bind(message.now)
    .fetch_optional(work)
    .await
}

/// Writes what a message was taken for.
pub async fn settle(
    work: &mut PgConnection,
    id: i64,
    keyword: Option<&str>,
    outcome: Outcome,
    answered: Option<Answered>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE sms_inbound SET keyword = $2, outcome = $3, answer = $4 WHERE id = $1")
        .bind(id)
        .bind(keyword)
        .bind(outcome.name())
        .bind(answered.map(Answered::name))
        .execute(work)
        .await?;
    Ok(())
}

/// How much a number has sent and got lately, this message not counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, sqlx::FromRow)]
pub struct Lately {
    /// Messages within the hour.
    pub messages: i64,
    /// Of them, those with the same words.
    pub same: i64,
    /// Answers within the hour.
    pub answers: i64,
    /// Answers within the day.
    pub answers_of_day: i64,
    /// Automatic answers within the hour.
    pub automatic: i64,
}

/// What a number has sent and got before this message.
pub async fn lately(
    work: &mut PgConnection,
    phone: &[u8; 16],
    id: i64,
    text_mark: u64,
    now: DateTime<Utc>,
) -> Result<Lately, sqlx::Error> {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE received_at > $4) AS messages,
                count(*) FILTER (WHERE received_at > $4 AND text_mark = $3) AS same,
                count(*) FILTER (WHERE received_at > $4 AND answer IS NOT NULL) AS answers,
                count(*) FILTER (WHERE answer IS NOT NULL) AS answers_of_day,
                count(*) FILTER (WHERE received_at > $4 AND answer = 'automatic') AS automatic
         FROM sms_inbound WHERE phone = $1 AND id <> $2 AND received_at > $5",
    )
    .bind(phone)
    .bind(id)
    .bind(text_mark.cast_signed())
    .bind(now - TimeDelta::hours(1))
    .bind(now - TimeDelta::days(1))
    .fetch_one(work)
    .await
}

/// A message, opened for staff.
#[derive(Clone, Eq, PartialEq)]
pub struct Inbound {
    /// The number in E.164, or the name in its place.
    pub sender: String,
    /// What it says.
    pub body: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Inbound({}, …)", self.received_at)
    }
}

/// Its delivery, sender and body, and when it came.
type InboundRow = (Vec<u8>, Vec<u8>, Vec<u8>, DateTime<Utc>);

/// Opens a message.
pub async fn open(
    work: &mut PgConnection,
    keyring: &Keyring,
    id: i64,
) -> Result<Option<Inbound>, StoreError> {
    let row: Option<InboundRow> =
        sqlx::query_as("SELECT delivery, sender, body, received_at FROM sms_inbound WHERE id = $1")
            .bind(id)
            .fetch_optional(work)
            .await?;
    let Some((delivery, sender, body, received_at)) = row else { return Ok(None) };
    let delivery: [u8; 16] = delivery.try_into().unwrap_or_default();
    let text = |column: &'static str, sealed: &[u8]| {
        let opened = keyring.open(TABLE, &bound(column, &delivery), sealed);
        let text = opened.map(|octets| String::from_utf8_lossy(&octets).into_owned());
        text.ok_or_else(|| VaultError::Service { table: TABLE, column, row: id.to_string() })
    };
    Ok(Some(Inbound { sender: text("sender", &sender)?, body: text("body", &body)?, received_at }))
}
