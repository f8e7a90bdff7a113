//! For whom messages about a pregnancy or a child are held. Why stands elsewhere, sealed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::reminders;

/// Sends these people nothing planned until then, and takes back what is queued: it is not known yet
/// whether more is to follow.
pub async fn quiet(
    work: &mut PgConnection,
    people: &[Uuid],
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    hold(work, people, until, false, now).await
}

/// Sends these people nothing planned until then, and nothing about a pregnancy or a child after it
/// until staff lift it; takes back what is queued.
pub async fn confirm(
    work: &mut PgConnection,
    people: &[Uuid],
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    hold(work, people, until, true, now).await
}

async fn hold(
    work: &mut PgConnection,
    people: &[Uuid],
    until: DateTime<Utc>,
    confirmed: bool,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO care_hold (person, since, quiet_until, confirmed)
         SELECT person, $4, $2, $3 FROM unnest($1::uuid[]) AS person
         ON CONFLICT (person) DO UPDATE SET
             since = CASE WHEN care_hold.lifted_at IS NULL THEN care_hold.since ELSE excluded.since END,
             quiet_until = CASE WHEN care_hold.lifted_at IS NULL
                                THEN greatest(care_hold.quiet_until, excluded.quiet_until)
                                ELSE excluded.quiet_until END,
             confirmed = excluded.confirmed OR (care_hold.confirmed AND care_hold.lifted_at IS NULL),
             lifted_at = NULL",
    )
    .bind(people)
    .bind(until)
    .bind(confirmed)
    .bind(now)
    .execute(&mut *work)
    .await?;
    reminders::withdraw(work, people, now).await
}

/// Plans are made again for these people; what was due before is not sent. Where only the unconfirmed
/// are meant, a hold that was confirmed stays.
pub async fn lift(
    work: &mut PgConnection,
    people: &[Uuid],
    unconfirmed_only: bool,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE care_hold SET lifted_at = greatest($3, since), quiet_until = least(quiet_until, greatest($3, since))
         WHERE person = ANY ($1) AND lifted_at IS NULL AND NOT (confirmed AND $2)",
    )
    .bind(people)
    .bind(unconfirmed_only)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// Whether a hold lasts for a person.
pub async fn lasts(work: &mut PgConnection, person: Uuid, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM care_hold WHERE person = $1 AND lifted_at IS NULL
                        AND (confirmed OR quiet_until > $2))",
    )
    .bind(person)
    .bind(now)
    .fetch_one(work)
    .await
}
