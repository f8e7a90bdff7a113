//! What was planned, remembered with the messages themselves.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::messages::planner::Occasion;

/// Something that was planned.
#[derive(Clone, Debug)]
pub struct PlannedRow {
    /// For whom.
    pub person: Uuid,
    /// The row of the schedule.
    pub rule: String,
    /// Which of its times.
    pub step: u8,
    /// Number of her row that it is about.
    pub subject: i32,
    /// The day on which it is due.
    pub due_on: NaiveDate,
    /// Its programme.
    pub programme: &'static str,
    /// Cause of its message in the outbox; none where it went to the list of staff.
    pub cause: Option<String>,
}

impl PlannedRow {
    /// Of an occasion.
    pub fn of(person: Uuid, occasion: &Occasion<'_>, cause: Option<String>) -> Self {
        Self {
            person,
            rule: occasion.rule.id.clone(),
            step: occasion.step,
            subject: occasion.subject,
            due_on: occasion.due_on,
            programme: occasion.rule.programme.code(),
            cause,
        }
    }
}

/// Remembers what was planned for that day. What was taken back before counts again, as another
/// revision.
pub async fn remember(
    work: &mut PgConnection,
    rows: &[PlannedRow],
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let column = |text: fn(&PlannedRow) -> String| rows.iter().map(text).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO reminder (person, rule, step, subject, due_on, programme, state, send_on, message, planned_at)
         SELECT planned.person, rule, step, subject, due_on, programme,
                CASE WHEN outbox.id IS NULL THEN 'listed' ELSE 'queued' END, $8, outbox.id, $9
         FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::integer[], $5::date[], $6::text[], $7::text[])
                  AS planned (person, rule, step, subject, due_on, programme, cause)
              LEFT JOIN outbox ON outbox.cause = planned.cause
         ON CONFLICT (person, rule, step, subject, due_on) DO UPDATE
         SET revision = reminder.revision + 1, state = excluded.state, send_on = excluded.send_on,
             message = excluded.message, planned_at = excluded.planned_at
         WHERE reminder.state = 'lapsed'",
    )
    .bind(rows.iter().map(|row| row.person).collect::<Vec<_>>())
    .bind(column(|row| row.rule.clone()))
    .bind(rows.iter().map(|row| i16::from(row.step)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.subject).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.due_on).collect::<Vec<_>>())
    .bind(column(|row| row.programme.to_owned()))
    .bind(rows.iter().map(|row| row.cause.clone()).collect::<Vec<_>>())
    .bind(day)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// Remembers that these people, who are held, were looked at for that day.
pub async fn seen(work: &mut PgConnection, people: &[Uuid], day: NaiveDate) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE reminder_look SET looked_on = $2 WHERE person = ANY ($1)")
        .bind(people)
        .bind(day)
        .execute(work)
        .await?;
    Ok(())
}
