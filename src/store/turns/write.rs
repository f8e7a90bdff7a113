//! Writing turns: sessions and their effects, many in one statement and so in one transaction.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use sqlx::PgConnection;

use crate::privacy::Keyring;
use crate::ussd::SessionKey;

use super::super::batch::{Lane, Line, in_time};
use super::columns::{Effects, Sessions};
use super::together::{Together, each};
use super::{TurnRow, TurnStoreError};

/// A row is written only by the turn that follows the one stored; what comes back was written.
macro_rules! write_sessions {
    () => {
        "INSERT INTO ussd_session AS s (key, phone, started_at, touched_at, turn, resumable, state) \
         SELECT key, phone, at, at, turn, resumable, state \
         FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[], $4::integer[], $5::boolean[], $6::bytea[]) \
              AS q (key, phone, at, turn, resumable, state) \
         ON CONFLICT (key) DO UPDATE \
         SET touched_at = excluded.touched_at, turn = excluded.turn, \
             resumable = excluded.resumable, state = excluded.state \
         WHERE s.turn = excluded.turn - 1 AND s.phone = excluded.phone \
         RETURNING s.key, s.phone, s.started_at"
    };
}

const SESSIONS: &str = write_sessions!();

/// The same, and with each session that is written: what is remembered about its number (of two
/// turns of one number the last word of each kind counts), who came in with her PIN and what she looked
/// at, and the end of the offer to go on with what was cut off. Only a number's last session is offered: one that
/// began before this one is past already, however many there are.
const SESSIONS_AND_EFFECTS: &str = concat!(
    "WITH written AS (",
    write_sessions!(),
    "), remembered AS ( \
     INSERT INTO phone AS p (key, language, district) \
     SELECT n.phone, n.language, d.id FROM ( \
         SELECT w.phone, \
                (array_agg(q.language ORDER BY q.at DESC) FILTER (WHERE q.language IS NOT NULL))[1] AS language, \
                (array_agg(q.district ORDER BY q.at DESC) FILTER (WHERE q.district IS NOT NULL))[1] AS district \
         FROM unnest($7::bytea[], $8::text[], $9::text[]) WITH ORDINALITY AS q (session, language, district, at) \
         JOIN written w ON w.key = q.session GROUP BY w.phone \
     ) n LEFT JOIN district d ON d.id = n.district ORDER BY n.phone \
     ON CONFLICT (key) DO UPDATE SET language = coalesce(excluded.language, p.language), \
                                     district = coalesce(excluded.district, p.district) \
     WHERE excluded.language <> coalesce(p.language, '') OR excluded.district <> coalesce(p.district, '') \
     ), looked AS ( \
     INSERT INTO access_log (at, person, actor_kind, actor, act, what, channel, reference) \
     SELECT q.at, q.person, 'self', q.person, q.act, q.what, q.channel, q.session \
     FROM unnest($10::bytea[], $11::timestamptz[], $12::uuid[], $13::text[], $14::text[], $15::text[]) \
          AS q (session, at, person, act, what, channel) \
     JOIN written w ON w.key = q.session \
     ), closed AS ( \
     UPDATE ussd_session s SET resumable = false FROM written w \
     WHERE w.key = ANY ($16) AND s.phone = w.phone AND s.started_at >= w.started_at \
       AND s.resumable AND s.key <> ALL ($1) \
     ) \
     SELECT key FROM written"
);

/// Writes what many turns leave behind in one transaction.
pub(super) struct Writer {
    pub(super) line: Line,
    pub(super) keys: Arc<Keyring>,
}

impl Lane<TurnRow, Result<bool, TurnStoreError>> for Writer {
    /// Whether each turn was written.
    async fn work(&mut self, batch: Vec<TurnRow>) -> Vec<Result<bool, TurnStoreError>> {
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
        let results = each(self, &rows).await;
        let by_key: BTreeMap<SessionKey, Result<bool, TurnStoreError>> =
            rows.iter().map(|row| row.key).zip(results).collect();
        let result = |(key, second): (&SessionKey, &bool)| match by_key.get(key) {
            Some(Ok(written)) => Ok(*written && !second),
            Some(Err(error)) => Err(error.clone()),
            None => Err(TurnStoreError::Closing),
        };
        order.iter().zip(&second).map(result).collect()
    }
}

impl Together<TurnRow, bool> for Writer {
    async fn together(&mut self, batch: &[TurnRow]) -> Result<Vec<bool>, TurnStoreError> {
        in_time(async {
            let mut connection = self.line.take().await?;
            let written = rows(&mut connection, &self.keys, batch).await?;
            self.line.keep(connection);
            Ok(batch.iter().map(|row| written.contains(&row.key)).collect())
        })
        .await
    }
}

/// Writes sessions, and the effects of those that were written.
pub(super) async fn rows(
    connection: &mut PgConnection,
    keys: &Keyring,
    batch: &[TurnRow],
) -> Result<HashSet<SessionKey>, sqlx::Error> {
    let sessions = Sessions::of(keys, batch)?;
    let effects = Effects::of(batch);
    let statement = if effects.is_empty() { SESSIONS } else { SESSIONS_AND_EFFECTS };
    let query = sqlx::query_scalar(statement)
        .bind(sessions.keys)
        .bind(sessions.phones)
        .bind(sessions.times)
        .bind(sessions.turns)
        .bind(sessions.resumable)
        .bind(sessions.states);
    let query = if effects.is_empty() {
        query
    } else {
        query
            .bind(effects.remembering)
            .bind(effects.languages)
            .bind(effects.districts)
            .bind(effects.looking)
            .bind(effects.look_times)
            .bind(effects.people)
            .bind(effects.acts)
            .bind(effects.sources)
            .bind(effects.channels)
            .bind(effects.closing)
    };
    let written: Vec<Vec<u8>> = query.fetch_all(connection).await?;
    Ok(written.iter().filter_map(|key| key.as_slice().try_into().ok().map(SessionKey)).collect())
}
