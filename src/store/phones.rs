//! Phone numbers, known by their blind index alone: what is remembered for a number, and how often
//! it asked for something.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::ussd::PhoneFacts;

/// Makes sure that the number has a row, and holds it until the transaction ends: what a number
/// does is done one after the other.
pub async fn hold(work: &mut PgConnection, phone: &[u8; 16]) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO phone (key) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(phone)
        .execute(&mut *work)
        .await?;
    sqlx::query("SELECT FROM phone WHERE key = $1 FOR NO KEY UPDATE").bind(phone).execute(work).await?;
    Ok(())
}

/// What is known about the number.
pub async fn facts(work: &mut PgConnection, phone: &[u8; 16]) -> Result<PhoneFacts, sqlx::Error> {
    let row: Option<(Option<String>, Option<String>, bool, i64)> = sqlx::query_as(
        "SELECT language, district, stopped_at IS NOT NULL,
                (SELECT count(*) FROM person_phone WHERE person_phone.phone = phone.key)
         FROM phone WHERE key = $1",
    )
    .bind(phone)
    .fetch_optional(work)
    .await?;
    Ok(row.map_or_else(PhoneFacts::default, |(language, district, stopped, people)| PhoneFacts {
        people: u8::try_from(people).unwrap_or(u8::MAX),
        language,
        district,
        stopped,
    }))
}

/// Stops messages to the number, or allows them again.
pub async fn set_stopped(
    work: &mut PgConnection,
    phone: &[u8; 16],
    since: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO phone (key, stopped_at) VALUES ($1, $2)
         ON CONFLICT (key) DO UPDATE
         SET stopped_at = CASE WHEN excluded.stopped_at IS NULL THEN NULL
                               ELSE coalesce(phone.stopped_at, excluded.stopped_at) END",
    )
    .bind(phone)
    .bind(since)
    .execute(work)
    .await?;
    Ok(())
}

/// Something that a number may ask for only so often.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Request {
    /// A new PIN.
    RecoverPin,
    /// A facility's details by SMS.
    SendClinic,
    /// A registration.
    Register,
}

impl Request {
    const fn name(self) -> &'static str {
        match self {
            Self::RecoverPin => "recover_pin",
            Self::SendClinic => "send_clinic",
            Self::Register => "register",
        }
    }
}

/// At most `count` requests within any `within`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allowance {
    /// How many.
    pub count: u8,
    /// In which time, a day at most.
    pub within: TimeDelta,
}

/// Whether a number may have what it asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asked {
    /// It may.
    First,
    /// It may, and this very turn asked before: it has been done.
    Again,
    /// Too often; not before then.
    NotBefore(DateTime<Utc>),
}

/// Requests are forgotten after this long.
const REMEMBERED: TimeDelta = TimeDelta::days(1);

/// Looks whether the number may, without counting: for what costs much to prepare.
pub async fn may(
    work: &mut PgConnection,
    phone: &[u8; 16],
    request: Request,
    cause: &[u8],
    now: DateTime<Utc>,
    allowances: &[Allowance],
) -> Result<Asked, sqlx::Error> {
    let earlier: Vec<(Vec<u8>, DateTime<Utc>)> = sqlx::query_as(
        "SELECT cause, at FROM phone_request
         WHERE phone = $1 AND kind = $2 AND at > $3 ORDER BY at DESC LIMIT 100",
    )
    .bind(phone)
    .bind(request.name())
    .bind(now - REMEMBERED)
    .fetch_all(work)
    .await?;
    if earlier.iter().any(|(known, _)| known == cause) {
        return Ok(Asked::Again);
    }
    let times: Vec<DateTime<Utc>> = earlier.into_iter().map(|(_, at)| at).collect();
    Ok(first_free(&times, now, allowances).map_or(Asked::First, Asked::NotBefore))
}

/// Counts a request, if the number may. The number must be held.
pub async fn ask(
    work: &mut PgConnection,
    phone: &[u8; 16],
    request: Request,
    cause: &[u8],
    now: DateTime<Utc>,
    allowances: &[Allowance],
) -> Result<Asked, sqlx::Error> {
    let asked = may(work, phone, request, cause, now, allowances).await?;
    if asked == Asked::First {
        sqlx::query(
            "WITH forgotten AS (
                 DELETE FROM phone_request WHERE phone = $1 AND kind = $2 AND at <= $5
             )
             INSERT INTO phone_request (phone, kind, cause, at) VALUES ($1, $2, $3, $4)",
        )
        .bind(phone)
        .bind(request.name())
        .bind(cause)
        .bind(now)
        .bind(now - REMEMBERED)
        .execute(work)
        .await?;
    }
    Ok(asked)
}

/// When the next request is within all allowances, if that is not now. `times` are those of the
/// requests before, newest first.
fn first_free(
    times: &[DateTime<Utc>],
    now: DateTime<Utc>,
    allowances: &[Allowance],
) -> Option<DateTime<Utc>> {
    allowances
        .iter()
        .filter_map(|allowance| {
            let at = usize::from(allowance.count.max(1)) - 1;
            times.get(at).map(|&blocking| blocking + allowance.within)
        })
        .filter(|&free| free > now)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_allowances_hold_at_once() {
        let allowances = [
            Allowance { count: 1, within: TimeDelta::minutes(10) },
            Allowance { count: 3, within: TimeDelta::days(1) },
        ];
        let now: DateTime<Utc> = "2026-11-24T12:00:00Z".parse().unwrap();
        let ago = |minutes| now - TimeDelta::minutes(minutes);
        assert_eq!(first_free(&[], now, &allowances), None);
        assert_eq!(first_free(&[ago(10)], now, &allowances), None);
        assert_eq!(first_free(&[ago(9)], now, &allowances), Some(now + TimeDelta::minutes(1)));
        assert_eq!(
            first_free(&[ago(9), ago(30), ago(60)], now, &allowances),
            Some(ago(60) + TimeDelta::days(1))
        );
        assert_eq!(first_free(&[ago(30), ago(60)], now, &allowances), None);
    }
}
