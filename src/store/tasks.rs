//! What staff are to do: read a message, call somebody, look after a missed visit.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use crate::privacy::{Keyring, VaultError};

const TABLE: &str = "staff_task";

/// What is to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TaskKind {
    /// Read a message and answer it.
    Message,
    /// Call her; why is in the note.
    Call,
    /// Look after a visit that was missed or cannot be kept.
    Visit,
    /// Record a birth.
    Birth,
    /// Tell her what a message could not: no number reaches her.
    Unreachable,
}

impl TaskKind {
    const ALL: [Self; 5] = [Self::Message, Self::Call, Self::Visit, Self::Birth, Self::Unreachable];

    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Call => "call",
            Self::Visit => "visit",
            Self::Birth => "birth",
            Self::Unreachable => "unreachable",
        }
    }
}

/// A task to be opened.
#[derive(Clone, Copy, Debug)]
pub struct NewTask<'a> {
    /// What opened it; the same cause opens no second.
    pub cause: &'a str,
    /// What is to be done.
    pub kind: TaskKind,
    /// Whether it comes before others.
    pub urgent: bool,
    /// Whom it is about, where that is known.
    pub person: Option<Uuid>,
    /// The number that it came from.
    pub phone: Option<[u8; 16]>,
    /// Whose staff; none: whoever minds the help desk.
    pub facility: Option<i32>,
    /// The message that it came by.
    pub inbound: Option<i64>,
    /// Why, and what is known; sealed.
    pub note: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
    /// When it is to be done.
    pub due_at: DateTime<Utc>,
}

fn bound(column: &str, id: Uuid) -> Vec<u8> {
    [column.as_bytes(), &[0], id.as_bytes()].concat()
}

/// Opens a task, unless its cause has opened one; says whether it did.
pub async fn open(
    work: &mut PgConnection,
    keyring: &Keyring,
    task: &NewTask<'_>,
) -> Result<bool, sqlx::Error> {
    let millis = u64::try_from(task.now.timestamp_millis()).unwrap_or_default();
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &keyring.random()).into_uuid();
    let done = sqlx::query(
        "INSERT INTO staff_task (id, cause, kind, urgent, person, phone, facility, inbound, note, opened_at, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (cause) DO NOTHING",
    )
    .bind(id)
    .bind(task.cause)
    .bind(task.kind.name())
    .bind(task.urgent)
    .bind(task.person)
    .bind(task.phone)
    .bind(task.facility)
    .bind(task.inbound)
    .bind(keyring.seal(TABLE, &bound("note", id), task.note.as_bytes()))
    .bind(task.now)
    .bind(task.due_at)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A task, opened for who does it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Task {
    /// Its row.
    pub id: Uuid,
    /// What is to be done.
    pub kind: TaskKind,
    /// Whether it comes before others.
    pub urgent: bool,
    /// Whom it is about.
    pub person: Option<Uuid>,
    /// The number that it came from, as its blind index.
    pub phone: Option<[u8; 16]>,
    /// Whose staff; none: the help desk.
    pub facility: Option<i32>,
    /// The message that it came by; `store::inbound` opens it.
    pub inbound: Option<i64>,
    /// Why, and what is known.
    pub note: String,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// When it is to be done.
    pub due_at: DateTime<Utc>,
    /// Who has it.
    pub taken_by: Option<Uuid>,
}

#[derive(sqlx::FromRow)]
struct TaskRow {
    id: Uuid,
    kind: String,
    urgent: bool,
    person: Option<Uuid>,
    phone: Option<Vec<u8>>,
    facility: Option<i32>,
    inbound: Option<i64>,
    note: Vec<u8>,
    opened_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    taken_by: Option<Uuid>,
}

impl TaskRow {
    fn open(self, keyring: &Keyring) -> Result<Task, StoreError> {
        let broken = |column| VaultError::Service { table: TABLE, column, row: self.id.to_string() };
        let note = keyring.open(TABLE, &bound("note", self.id), &self.note);
        Ok(Task {
            id: self.id,
            kind: TaskKind::ALL
                .into_iter()
                .find(|kind| kind.name() == self.kind)
                .ok_or_else(|| broken("kind"))?,
            urgent: self.urgent,
            person: self.person,
            phone: self.phone.and_then(|phone| phone.try_into().ok()),
            facility: self.facility,
            inbound: self.inbound,
            note: note
                .map(|octets| String::from_utf8_lossy(&octets).into_owned())
                .ok_or_else(|| broken("note"))?,
            opened_at: self.opened_at,
            due_at: self.due_at,
            taken_by: self.taken_by,
        })
    }
}

/// Whose tasks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// One facility's.
    Facility(i32),
    /// The help desk's: those of no facility.
    Desk,
}

/// Tasks that are not done, the urgent ones first, then those due first.
pub async fn undone(
    work: &mut PgConnection,
    keyring: &Keyring,
    whose: Whose,
    most: u16,
) -> Result<Vec<Task>, StoreError> {
    let (all, facility) = match whose {
        Whose::All => (true, None),
        Whose::Facility(facility) => (false, Some(facility)),
        Whose::Desk => (false, None),
    };
    let rows: Vec<TaskRow> = sqlx::query_as(
        "SELECT id, kind, urgent, person, phone, facility, inbound, note, opened_at, due_at, taken_by
         FROM staff_task
         WHERE done_at IS NULL AND ($1 OR facility IS NOT DISTINCT FROM $2)
         ORDER BY urgent DESC, due_at, id LIMIT $3",
    )
    .bind(all)
    .bind(facility)
    .bind(i64::from(most))
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(keyring)).collect()
}

/// The tasks that are not done whose ids end so; two at most, which is one too many.
pub async fn ending(work: &mut PgConnection, keyring: &Keyring, end: &str) -> Result<Vec<Task>, StoreError> {
    let rows: Vec<TaskRow> = sqlx::query_as(
        "SELECT id, kind, urgent, person, phone, facility, inbound, note, opened_at, due_at, taken_by
         FROM staff_task WHERE done_at IS NULL AND right(id::text, char_length($1)) = lower($1) LIMIT 2",
    )
    .bind(end)
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(keyring)).collect()
}

/// Somebody takes a task; false where another has it, or it is done.
pub async fn take(
    work: &mut PgConnection,
    id: Uuid,
    staff: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE staff_task SET taken_by = $2, taken_at = $3
         WHERE id = $1 AND done_at IS NULL AND (taken_by IS NULL OR taken_by = $2)",
    )
    .bind(id)
    .bind(staff)
    .bind(now)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A task is done; false where it was before.
pub async fn finish(
    work: &mut PgConnection,
    keyring: &Keyring,
    id: Uuid,
    staff: Uuid,
    result: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE staff_task SET done_by = $2, done_at = $3, result = $4 WHERE id = $1 AND done_at IS NULL",
    )
    .bind(id)
    .bind(staff)
    .bind(now)
    .bind(keyring.seal(TABLE, &bound("result", id), result.as_bytes()))
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}
