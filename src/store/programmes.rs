//! Kinds of messages that a number no longer wants.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use super::{outbox, phones, reminders};
use crate::messages::keywords::Programme;

/// What a number does not want.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stops {
    /// Nothing but what it asks for.
    pub all: bool,
    /// These kinds.
    pub these: BTreeSet<Programme>,
}

impl Stops {
    /// What still comes.
    pub fn coming(&self) -> Vec<Programme> {
        let all = Programme::ALL.into_iter();
        all.filter(|programme| !self.all && !self.these.contains(programme)).collect()
    }
}

/// What a number does not want now.
pub async fn stops(work: &mut PgConnection, phone: &[u8; 16]) -> Result<Stops, sqlx::Error> {
    let row: Option<(bool, Vec<String>)> = sqlx::query_as(
        "SELECT stopped_at IS NOT NULL,
                ARRAY (SELECT programme FROM message_stop WHERE message_stop.phone = phone.key)
         FROM phone WHERE key = $1",
    )
    .bind(phone)
    .fetch_optional(work)
    .await?;
    Ok(row.map_or_else(Stops::default, |(all, these)| Stops {
        all,
        these: these.iter().filter_map(|code| Programme::of(code)).collect(),
    }))
}

/// No more messages to a number, but a PIN that it asks for; what is queued is cancelled. The number
/// must be held.
pub async fn stop_all(
    work: &mut PgConnection,
    phone: &[u8; 16],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    phones::set_stopped(work, phone, Some(now)).await?;
    // Whoever plans for these people at this moment is waited for.
    let people = people(work, phone).await?;
    reminders::withdraw(work, &people, now).await?;
    outbox::cancel_all_but_pins(work, phone, now).await
}

async fn people(work: &mut PgConnection, phone: &[u8; 16]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT person FROM person_phone WHERE phone = $1").bind(phone).fetch_all(work).await
}

/// No more messages of these kinds; what is queued of them is cancelled. The number must be held.
pub async fn stop(
    work: &mut PgConnection,
    phone: &[u8; 16],
    these: &BTreeSet<Programme>,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO message_stop (phone, programme, stopped_at)
         SELECT $1, programme, $3 FROM unnest($2::text[]) AS programme ON CONFLICT DO NOTHING",
    )
    .bind(phone)
    .bind(codes(these))
    .bind(now)
    .execute(&mut *work)
    .await?;
    let people = people(work, phone).await?;
    reminders::withdraw(work, &people, now).await
}

/// All messages again. The number must be held.
pub async fn start_all(work: &mut PgConnection, phone: &[u8; 16]) -> Result<(), sqlx::Error> {
    phones::set_stopped(work, phone, None).await?;
    sqlx::query("DELETE FROM message_stop WHERE phone = $1").bind(phone).execute(work).await?;
    Ok(())
}

/// Messages of these kinds again; where all were stopped, these alone. The number must be held.
pub async fn start(
    work: &mut PgConnection,
    phone: &[u8; 16],
    these: &BTreeSet<Programme>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let before = stops(work, phone).await?;
    if before.all {
        let others = Programme::ALL.into_iter().filter(|programme| !these.contains(programme)).collect();
        stop(work, phone, &others, now).await?;
        phones::set_stopped(work, phone, None).await?;
    }
    sqlx::query("DELETE FROM message_stop WHERE phone = $1 AND programme = ANY ($2)")
        .bind(phone)
        .bind(codes(these))
        .execute(work)
        .await?;
    Ok(())
}

fn codes(programmes: &BTreeSet<Programme>) -> Vec<String> {
    programmes.iter().map(|programme| programme.code().to_owned()).collect()
}
