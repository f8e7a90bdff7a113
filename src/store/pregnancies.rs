//! Pregnancies.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A pregnancy that goes on, with a due date.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Active {
    /// Due date.
    pub due_on: NaiveDate,
    /// Whether it is known to the month only.
    pub to_the_month: bool,
    /// Antenatal contacts in it: days on which she was seen.
    pub contacts: i64,
    /// The last of them.
    pub last_contact: Option<NaiveDate>,
}

/// Her pregnancy, as far as it is known and dated, and her antenatal visits in it.
pub async fn active(work: &mut PgConnection, person: Uuid) -> Result<Option<Active>, sqlx::Error> {
    sqlx::query_as(
        "SELECT due_on, precision = 'month' AS to_the_month, contacts, last_contact
         FROM pregnancy JOIN person_in_care ON person_in_care.id = pregnancy.person,
              LATERAL (SELECT count(DISTINCT held_on) AS contacts, max(held_on) AS last_contact
                       FROM visit
                       WHERE visit.person = pregnancy.person AND kind = 'antenatal'
                         AND held_on BETWEEN due_on - 280 AND due_on + 28) AS seen
         WHERE pregnancy.person = $1 AND pregnancy.status = 'active' AND due_on IS NOT NULL",
    )
    .bind(person)
    .fetch_optional(work)
    .await
}

/// Adds a pregnancy as she reckons it, or undated. `false`: she has one that goes on, and nothing
/// is changed.
pub async fn add_reckoned(
    work: &mut PgConnection,
    person: Uuid,
    due_on: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let added = sqlx::query(
        "INSERT INTO pregnancy (person, number, status, due_on, dated_by, precision, created_at, updated_at)
         SELECT $1, coalesce(max(number), 0) + 1, 'active', $2,
                CASE WHEN $2 IS NULL THEN 'unknown' ELSE 'reckoned' END,
                CASE WHEN $2 IS NULL THEN 'unknown' ELSE 'month' END, $3, $3
         FROM pregnancy WHERE person = $1
         ON CONFLICT DO NOTHING",
    )
    .bind(person)
    .bind(due_on)
    .bind(now)
    .execute(work)
    .await?;
    Ok(added.rows_affected() == 1)
}
