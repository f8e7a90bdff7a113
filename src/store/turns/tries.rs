//! Counting tries of PINs, many in one transaction, each before it is checked.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::super::batch::{Lane, Line, in_time};
use super::super::counters;
use super::super::credentials::Credential;
use super::TurnStoreError;
use super::together::{Together, each};
use crate::identity::{Admission, Counters, Tries, TryLimits};

/// A try of a PIN.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    /// The number.
    pub phone: [u8; 16],
    /// Who is meant: the person at that place (from 0) among those on the number.
    pub chosen: u8,
    /// Digest of session, turn and PIN: the same turn with the same PIN counts once.
    pub attempt: i64,
    /// When.
    pub now: DateTime<Utc>,
    /// How many are allowed.
    pub limits: TryLimits,
}

/// A try that was counted and may be checked.
#[derive(Clone, Debug)]
pub struct Counted {
    /// Who is meant, where there is somebody who has a PIN.
    pub meant: Option<Meant>,
    /// Tries left if this one is wrong.
    pub left: u8,
    /// Until when it is locked if this one is wrong and none is left.
    pub locked_until: Option<DateTime<Utc>>,
    /// Whether it had been counted before.
    pub repeat: bool,
}

/// Whose PIN is tried.
#[derive(Clone, Debug)]
pub struct Meant {
    /// Who.
    pub person: Uuid,
    /// Her PIN.
    pub credential: Credential,
    /// Whether she agrees that her record is kept and shown on her phone.
    pub consented: bool,
}

/// Whether a try may be checked.
#[derive(Clone, Debug)]
pub enum Admitted {
    /// It may.
    Counted(Box<Counted>),
    /// Too many were wrong; not before then.
    Locked(DateTime<Utc>),
}

/// Counts what many tried at once.
pub(super) struct Counter {
    /// Its commits are not flushed to disk, because nobody is told anything before a commit that comes after
    /// them and is: that of the turn, which flushes these too. What a crash takes from the counters is a try
    /// whose result nobody has heard.
    pub(super) line: Line,
}

impl Lane<Try, Result<Admitted, TurnStoreError>> for Counter {
    async fn work(&mut self, tries: Vec<Try>) -> Vec<Result<Admitted, TurnStoreError>> {
        each(self, &tries).await
    }
}

impl Together<Try, Admitted> for Counter {
    async fn together(&mut self, tries: &[Try]) -> Result<Vec<Admitted>, TurnStoreError> {
        in_time(async {
            let mut connection = self.line.take().await?;
            let admitted = count(&mut connection, tries).await?;
            self.line.keep(connection);
            Ok(admitted)
        })
        .await
    }
}

#[derive(sqlx::FromRow)]
struct CredentialRow {
    /// Of the try, from 1.
    place: i64,
    person: Uuid,
    #[sqlx(flatten)]
    credential: Credential,
    consented: bool,
    pin_attempts: Vec<i64>,
    pin_locks: i16,
    pin_locked_until: Option<DateTime<Utc>>,
}

const MEANT: &str = "\
SELECT q.place, credential.person, hash, must_change, expires_at, pending_hash, pending_session, \
       pin_attempts, pin_locks, pin_locked_until, \
       EXISTS (SELECT FROM pin_guard WHERE pin_guard.person = credential.person \
               AND stopped_at IS NOT NULL) AS stopped, \
       EXISTS (SELECT FROM person_in_care WHERE person_in_care.id = credential.person) AS consented \
FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY AS q (phone, chosen, place) \
CROSS JOIN LATERAL (SELECT person FROM person_phone WHERE person_phone.phone = q.phone \
                    ORDER BY ordinal OFFSET q.chosen LIMIT 1) AS meant \
JOIN credential ON credential.person = meant.person \
ORDER BY credential.person FOR NO KEY UPDATE OF credential";

/// The counters that tries of a batch go through, and which of them changed.
#[derive(Default)]
struct Held {
    phones: HashMap<[u8; 16], Tries>,
    people: HashMap<Uuid, Tries>,
    changed_phones: HashSet<[u8; 16]>,
    changed_people: HashSet<Uuid>,
}

async fn count(connection: &mut PgConnection, tries: &[Try]) -> Result<Vec<Admitted>, sqlx::Error> {
    let mut work = connection.begin().await?;
    let phones: Vec<&[u8]> = tries.iter().map(|one| one.phone.as_slice()).collect();
    let mut held = Held { phones: counters::hold_phones(&mut work, &phones).await?, ..Held::default() };
    let rows: Vec<CredentialRow> = sqlx::query_as(MEANT)
        .bind(phones)
        .bind(tries.iter().map(|one| i64::from(one.chosen)).collect::<Vec<_>>())
        .fetch_all(&mut *work)
        .await?;
    let mut meant = HashMap::with_capacity(rows.len());
    for row in rows {
        let counter =
            Tries { attempts: row.pin_attempts, locks: row.pin_locks, locked_until: row.pin_locked_until };
        held.people.insert(row.person, counter);
        meant.insert(
            row.place,
            Meant { person: row.person, credential: row.credential, consented: row.consented },
        );
    }
    let admitted: Vec<Admitted> =
        (1..).zip(tries).map(|(place, one)| held.admit(one, meant.remove(&place))).collect();
    held.save(&mut work).await?;
    work.commit().await?;
    Ok(admitted)
}

impl Held {
    /// Counts one try for both counters, if neither refuses.
    fn admit(&mut self, one: &Try, meant: Option<Meant>) -> Admitted {
        let person = meant.as_ref().map(|meant| meant.person);
        let mut counters = Counters {
            phone: self.phones.get(&one.phone).cloned().unwrap_or_default(),
            person: person.and_then(|person| self.people.get(&person).cloned()),
        };
        let (left, repeat) = match counters.admit(one.attempt, one.now, &one.limits) {
            Admission::Admitted { left, repeat } => (left, repeat),
            Admission::Locked(until) => return Admitted::Locked(until),
        };
        let of_person = counters.person.as_ref().and_then(|tries| tries.locked_until);
        let locked_until = counters.phone.locked_until.max(of_person);
        // A number that is not known has no row to count in.
        if let Some(counter) = self.phones.get_mut(&one.phone) {
            *counter = counters.phone;
            self.changed_phones.insert(one.phone);
        }
        if let Some((person, counter)) = person.zip(counters.person) {
            self.people.insert(person, counter);
            self.changed_people.insert(person);
        }
        Admitted::Counted(Box::new(Counted { meant, left, locked_until, repeat }))
    }

    async fn save(&self, work: &mut PgConnection) -> Result<(), sqlx::Error> {
        let phones: Vec<_> =
            self.phones.iter().filter(|(phone, _)| self.changed_phones.contains(*phone)).collect();
        let changed = |person: &Uuid| self.changed_people.contains(person);
        let people: Vec<_> = self
            .people
            .iter()
            .filter(|(person, _)| changed(person))
            .map(|(person, tries)| (*person, tries))
            .collect();
        if phones.is_empty() && people.is_empty() {
            return Ok(());
        }
        counters::save_all(work, &phones, &people).await
    }
}
