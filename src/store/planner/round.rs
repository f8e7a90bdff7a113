//! Rounds of planning, on any number of nodes: one at a time begins, and nobody is planned by two.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// Whether this node makes the round that is due: it moves the time of the next one, so that no other
/// does. A node that dies in its round leaves the rest of it to the next.
pub async fn claim_round(
    work: impl PgExecutor<'_>,
    every: TimeDelta,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    // A time far ahead is that of a clock that was wrong.
    let done = sqlx::query("UPDATE reminder_round SET next_at = $2 WHERE next_at <= $1 OR next_at > $3")
        .bind(now)
        .bind(now + every)
        .bind(now + every * 2)
        .execute(work)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets the statements of this transaction take long: a look at everybody takes longer than a turn may.
pub async fn be_patient(work: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SET LOCAL statement_timeout = '5min'").execute(work).await?;
    Ok(())
}

/// Looks what became of the messages that were queued: those that went count for good, those that
/// were taken back or came too late may be planned again.
pub async fn settle(work: impl PgExecutor<'_>, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE reminder SET state = CASE
             WHEN outbox.state IN ('expired', 'cancelled') OR outbox.state = 'queued' THEN 'lapsed'
             ELSE 'gone' END
         FROM outbox
         WHERE reminder.state = 'queued' AND outbox.id = reminder.message
           AND (outbox.state NOT IN ('queued', 'sending') OR outbox.state = 'queued' AND outbox.expires_at <= $1)",
    )
    .bind(now)
    .execute(work)
    .await?;
    Ok(done.rows_affected())
}

/// Makes sure that these people can be held, before it is begun: what changes for them from now on
/// waits for who holds them.
pub async fn enter(work: impl PgExecutor<'_>, people: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO reminder_look (person) SELECT id FROM person WHERE id = ANY ($1) AND erased_at IS NULL
         ORDER BY id ON CONFLICT DO NOTHING",
    )
    .bind(people)
    .execute(work)
    .await?;
    Ok(())
}

/// Holds those of these people whom nobody holds and who were not looked at for that day; the others are
/// somebody else's now.
pub async fn hold(
    work: &mut PgConnection,
    people: &[Uuid],
    day: NaiveDate,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT person FROM reminder_look
         WHERE person = ANY ($1) AND looked_on IS DISTINCT FROM $2
         ORDER BY person FOR UPDATE SKIP LOCKED",
    )
    .bind(people)
    .bind(day)
    .fetch_all(work)
    .await
}
