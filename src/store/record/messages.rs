//! Messages to a patient: what was sent when, and what became of it. Never what it said.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;

/// A message.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Message {
    /// Its row.
    pub id: i64,
    /// What for.
    pub kind: String,
    /// `sms` or `email`.
    pub medium: String,
    /// `queued`, `sent`, `delivered`, …
    pub state: String,
    /// Language.
    pub language: String,
    /// How many SMS it takes.
    pub segments: i16,
    /// When it may go.
    pub not_before: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub changed_at: DateTime<Utc>,
}

/// Messages to her, newest first, before that row.
pub async fn list(
    work: &mut PgConnection,
    person: Uuid,
    before: Option<i64>,
    most: i64,
) -> Result<Vec<Message>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, kind, medium, state, language, segments, not_before, created_at, changed_at
         FROM outbox WHERE person = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
    )
    .bind(person)
    .bind(before.unwrap_or(i64::MAX))
    .bind(most)
    .fetch_all(work)
    .await?)
}
