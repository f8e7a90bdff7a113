//! The audit trail: who read or changed what, of whom, when, through which door.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::record::reach::OPEN_FOR;
use super::staff::StaffAccount;
use super::trail;
use crate::privacy::Keyring;

/// What a person did with her own data, or what was tried in her name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Act {
    /// Read.
    Read,
    /// Changed.
    Change,
    /// Gave the right PIN.
    SignIn,
    /// Gave a wrong one.
    SignInFailed,
}

impl Act {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Change => "change",
            Self::SignIn => "sign_in",
            Self::SignInFailed => "sign_in_failed",
        }
    }
}

/// One line of the trail, of what happened at a person's own phone.
#[derive(Clone, Copy, Debug)]
pub struct OwnAccess<'a> {
    /// Whose data.
    pub person: Uuid,
    /// What was done.
    pub act: Act,
    /// With what: a source (`visits`) or a thing that can change (`pin`).
    pub what: &'a str,
    /// Channel.
    pub channel: &'a str,
    /// Key of the session.
    pub session: [u8; 16],
    /// When.
    pub at: DateTime<Utc>,
}

/// Adds lines, in one statement however many.
pub async fn record(work: &mut PgConnection, lines: &[OwnAccess<'_>]) -> Result<(), sqlx::Error> {
    if lines.is_empty() {
        return Ok(());
    }
    let column = |text: fn(&OwnAccess<'_>) -> String| lines.iter().map(text).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO access_log (at, person, actor_kind, actor, act, what, channel, reference)
         SELECT at, person, 'self', person, act, what, channel, reference
         FROM unnest($1::timestamptz[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bytea[])
              AS line (at, person, act, what, channel, reference)",
    )
    .bind(lines.iter().map(|line| line.at).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.person).collect::<Vec<_>>())
    .bind(column(|line| line.act.name().to_owned()))
    .bind(column(|line| line.what.to_owned()))
    .bind(column(|line| line.channel.to_owned()))
    .bind(lines.iter().map(|line| line.session.to_vec()).collect::<Vec<_>>())
    .execute(work)
    .await?;
    Ok(())
}

/// Adds a line of what somebody of the staff did, with a command of this program.
pub async fn record_by_staff(
    work: &mut PgConnection,
    staff: &StaffAccount,
    person: Uuid,
    act: Act,
    what: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO access_log (at, person, actor_kind, actor, actor_role, facility, act, what, channel)
         VALUES ($1, $2, 'staff', $3, $4, $5, $6, $7, 'command')",
    )
    .bind(at)
    .bind(person)
    .bind(staff.id)
    .bind(staff.profession.as_deref().unwrap_or(staff.role.word()))
    .bind(staff.facility)
    .bind(act.name())
    .bind(what)
    .execute(work)
    .await?;
    Ok(())
}

/// A look at a person's record, as she is told of it: all of one day by one kind of person at one
/// place are one, but that a reason has a look of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Look {
    /// Its number; other looks that come later do not change it.
    pub id: i64,
    /// Day in Africa/Freetown.
    pub day: NaiveDate,
    /// Whether it was at her own phone.
    pub own: bool,
    /// `nurse`, `midwife`, …; none for a program.
    pub role: Option<String>,
    /// Where.
    pub facility: Option<i32>,
    /// Whether it was her appointments alone.
    pub appointments: bool,
    /// Why, where somebody had to say.
    pub reason: Option<String>,
}

#[derive(sqlx::FromRow)]
struct LookRow {
    id: i64,
    day: NaiveDate,
    own: bool,
    role: Option<String>,
    facility: Option<i32>,
    appointments: bool,
    reason: Option<Vec<u8>>,
}

/// Who looked at her record, newest first. Her own looks are cut short, or she would see nothing
/// else; those with a reason are searched for by themselves, so that no number of others hides one.
/// What somebody reads while her reason holds is one look with the reason.
pub async fn looks(
    work: &mut PgConnection,
    keyring: &Keyring,
    person: Uuid,
    most: u8,
    most_own: u8,
) -> Result<Vec<Look>, sqlx::Error> {
    let rows: Vec<LookRow> = sqlx::query_as(
        "WITH told AS (
             SELECT id, at, actor, actor_kind, actor_role, facility, what, reason FROM access_log
             WHERE person = $1 AND actor_kind <> 'self' AND reason IS NOT NULL AND act IN ('grant', 'export')
             ORDER BY id DESC LIMIT $2
         ), line AS (
             TABLE told
             UNION ALL
             (SELECT id, at, actor, actor_kind, actor_role, facility, what, NULL FROM access_log
              WHERE person = $1 AND actor_kind <> 'self' AND reason IS NULL AND act IN ('read', 'change', 'export')
              ORDER BY id DESC LIMIT 500)
             UNION ALL
             (SELECT id, at, NULL, actor_kind, NULL, NULL, what, NULL FROM access_log
              WHERE person = $1 AND actor_kind = 'self' AND act = 'read'
                AND what NOT IN ('me', 'looks', 'consents')
              ORDER BY id DESC LIMIT 500)
         ), look AS (
             SELECT min(id) AS id, (at AT TIME ZONE 'Africa/Freetown')::date AS day, actor_kind = 'self' AS own,
                    actor_role AS role, facility,
                    what IN ('next_visit', 'appointment', 'appointments') AS appointments, reason, max(id) AS last
             FROM line
             WHERE reason IS NOT NULL OR NOT EXISTS (
                 SELECT FROM told WHERE told.actor = line.actor AND line.at BETWEEN told.at AND told.at + $4)
             GROUP BY day, own, role, facility, appointments, reason
         ), ranked AS (
             SELECT look.*, row_number() OVER (PARTITION BY own ORDER BY day DESC, last DESC) AS place FROM look
         )
         SELECT id, day, own, role, facility, appointments, reason FROM ranked
         WHERE place <= CASE WHEN own THEN $3 ELSE $2 END
         ORDER BY day DESC, last DESC LIMIT $2",
    )
    .bind(person)
    .bind(i64::from(most))
    .bind(i64::from(most_own))
    .bind(OPEN_FOR)
    .fetch_all(work)
    .await?;
    let look = |row: LookRow| Look {
        id: row.id,
        day: row.day,
        own: row.own,
        role: row.role,
        facility: row.facility,
        appointments: row.appointments,
        reason: row.reason.and_then(|sealed| trail::open_reason(keyring, Some(person), &sealed)),
    };
    Ok(rows.into_iter().map(look).collect())
}

/// What whoever runs the service did with a person's data, by a command.
#[derive(Clone, Copy, Debug)]
pub struct ServiceAccess<'a> {
    /// Whose data.
    pub person: Uuid,
    /// `export` or `erase`.
    pub act: &'static str,
    /// Why; kept sealed.
    pub reason: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Adds that line.
pub async fn record_service(
    work: &mut PgConnection,
    keyring: &Keyring,
    line: &ServiceAccess<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO access_log (at, person, actor_kind, actor_role, act, what, channel, reason)
         VALUES ($1, $2, 'system', 'operator', $3, 'everything', 'command', $4)",
    )
    .bind(line.at)
    .bind(line.person)
    .bind(line.act)
    .bind(keyring.seal_for_good(trail::REASON, line.person.as_bytes(), line.reason.as_bytes()))
    .execute(work)
    .await?;
    Ok(())
}
