//! Sign-ins and their chains of refresh tokens.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::identity::Role;
use crate::store::StoreError;

/// Whose sign-in it is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Subject {
    /// A staff account.
    Staff(Uuid),
    /// A woman in care.
    Person(Uuid),
}

impl Subject {
    /// The id, of whichever it is.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Staff(id) | Self::Person(id) => id,
        }
    }

    const fn staff(self) -> Option<Uuid> {
        match self {
            Self::Staff(id) => Some(id),
            Self::Person(_) => None,
        }
    }

    const fn person(self) -> Option<Uuid> {
        match self {
            Self::Staff(_) => None,
            Self::Person(id) => Some(id),
        }
    }
}

/// Why a sign-in ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// Signed out.
    SignOut,
    /// Signed out everywhere.
    Everywhere,
    /// A refresh token came twice: somebody else may hold a copy.
    Reuse,
    /// The password or PIN was changed.
    Password,
    /// An administrator ended it.
    Administrator,
}

impl Ended {
    const fn word(self) -> &'static str {
        match self {
            Self::SignOut => "sign_out",
            Self::Everywhere => "everywhere",
            Self::Reuse => "reuse",
            Self::Password => "password",
            Self::Administrator => "administrator",
        }
    }
}

/// Starts a sign-in; `token` is the digest of its first refresh token.
pub async fn start(
    work: &mut PgConnection,
    id: Uuid,
    subject: Subject,
    token: &[u8; 32],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO sign_in (id, staff, person, token, created_at, refreshed_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $5, $6)",
    )
    .bind(id)
    .bind(subject.staff())
    .bind(subject.person())
    .bind(token)
    .bind(now)
    .bind(expires_at)
    .execute(work)
    .await?;
    Ok(())
}

/// What became of a refresh token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rotated {
    /// Replaced by the new one.
    Fresh(Subject),
    /// It had been replaced before: the sign-in is ended now.
    Reused,
    /// No such sign-in, or its time is over.
    Gone,
}

/// Replaces a refresh token. An old one ends the whole sign-in: whoever holds the newest of the
/// chain may be a thief.
pub async fn rotate(
    work: &mut PgConnection,
    id: Uuid,
    old: &[u8; 32],
    new: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<Rotated, StoreError> {
    let row: Option<(Option<Uuid>, Option<Uuid>, Vec<u8>)> = sqlx::query_as(
        "SELECT staff, person, token FROM sign_in
         WHERE id = $1 AND ended_at IS NULL AND expires_at > $2 FOR NO KEY UPDATE",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(&mut *work)
    .await?;
    let subject = |staff: Option<Uuid>, person: Option<Uuid>| {
        staff.map(Subject::Staff).or_else(|| person.map(Subject::Person))
    };
    let Some((staff, person, token)) = row else { return Ok(Rotated::Gone) };
    let Some(subject) = subject(staff, person) else { return Ok(Rotated::Gone) };
    if token != old {
        end(work, id, Ended::Reuse, now).await?;
        return Ok(Rotated::Reused);
    }
    sqlx::query("UPDATE sign_in SET token = $2, refreshed_at = $3 WHERE id = $1")
        .bind(id)
        .bind(new)
        .bind(now)
        .execute(work)
        .await?;
    Ok(Rotated::Fresh(subject))
}

/// Ends one sign-in.
pub async fn end(work: &mut PgConnection, id: Uuid, by: Ended, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE sign_in SET ended_at = $3, ended_by = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(id)
        .bind(by.word())
        .bind(now)
        .execute(work)
        .await?;
    Ok(())
}

/// Ends all sign-ins of somebody but, where one is named, that.
pub async fn end_all(
    work: &mut PgConnection,
    subject: Subject,
    but: Option<Uuid>,
    by: Ended,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let query = match subject {
        Subject::Staff(_) => {
            "UPDATE sign_in SET ended_at = $3, ended_by = $2
             WHERE staff = $1 AND ended_at IS NULL AND ($4::uuid IS NULL OR id <> $4)"
        }
        Subject::Person(_) => {
            "UPDATE sign_in SET ended_at = $3, ended_by = $2
             WHERE person = $1 AND ended_at IS NULL AND ($4::uuid IS NULL OR id <> $4)"
        }
    };
    sqlx::query(query).bind(subject.id()).bind(by.word()).bind(now).bind(but).execute(work).await?;
    Ok(())
}

/// Who a running sign-in is, as the account stands now.
#[derive(Clone, Debug)]
pub struct Live {
    /// Who.
    pub subject: Subject,
    /// What she may do.
    pub role: Role,
    /// Her profession, of a professional.
    pub profession: Option<String>,
    /// Her facility.
    pub facility: Option<i32>,
}

#[derive(sqlx::FromRow)]
struct LiveRow {
    staff: Option<Uuid>,
    person: Option<Uuid>,
    role: Option<String>,
    profession: Option<String>,
    facility: Option<i32>,
}

/// A sign-in that has not ended, of an account that may sign in.
pub async fn live(pool: &PgPool, id: Uuid, now: DateTime<Utc>) -> Result<Option<Live>, StoreError> {
    let row: Option<LiveRow> = sqlx::query_as(
        "SELECT sign_in.staff, sign_in.person, staff.role, staff.profession, staff.facility
         FROM sign_in LEFT JOIN staff ON staff.id = sign_in.staff AND staff.status = 'active'
              LEFT JOIN person ON person.id = sign_in.person AND person.erased_at IS NULL
         WHERE sign_in.id = $1 AND ended_at IS NULL AND expires_at > $2
           AND (staff.id IS NOT NULL OR person.id IS NOT NULL)",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(pool)
    .await?;
    Ok(row.and_then(|row| {
        let (subject, role) = match (row.staff, row.person, row.role) {
            (Some(staff), None, Some(role)) => (Subject::Staff(staff), Role::of(&role)?),
            (None, Some(person), _) => (Subject::Person(person), Role::Patient),
            _ => return None,
        };
        Some(Live { subject, role, profession: row.profession, facility: row.facility })
    }))
}
