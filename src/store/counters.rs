//! The counters of wrong PINs, of numbers and of people; the rules are `identity/tries.rs`. Numbers are always
//! held before people, and many of a kind in their order, so that no two tries wait for each other.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::identity::{Counters, Tries};

type Row<K> = (K, Vec<i64>, i16, Option<DateTime<Utc>>);

fn tries<K>((key, attempts, locks, locked_until): Row<K>) -> (K, Tries) {
    (key, Tries { attempts, locks, locked_until })
}

/// Holds both counters of a try until the transaction ends.
pub async fn hold(
    work: &mut PgConnection,
    phone: &[u8; 16],
    person: Option<Uuid>,
) -> Result<Counters, sqlx::Error> {
    let phone = hold_phones(work, &[phone.as_slice()]).await?.into_values().next().unwrap_or_default();
    let Some(person) = person else { return Ok(Counters { phone, person: None }) };
    let of_person: Option<Row<Uuid>> = sqlx::query_as(
        "SELECT person, pin_attempts, pin_locks, pin_locked_until
         FROM credential WHERE person = $1 FOR NO KEY UPDATE",
    )
    .bind(person)
    .fetch_optional(work)
    .await?;
    Ok(Counters { phone, person: of_person.map(|row| tries(row).1) })
}

/// Holds the counters of numbers; one that is not known has none.
pub(super) async fn hold_phones(
    work: &mut PgConnection,
    phones: &[&[u8]],
) -> Result<HashMap<[u8; 16], Tries>, sqlx::Error> {
    let rows: Vec<Row<[u8; 16]>> = sqlx::query_as(
        "SELECT key, pin_attempts, pin_locks, pin_locked_until
         FROM phone WHERE key = ANY ($1) ORDER BY key FOR NO KEY UPDATE",
    )
    .bind(phones)
    .fetch_all(work)
    .await?;
    Ok(rows.into_iter().map(tries).collect())
}

/// Stores both counters.
pub async fn save(
    work: &mut PgConnection,
    phone: &[u8; 16],
    person: Option<Uuid>,
    counters: &Counters,
) -> Result<(), sqlx::Error> {
    let of_person = person.zip(counters.person.as_ref());
    save_all(work, &[(phone, &counters.phone)], of_person.as_slice()).await
}

/// Stores counters that are held.
pub(super) async fn save_all(
    work: &mut PgConnection,
    phones: &[(&[u8; 16], &Tries)],
    people: &[(Uuid, &Tries)],
) -> Result<(), sqlx::Error> {
    let of_phones = Columns::of(phones.iter().map(|(_, tries)| *tries));
    let of_people = Columns::of(people.iter().map(|(_, tries)| *tries));
    sqlx::query(
        "WITH of_person AS (
             UPDATE credential
             SET pin_attempts = q.attempts::bigint[], pin_locks = q.locks, pin_locked_until = q.locked_until
             FROM unnest($5::uuid[], $6::text[], $7::smallint[], $8::timestamptz[])
                  AS q (person, attempts, locks, locked_until)
             WHERE credential.person = q.person
         )
         UPDATE phone
         SET pin_attempts = q.attempts::bigint[], pin_locks = q.locks, pin_locked_until = q.locked_until
         FROM unnest($1::bytea[], $2::text[], $3::smallint[], $4::timestamptz[])
              AS q (key, attempts, locks, locked_until)
         WHERE phone.key = q.key",
    )
    .bind(phones.iter().map(|(key, _)| key.as_slice()).collect::<Vec<_>>())
    .bind(of_phones.attempts)
    .bind(of_phones.locks)
    .bind(of_phones.locked_until)
    .bind(people.iter().map(|(person, _)| *person).collect::<Vec<_>>())
    .bind(of_people.attempts)
    .bind(of_people.locks)
    .bind(of_people.locked_until)
    .execute(work)
    .await?;
    Ok(())
}

/// Counters as one statement takes them.
#[derive(Default)]
struct Columns {
    /// Each an array of PostgreSQL as it is written: an array of arrays would have to be of equal ones.
    attempts: Vec<String>,
    locks: Vec<i16>,
    locked_until: Vec<Option<DateTime<Utc>>>,
}

impl Columns {
    fn of<'a>(counters: impl Iterator<Item = &'a Tries>) -> Self {
        let mut columns = Self::default();
        for tries in counters {
            let attempts: Vec<String> = tries.attempts.iter().map(ToString::to_string).collect();
            columns.attempts.push(format!("{{{}}}", attempts.join(",")));
            columns.locks.push(tries.locks);
            columns.locked_until.push(tries.locked_until);
        }
        columns
    }
}

/// A new PIN of hers is on its way to this number, at her own asking: a lock stays for a while.
pub async fn renew(
    work: &mut PgConnection,
    phone: &[u8; 16],
    person: Uuid,
    unlock_after: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut counters = hold(work, phone, Some(person)).await?;
    counters.renew(now, unlock_after);
    save(work, phone, Some(person), &counters).await
}

/// Holds her numbers until the transaction ends, always in their order.
pub async fn hold_numbers(work: &mut PgConnection, person: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SELECT FROM phone WHERE key IN (SELECT phone FROM person_phone WHERE person = $1)
         ORDER BY key FOR NO KEY UPDATE",
    )
    .bind(person)
    .execute(work)
    .await?;
    Ok(())
}

/// Staff lift a lock: wrong tries of hers and of all her numbers, which must be held, are forgotten.
pub async fn unlock(work: &mut PgConnection, person: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE phone SET pin_attempts = '{}', pin_locks = 0, pin_locked_until = NULL
         WHERE key IN (SELECT phone FROM person_phone WHERE person = $1)",
    )
    .bind(person)
    .execute(&mut *work)
    .await?;
    sqlx::query(
        "UPDATE credential SET pin_attempts = '{}', pin_locks = 0, pin_locked_until = NULL WHERE person = $1",
    )
    .bind(person)
    .execute(work)
    .await?;
    Ok(())
}
