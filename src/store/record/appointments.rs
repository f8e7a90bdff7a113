//! Appointments, as staff book and read them.

use chrono::serde::ts_microseconds;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;

/// A booked visit and what became of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, sqlx::FromRow)]
pub struct Appointment {
    /// Whose.
    pub person: Uuid,
    /// Hers alone, from 1.
    pub number: i32,
    /// Where.
    pub facility: i32,
    /// Day.
    pub starts_on: NaiveDate,
    /// Time of day, where one was given.
    pub starts_at: Option<NaiveTime>,
    /// `antenatal`, `vaccination`, …
    pub purpose: String,
    /// `booked`, `kept`, `missed` or `cancelled`.
    pub status: String,
    /// When it was booked.
    #[serde(with = "ts_microseconds")]
    pub created_at: DateTime<Utc>,
    /// Last change.
    #[serde(with = "ts_microseconds")]
    pub updated_at: DateTime<Utc>,
}

/// Her appointments, the newest number first, before that number.
pub async fn of_person(
    work: &mut PgConnection,
    person: Uuid,
    before: Option<i32>,
    most: i64,
) -> Result<Vec<Appointment>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT person, number, facility, starts_on, starts_at, purpose, status, created_at, updated_at
         FROM appointment WHERE person = $1 AND number < $2 ORDER BY number DESC LIMIT $3",
    )
    .bind(person)
    .bind(before.unwrap_or(i32::MAX))
    .bind(most)
    .fetch_all(work)
    .await?)
}

/// Where a facility's list goes on: after that day, person and number.
pub type After = (NaiveDate, Uuid, i32);

/// Appointments at a facility from one day to another, by day.
pub async fn at_facility(
    work: &mut PgConnection,
    facility: i32,
    days: (NaiveDate, NaiveDate),
    status: Option<&str>,
    after: Option<After>,
    most: i64,
) -> Result<Vec<Appointment>, StoreError> {
    let (day, person, number) = after.unwrap_or((days.0, Uuid::nil(), 0));
    Ok(sqlx::query_as(
        "SELECT appointment.person, number, facility, starts_on, starts_at, purpose, appointment.status,
                appointment.created_at, appointment.updated_at
         FROM appointment JOIN person_in_care ON person_in_care.id = appointment.person
         WHERE facility = $1 AND starts_on BETWEEN $2 AND $3 AND ($4::text IS NULL OR appointment.status = $4)
           AND starts_on >= $5 AND (starts_on, appointment.person, number) > ($5, $6, $7)
         ORDER BY starts_on, appointment.person, number LIMIT $8",
    )
    .bind(facility)
    .bind(days.0)
    .bind(days.1)
    .bind(status)
    .bind(day)
    .bind(person)
    .bind(number)
    .bind(most)
    .fetch_all(work)
    .await?)
}

/// An appointment as it shall be.
#[derive(Clone, Copy, Debug)]
pub struct Booked<'a> {
    /// Where.
    pub facility: i32,
    /// Day.
    pub starts_on: NaiveDate,
    /// Time of day.
    pub starts_at: Option<NaiveTime>,
    /// What for.
    pub purpose: &'a str,
    /// State.
    pub status: &'a str,
    /// When.
    pub now: DateTime<Utc>,
}

/// Books in a record that is held; its number.
pub async fn add(work: &mut PgConnection, person: Uuid, booked: &Booked<'_>) -> Result<i32, StoreError> {
    let number: i32 =
        sqlx::query_scalar("SELECT coalesce(max(number), 0) + 1 FROM appointment WHERE person = $1")
            .bind(person)
            .fetch_one(&mut *work)
            .await?;
    sqlx::query(
        "INSERT INTO appointment (person, number, facility, starts_on, starts_at, purpose, status, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
    )
    .bind(person)
    .bind(number)
    .bind(booked.facility)
    .bind(booked.starts_on)
    .bind(booked.starts_at)
    .bind(booked.purpose)
    .bind(booked.status)
    .bind(booked.now)
    .execute(work)
    .await?;
    Ok(number)
}

/// One of her appointments.
pub async fn find(
    work: &mut PgConnection,
    person: Uuid,
    number: i32,
) -> Result<Option<Appointment>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT person, number, facility, starts_on, starts_at, purpose, status, created_at, updated_at
         FROM appointment WHERE person = $1 AND number = $2",
    )
    .bind(person)
    .bind(number)
    .fetch_optional(work)
    .await?)
}

/// Moves or closes one that has not changed since `seen`; false where it has.
pub async fn update(
    work: &mut PgConnection,
    person: Uuid,
    number: i32,
    booked: &Booked<'_>,
    seen: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE appointment SET starts_on = $3, starts_at = $4, purpose = $5, status = $6, updated_at = $7
         WHERE person = $1 AND number = $2 AND updated_at = $8",
    )
    .bind(person)
    .bind(number)
    .bind(booked.starts_on)
    .bind(booked.starts_at)
    .bind(booked.purpose)
    .bind(booked.status)
    .bind(booked.now)
    .bind(seen)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}
