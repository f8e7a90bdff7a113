//! Reading sessions, and what is known when a phone dials.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection, PgPool};

use crate::privacy::Keyring;
use crate::ussd::port::{Opening, PhoneFacts, Stored};
use crate::ussd::{Session, SessionKey, Suspended};

use super::super::batch::{Lane, Line, in_time};
use super::TurnStoreError;

pub(super) const SEALED_FOR: &str = "ussd session";

/// A phone that dials, or a session that this node has not seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dial {
    pub(super) key: SessionKey,
    pub(super) phone: [u8; 16],
    pub(super) now: DateTime<Utc>,
}

/// One row a dial: its own session if stored, the number's facts, the number's last other session.
/// That one is offered only if it is the last: what was cut off before it is past.
const OPENINGS: &str = "\
SELECT own.phone AS own_phone, own.touched_at AS own_touched, own.state AS own_state, \
       p.language, p.district, p.stopped_at IS NOT NULL AS stopped, \
       (SELECT count(*) FROM person_phone pp WHERE pp.phone = q.phone) AS people, \
       last.key AS last_key, last.state AS last_state \
FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[]) WITH ORDINALITY AS q (key, phone, after, at) \
LEFT JOIN ussd_session own ON own.key = q.key \
LEFT JOIN phone p ON p.key = q.phone \
LEFT JOIN LATERAL ( \
    SELECT s.key, s.state, s.resumable, s.touched_at FROM ussd_session s \
    WHERE own.key IS NULL AND s.phone = q.phone AND s.key <> q.key ORDER BY s.started_at DESC LIMIT 1 \
) last ON last.resumable AND last.touched_at > q.after \
ORDER BY q.at";

#[derive(FromRow)]
struct OpeningRow {
    own_phone: Option<Vec<u8>>,
    own_touched: Option<DateTime<Utc>>,
    own_state: Option<Vec<u8>>,
    language: Option<String>,
    district: Option<String>,
    stopped: Option<bool>,
    people: Option<i64>,
    last_key: Option<Vec<u8>>,
    last_state: Option<Vec<u8>>,
}

/// Reads what many dials need in one query.
pub(super) struct Reader {
    pub(super) line: Line,
    pub(super) keys: Arc<Keyring>,
    pub(super) resume_window: Duration,
}

impl Lane<Dial, Result<Opening, TurnStoreError>> for Reader {
    async fn work(&mut self, dials: Vec<Dial>) -> Vec<Result<Opening, TurnStoreError>> {
        let rows = async {
            let mut connection = self.line.take().await?;
            let rows = read(&mut connection, self.resume_window, &dials).await?;
            self.line.keep(connection);
            Ok::<_, TurnStoreError>(rows)
        };
        match in_time(rows).await {
            Ok(rows) => dials.iter().zip(rows).map(|(dial, row)| row.opening(&self.keys, dial)).collect(),
            Err(error) => dials.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

async fn read(
    connection: &mut PgConnection,
    resume_window: Duration,
    dials: &[Dial],
) -> Result<Vec<OpeningRow>, sqlx::Error> {
    let session_keys: Vec<&[u8]> = dials.iter().map(|dial| dial.key.0.as_slice()).collect();
    let phones: Vec<&[u8]> = dials.iter().map(|dial| dial.phone.as_slice()).collect();
    let after: Vec<DateTime<Utc>> = dials.iter().map(|dial| dial.now - resume_window).collect();
    sqlx::query_as::<_, OpeningRow>(OPENINGS)
        .bind(session_keys)
        .bind(phones)
        .bind(after)
        .fetch_all(connection)
        .await
}

impl OpeningRow {
    fn opening(self, keys: &Keyring, dial: &Dial) -> Result<Opening, TurnStoreError> {
        let session = match (self.own_phone, self.own_touched, self.own_state) {
            (Some(phone), Some(touched), Some(state)) => {
                Some(stored(keys, dial.key, &phone, touched, &state)?)
            }
            _ => None,
        };
        let phone = PhoneFacts {
            people: self.people.and_then(|people| u8::try_from(people).ok()).unwrap_or_default(),
            language: self.language,
            district: self.district,
            stopped: self.stopped.unwrap_or_default(),
        };
        // A session that cannot be read any more is not offered; that is no reason to fail a dial.
        let suspended =
            self.last_key.zip(self.last_state).and_then(|(key, state)| suspended(keys, &key, &state));
        Ok(Opening { session, phone, suspended })
    }
}

fn suspended(keys: &Keyring, key: &[u8], state: &[u8]) -> Option<Suspended> {
    let plain = keys.open(SEALED_FOR, key, state)?;
    postcard::from_bytes::<Session>(&plain).ok()?.suspend()
}

fn stored(
    keys: &Keyring,
    key: SessionKey,
    phone: &[u8],
    touched: DateTime<Utc>,
    state: &[u8],
) -> Result<Stored, TurnStoreError> {
    let plain = keys.open(SEALED_FOR, &key.0, state).ok_or(TurnStoreError::Unreadable)?;
    let mut session: Session = postcard::from_bytes(&plain).map_err(|_| TurnStoreError::Unreadable)?;
    session.phone = phone.try_into().map_err(|_| TurnStoreError::Unreadable)?;
    Ok(Stored { session, touched })
}

/// Reads one session.
pub(super) async fn session(
    pool: &PgPool,
    keys: &Keyring,
    key: SessionKey,
) -> Result<Option<Stored>, TurnStoreError> {
    let row: Option<(Vec<u8>, DateTime<Utc>, Vec<u8>)> =
        sqlx::query_as("SELECT phone, touched_at, state FROM ussd_session WHERE key = $1")
            .bind(key.0.as_slice())
            .fetch_optional(pool)
            .await?;
    row.map(|(phone, touched, state)| stored(keys, key, &phone, touched, &state)).transpose()
}
