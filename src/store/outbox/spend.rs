//! What was spent.

use chrono::{Datelike, NaiveDate};
use sqlx::PgPool;

use crate::messages::{Price, Spent};

/// What all providers together took on that day, and in its month up to it.
pub async fn spent(pool: &PgPool, day: NaiveDate) -> Result<Spent, sqlx::Error> {
    let first = day.with_day(1).unwrap_or(day);
    let (today, month): (i64, i64) = sqlx::query_as(
        "SELECT coalesce(sum(cost) FILTER (WHERE day = $2), 0)::bigint, coalesce(sum(cost), 0)::bigint
         FROM outbox_spend WHERE day BETWEEN $1 AND $2",
    )
    .bind(first)
    .bind(day)
    .fetch_one(pool)
    .await?;
    Ok(Spent { day: Price(today), month: Price(month) })
}
