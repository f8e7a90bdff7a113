//! Reminders that were planned, and their taking back.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Takes back what is queued for these people; their plan is made anew. Whoever plans for them at this
/// moment is waited for.
pub async fn withdraw(
    work: &mut PgConnection,
    people: &[Uuid],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT replan($1, $2)").bind(people).bind(now).execute(work).await?;
    Ok(())
}
