//! What is forgotten by itself once it has served, each rule with its age, and the report of every run.
//!
//! What people send by SMS and what staff did about it goes by `store/forget.rs`, whose age is a setting.
//! What is never taken away by age: the health record (it goes when she is erased), what she agreed to,
//! and the audit trail.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use sqlx::PgConnection;

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name in the report.
    pub name: &'static str,
    /// What it takes away.
    pub what: &'static str,
    /// After so many days.
    pub days: i64,
    /// Takes away at most a batch of what is older than `$1`.
    statement: &'static str,
}

/// All rules.
pub const RULES: [Rule; 7] = [
    Rule {
        name: "requests",
        what: "what numbers asked for, kept for the limits on it",
        days: 2,
        statement: "DELETE FROM phone_request WHERE (phone, kind, cause) IN (
            SELECT phone, kind, cause FROM phone_request WHERE at < $1 LIMIT 5000)",
    },
    Rule {
        name: "sign_ins",
        what: "sign-ins that have ended",
        days: 90,
        statement: "DELETE FROM sign_in WHERE id IN (SELECT id FROM sign_in WHERE expires_at < $1 LIMIT 5000)",
    },
    Rule {
        name: "links",
        what: "links sent by e-mail that no longer serve",
        days: 30,
        statement: "DELETE FROM mailed_token WHERE id IN (
            SELECT id FROM mailed_token WHERE expires_at < $1 LIMIT 5000)",
    },
    Rule {
        name: "answers",
        what: "answers kept for requests that come twice",
        days: 2,
        statement: "DELETE FROM once WHERE (actor, key) IN (
            SELECT actor, key FROM once WHERE created_at < $1 LIMIT 5000)",
    },
    Rule {
        name: "former_numbers",
        what: "numbers that no longer lead to somebody",
        days: 30,
        statement: "DELETE FROM former_phone WHERE (person, phone) IN (
            SELECT person, phone FROM former_phone WHERE ended_at < $1 LIMIT 5000)",
    },
    Rule {
        name: "records_opened",
        what: "that a record of another facility was open; why stays in the audit trail",
        days: 30,
        statement: "DELETE FROM opened_record WHERE (staff, person) IN (
            SELECT staff, person FROM opened_record WHERE until < $1 LIMIT 5000)",
    },
    Rule {
        name: "reports",
        what: "this report",
        days: 1095,
        statement: "DELETE FROM retention_run WHERE (rule, day) IN (
            SELECT rule, day FROM retention_run WHERE at < $1 LIMIT 5000)",
    },
];

/// The most that one run takes away by one rule; what is left goes the next day.
const MOST_BATCHES: u32 = 200;

/// A line of the report.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Run {
    /// Which rule.
    pub rule: String,
    /// On which day.
    pub day: NaiveDate,
    /// What was older went.
    pub before: DateTime<Utc>,
    /// How many rows went.
    pub rows: i64,
}

/// Runs a rule, once a day however many nodes try; none where it ran on this day already.
pub async fn run(
    connection: &mut PgConnection,
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<Option<i64>, sqlx::Error> {
    let before = now - TimeDelta::days(rule.days);
    let taken = sqlx::query(
        "INSERT INTO retention_run (rule, day, at, before, rows) VALUES ($1, $2, $3, $4, 0)
         ON CONFLICT (rule, day) DO NOTHING",
    )
    .bind(rule.name)
    .bind(now.date_naive())
    .bind(now)
    .bind(before)
    .execute(&mut *connection)
    .await?;
    if taken.rows_affected() == 0 {
        return Ok(None);
    }
    let mut rows: i64 = 0;
    for _ in 0..MOST_BATCHES {
        // One statement, one transaction: nothing is held for long.
        let gone = sqlx::query(rule.statement).bind(before).execute(&mut *connection).await?;
        rows += i64::try_from(gone.rows_affected()).unwrap_or_default();
        sqlx::query("UPDATE retention_run SET rows = $3 WHERE rule = $1 AND day = $2")
            .bind(rule.name)
            .bind(now.date_naive())
            .bind(rows)
            .execute(&mut *connection)
            .await?;
        if gone.rows_affected() < 5000 {
            break;
        }
    }
    Ok(Some(rows))
}

/// The report of the last days, the newest day first.
pub async fn report(connection: &mut PgConnection, since: NaiveDate) -> Result<Vec<Run>, sqlx::Error> {
    sqlx::query_as(
        "SELECT rule, day, before, rows FROM retention_run WHERE day >= $1 ORDER BY day DESC, rule",
    )
    .bind(since)
    .fetch_all(connection)
    .await
}
