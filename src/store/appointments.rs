//! Booked visits.

use chrono::{NaiveDate, NaiveTime};
use sqlx::PgConnection;
use uuid::Uuid;

/// A booked visit.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Appointment {
    /// Where.
    pub facility: i32,
    /// Day.
    pub starts_on: NaiveDate,
    /// Time of day, where one was given.
    pub starts_at: Option<NaiveTime>,
    /// `antenatal`, `vaccination`, …
    pub purpose: String,
}

/// Her next booked visit, today's included.
pub async fn next(
    work: &mut PgConnection,
    person: Uuid,
    today: NaiveDate,
) -> Result<Option<Appointment>, sqlx::Error> {
    sqlx::query_as(
        "SELECT facility, starts_on, starts_at, purpose
         FROM appointment JOIN person_in_care ON person_in_care.id = appointment.person
         WHERE appointment.person = $1 AND appointment.status = 'booked' AND starts_on >= $2
         ORDER BY starts_on, starts_at NULLS LAST, number LIMIT 1",
    )
    .bind(person)
    .bind(today)
    .fetch_optional(work)
    .await
}
