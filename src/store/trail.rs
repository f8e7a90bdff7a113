//! Lines of the audit trail for what staff and patients do through the API, and the trail as those
//! read it who watch over it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use crate::privacy::Keyring;

pub(super) const REASON: &str = "access_log.reason";

/// Who did it.
#[derive(Clone, Debug)]
pub struct Doer {
    /// A staff account; none for the patient herself.
    pub staff: Option<Uuid>,
    /// Profession or role, of staff.
    pub role: Option<String>,
    /// Her facility.
    pub facility: Option<i32>,
    /// The sign-in.
    pub sign_in: Uuid,
}

/// One line.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub doer: Doer,
    /// Whose data, where it is somebody's.
    pub person: Option<Uuid>,
    /// `read`, `change`, `sign_in`, `sign_in_failed`, `export`, `erase` or `grant`.
    pub act: &'static str,
    /// What: `record`, `visit`, `profile`, …
    pub what: &'static str,
    /// Why, where a reason was asked for.
    pub reason: Option<String>,
}

/// Adds lines, in one statement however many.
pub async fn add(work: &mut PgConnection, keyring: &Keyring, lines: &[Line]) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    let reason = |line: &Line| {
        let bound = line.person.unwrap_or_default();
        line.reason.as_ref().map(|reason| keyring.seal_for_good(REASON, bound.as_bytes(), reason.as_bytes()))
    };
    sqlx::query(
        "INSERT INTO access_log (at, person, actor_kind, actor, actor_role, facility, act, what, channel, reference, reason)
         SELECT at, person, CASE WHEN actor IS NULL THEN 'self' ELSE 'staff' END, actor, role, facility, act, what,
                'api', reference, reason
         FROM unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::text[], $5::integer[], $6::text[], $7::text[],
                     $8::bytea[], $9::bytea[])
              AS line (at, person, actor, role, facility, act, what, reference, reason)",
    )
    .bind(lines.iter().map(|line| line.at).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.person).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.doer.staff).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.doer.role.clone()).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.doer.facility).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.act).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.what).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.doer.sign_in.as_bytes().to_vec()).collect::<Vec<_>>())
    .bind(lines.iter().map(reason).collect::<Vec<_>>())
    .execute(work)
    .await?;
    Ok(())
}

/// The reason of a line, opened.
pub(super) fn open_reason(keyring: &Keyring, person: Option<Uuid>, sealed: &[u8]) -> Option<String> {
    let octets = keyring.open(REASON, person.unwrap_or_default().as_bytes(), sealed)?;
    Some(String::from_utf8_lossy(&octets).into_owned())
}

/// A line, read.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Whose data.
    pub person: Option<Uuid>,
    /// `self`, `staff`, `partner` or `system`.
    pub actor_kind: String,
    /// The account.
    pub actor: Option<Uuid>,
    /// Profession or role.
    pub actor_role: Option<String>,
    /// Facility.
    pub facility: Option<i32>,
    /// What was done.
    pub act: String,
    /// With what.
    pub what: String,
    /// Through which door.
    pub channel: String,
    /// Why.
    pub reason: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    at: DateTime<Utc>,
    person: Option<Uuid>,
    actor_kind: String,
    actor: Option<Uuid>,
    actor_role: Option<String>,
    facility: Option<i32>,
    act: String,
    what: String,
    channel: String,
    reason: Option<Vec<u8>>,
}

impl Row {
    fn open(self, keyring: &Keyring) -> Entry {
        let reason = self.reason.and_then(|sealed| open_reason(keyring, self.person, &sealed));
        Entry {
            id: self.id,
            at: self.at,
            person: self.person,
            actor_kind: self.actor_kind,
            actor: self.actor,
            actor_role: self.actor_role,
            facility: self.facility,
            act: self.act,
            what: self.what,
            channel: self.channel,
            reason,
        }
    }
}

/// Which lines a list holds. Each order has its index, so exactly one of these leads the search.
#[derive(Clone, Copy, Debug)]
pub enum Lead {
    /// All.
    All,
    /// About a person.
    Person(Uuid),
    /// By an account.
    Actor(Uuid),
}

/// Lines, newest first, before the line `before`; of one facility's staff alone, where one is named.
pub async fn list(
    work: &mut PgConnection,
    keyring: &Keyring,
    lead: Lead,
    facility: Option<i32>,
    before: Option<i64>,
    most: i64,
) -> Result<Vec<Entry>, StoreError> {
    const ALL: &str = "
        SELECT id, at, person, actor_kind, actor, actor_role, facility, act, what, channel, reason FROM access_log
        WHERE $1::uuid IS NULL AND $2::integer IS NULL AND id < $3 ORDER BY id DESC LIMIT $4";
    const OF_FACILITY: &str = "
        SELECT id, at, person, actor_kind, actor, actor_role, facility, act, what, channel, reason FROM access_log
        WHERE $1::uuid IS NULL AND facility = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
    const OF_PERSON: &str = "
        SELECT id, at, person, actor_kind, actor, actor_role, facility, act, what, channel, reason FROM access_log
        WHERE person = $1 AND actor_kind <> 'self' AND ($2::integer IS NULL OR facility = $2) AND id < $3
        ORDER BY id DESC LIMIT $4";
    const OF_ACTOR: &str = "
        SELECT id, at, person, actor_kind, actor, actor_role, facility, act, what, channel, reason FROM access_log
        WHERE actor = $1 AND ($2::integer IS NULL OR facility = $2) AND id < $3 ORDER BY id DESC LIMIT $4";
    let (query, key) = match (lead, facility) {
        (Lead::All, None) => (ALL, None),
        (Lead::All, Some(_)) => (OF_FACILITY, None),
        (Lead::Person(person), _) => (OF_PERSON, Some(person)),
        (Lead::Actor(actor), _) => (OF_ACTOR, Some(actor)),
    };
    let rows: Vec<Row> = sqlx::query_as(query)
        .bind(key)
        .bind(facility)
        .bind(before.unwrap_or(i64::MAX))
        .bind(most)
        .fetch_all(work)
        .await?;
    Ok(rows.into_iter().map(|row| row.open(keyring)).collect())
}
