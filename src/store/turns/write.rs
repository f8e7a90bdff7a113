//! Writing turns: sessions and their effects, many in one transaction.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::privacy::Keyring;
use crate::ussd::SessionKey;
use crate::ussd::port::Effect;

use super::open::SEALED_FOR;
use super::{TurnRow, TurnStoreError};

/// A row is written only by the turn that follows the one stored; the keys come back that were.
const SESSIONS: &str = "\
INSERT INTO ussd_session AS s (key, phone, started_at, touched_at, turn, resumable, state) \
SELECT key, phone, at, at, turn, resumable, state \
FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[], $4::integer[], $5::boolean[], $6::bytea[]) \
     AS q (key, phone, at, turn, resumable, state) \
ON CONFLICT (key) DO UPDATE \
SET touched_at = excluded.touched_at, turn = excluded.turn, resumable = excluded.resumable, state = excluded.state \
WHERE s.turn = excluded.turn - 1 AND s.phone = excluded.phone \
RETURNING s.key";

/// Writes a batch, gives for each turn whether it was written. Where the database refuses the
/// batch for one turn's sake, each is tried alone.
pub(super) async fn all(
    pool: PgPool,
    keys: Arc<Keyring>,
    batch: Vec<TurnRow>,
) -> Vec<Result<bool, TurnStoreError>> {
    let order: Vec<SessionKey> = batch.iter().map(|row| row.key).collect();
    // Rows are locked in one order by all lanes and nodes, so that no two wait for each other. Of
    // two turns of one session (one whose deadline passed, and the repeat of it) the first counts.
    let mut first_turns: BTreeMap<SessionKey, TurnRow> = BTreeMap::new();
    let mut second: Vec<bool> = Vec::with_capacity(order.len());
    for row in batch {
        second.push(first_turns.contains_key(&row.key));
        first_turns.entry(row.key).or_insert(row);
    }
    let rows: Vec<TurnRow> = first_turns.into_values().collect();
    let results = each(&pool, &keys, &rows).await;
    let by_key: BTreeMap<SessionKey, Result<bool, TurnStoreError>> =
        rows.iter().map(|row| row.key).zip(results).collect();
    let result = |(key, second): (&SessionKey, &bool)| match by_key.get(key) {
        Some(Ok(written)) => Ok(*written && !second),
        Some(Err(error)) => Err(error.clone()),
        None => Err(TurnStoreError::Closing),
    };
    order.iter().zip(&second).map(result).collect()
}

async fn each(pool: &PgPool, keys: &Keyring, rows: &[TurnRow]) -> Vec<Result<bool, TurnStoreError>> {
    match together(pool, keys, rows).await {
        Ok(written) => rows.iter().map(|row| Ok(written.contains(&row.key))).collect(),
        Err(TurnStoreError::Database(error)) if rows.len() > 1 && error.as_database_error().is_some() => {
            let mut results = Vec::with_capacity(rows.len());
            for row in rows {
                results.push(
                    together(pool, keys, std::slice::from_ref(row)).await.map(|written| !written.is_empty()),
                );
            }
            results
        }
        Err(error) => rows.iter().map(|_| Err(error.clone())).collect(),
    }
}

async fn together(
    pool: &PgPool,
    keys: &Keyring,
    batch: &[TurnRow],
) -> Result<HashSet<SessionKey>, TurnStoreError> {
    if batch.iter().all(|row| row.effects.is_empty()) {
        // One statement is a transaction by itself: one round trip.
        let mut connection = pool.acquire().await?;
        return Ok(sessions(&mut connection, keys, batch).await?);
    }
    let mut work = pool.begin().await?;
    let written = rows(&mut work, keys, batch).await?;
    work.commit().await?;
    Ok(written)
}

/// Writes sessions, and the effects of those that were written.
pub(super) async fn rows(
    connection: &mut PgConnection,
    keys: &Keyring,
    batch: &[TurnRow],
) -> Result<HashSet<SessionKey>, sqlx::Error> {
    let written = sessions(connection, keys, batch).await?;
    let kept: Vec<&TurnRow> = batch.iter().filter(|row| written.contains(&row.key)).collect();
    phones(connection, &kept).await?;
    reads(connection, &kept).await?;
    closed(connection, &kept).await?;
    Ok(written)
}

async fn sessions(
    connection: &mut PgConnection,
    keys: &Keyring,
    batch: &[TurnRow],
) -> Result<HashSet<SessionKey>, sqlx::Error> {
    let mut states = Vec::with_capacity(batch.len());
    for row in batch {
        let plain =
            postcard::to_stdvec(&row.session).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        states.push(keys.seal(SEALED_FOR, &row.key.0, &plain));
    }
    let written: Vec<Vec<u8>> = sqlx::query_scalar(SESSIONS)
        .bind(batch.iter().map(|row| row.key.0.as_slice()).collect::<Vec<_>>())
        .bind(batch.iter().map(|row| row.session.phone.as_slice()).collect::<Vec<_>>())
        .bind(batch.iter().map(|row| row.now).collect::<Vec<DateTime<Utc>>>())
        .bind(batch.iter().map(|row| i32::try_from(row.session.turn).unwrap_or(i32::MAX)).collect::<Vec<_>>())
        .bind(batch.iter().map(|row| row.session.resumable()).collect::<Vec<_>>())
        .bind(states)
        .fetch_all(connection)
        .await?;
    Ok(written.iter().filter_map(|key| key.as_slice().try_into().ok().map(SessionKey)).collect())
}

/// What is remembered about numbers. A number that shares a batch with itself is taken once, the
/// last word of each kind counting.
async fn phones(connection: &mut PgConnection, kept: &[&TurnRow]) -> Result<(), sqlx::Error> {
    let mut remembered: BTreeMap<[u8; 16], (Option<&str>, Option<&str>)> = BTreeMap::new();
    for row in kept {
        for effect in &row.effects {
            match effect {
                Effect::Language(code) => remembered.entry(row.session.phone).or_default().0 = Some(code),
                Effect::District(id) => remembered.entry(row.session.phone).or_default().1 = Some(id),
                Effect::Read { .. } | Effect::CloseSuspended => {}
            }
        }
    }
    if remembered.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO phone AS p (key, language, district) \
         SELECT q.key, q.language, d.id FROM unnest($1::bytea[], $2::text[], $3::text[]) AS q (key, language, district) \
         LEFT JOIN district d ON d.id = q.district \
         ON CONFLICT (key) DO UPDATE SET language = coalesce(excluded.language, p.language), \
                                         district = coalesce(excluded.district, p.district)",
    )
    .bind(remembered.keys().map(<[u8; 16]>::as_slice).collect::<Vec<_>>())
    .bind(remembered.values().map(|(language, _)| *language).collect::<Vec<_>>())
    .bind(remembered.values().map(|(_, district)| *district).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(|_| ())
}

/// Looks at a person's data on her own phone.
async fn reads(connection: &mut PgConnection, kept: &[&TurnRow]) -> Result<(), sqlx::Error> {
    let mut people: Vec<Uuid> = Vec::new();
    let (mut sources, mut channels, mut times, mut references) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in kept {
        for effect in &row.effects {
            if let Effect::Read { person, source } = effect {
                people.push(*person);
                sources.push(*source);
                channels.push(row.channel);
                times.push(row.now);
                references.push(row.key.0.as_slice());
            }
        }
    }
    if people.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO access_log (at, person, actor_kind, actor, act, what, channel, reference) \
         SELECT at, person, 'self', person, 'read', what, channel, reference \
         FROM unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::text[], $5::bytea[]) AS q (at, person, what, channel, reference)",
    )
    .bind(times)
    .bind(people)
    .bind(sources)
    .bind(channels)
    .bind(references)
    .execute(connection)
    .await
    .map(|_| ())
}

/// Sessions that were cut off and are not offered again: those of the number before this one.
async fn closed(connection: &mut PgConnection, kept: &[&TurnRow]) -> Result<(), sqlx::Error> {
    let closing = |row: &&&TurnRow| row.effects.contains(&Effect::CloseSuspended);
    let closers: Vec<&&TurnRow> = kept.iter().filter(closing).collect();
    if closers.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE ussd_session s SET resumable = false FROM unnest($1::bytea[], $2::bytea[]) AS q (key, phone) \
         WHERE s.phone = q.phone AND s.key <> q.key AND s.resumable",
    )
    .bind(closers.iter().map(|row| row.key.0.as_slice()).collect::<Vec<_>>())
    .bind(closers.iter().map(|row| row.session.phone.as_slice()).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(|_| ())
}
