//! What a person agreed to, and when she no longer did.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// What she thinks of a purpose now.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Consent {
    /// `care`, `reminders`, …
    pub purpose: String,
    /// Whether she agrees now.
    pub given: bool,
    /// Since when she does, or does no longer.
    pub since: DateTime<Utc>,
}

/// The last word on each purpose that she was asked about.
pub async fn current(work: &mut PgConnection, person: Uuid) -> Result<Vec<Consent>, sqlx::Error> {
    sqlx::query_as(
        "SELECT DISTINCT ON (purpose) purpose, withdrawn_at IS NULL AS given,
                coalesce(withdrawn_at, given_at) AS since
         FROM consent WHERE person = $1 ORDER BY purpose, id DESC",
    )
    .bind(person)
    .fetch_all(work)
    .await
}

/// How somebody agreed.
#[derive(Clone, Copy, Debug)]
pub struct Agreement<'a> {
    /// Who.
    pub person: Uuid,
    /// To what.
    pub purpose: &'a str,
    /// Through which channel.
    pub channel: &'a str,
    /// Which text she was shown.
    pub text_version: &'a str,
    /// In which language.
    pub language: &'a str,
    /// When.
    pub now: DateTime<Utc>,
}

/// She agrees. Who agrees already changes nothing.
pub async fn give(work: &mut PgConnection, agreement: Agreement<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO consent (person, purpose, given_at, given_channel, text_version, language)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (person, purpose) WHERE withdrawn_at IS NULL DO NOTHING",
    )
    .bind(agreement.person)
    .bind(agreement.purpose)
    .bind(agreement.now)
    .bind(agreement.channel)
    .bind(agreement.text_version)
    .bind(agreement.language)
    .execute(work)
    .await?;
    Ok(())
}

/// She no longer agrees.
pub async fn withdraw(
    work: &mut PgConnection,
    person: Uuid,
    purpose: &str,
    channel: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE consent SET withdrawn_at = greatest($3, given_at), withdrawn_channel = $4
         WHERE person = $1 AND purpose = $2 AND withdrawn_at IS NULL",
    )
    .bind(person)
    .bind(purpose)
    .bind(now)
    .bind(channel)
    .execute(work)
    .await?;
    Ok(())
}
