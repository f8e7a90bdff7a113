//! What a patient agreed to, with the whole history.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;

/// One agreement.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Given {
    /// Its number.
    pub id: i64,
    /// `care`, `reminders`, …
    pub purpose: String,
    /// Since when.
    pub given_at: DateTime<Utc>,
    /// Through which door.
    pub given_channel: String,
    /// Which text she was shown.
    pub text_version: String,
    /// In which language.
    pub language: String,
    /// When she no longer agreed.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// All of them, newest first.
pub async fn history(work: &mut PgConnection, person: Uuid) -> Result<Vec<Given>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, purpose, given_at, given_channel, text_version, language, withdrawn_at
         FROM consent WHERE person = $1 ORDER BY id DESC LIMIT 200",
    )
    .bind(person)
    .fetch_all(work)
    .await?)
}
