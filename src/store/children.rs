//! Children and the doses that they were given.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use super::sealed::{ChildNote, Sealed};
use crate::privacy::Vault;

/// A child, opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Child {
    /// Of this mother, from 1.
    pub number: i16,
    /// Birth date.
    pub born_on: NaiveDate,
    /// Name and what else is sealed.
    pub note: ChildNote,
}

#[derive(sqlx::FromRow)]
struct ChildRow {
    wrapped_key: Vec<u8>,
    number: i16,
    born_on: NaiveDate,
    note: Vec<u8>,
}

/// Her children that are followed and were born after that day, the youngest first.
pub async fn born_after(
    work: &mut PgConnection,
    vault: &Vault,
    person: Uuid,
    day: NaiveDate,
) -> Result<Vec<Child>, StoreError> {
    let rows: Vec<ChildRow> = sqlx::query_as(
        "SELECT wrapped_key, number, born_on, note
         FROM child JOIN person_in_care ON person_in_care.id = child.person
         WHERE child.person = $1 AND child.status = 'living' AND born_on > $2
         ORDER BY born_on DESC, number LIMIT 9",
    )
    .bind(person)
    .bind(day)
    .fetch_all(work)
    .await?;
    rows.into_iter()
        .map(|row| {
            let key = vault.unwrap(person, &row.wrapped_key)?;
            let note = ChildNote::open(&key, i32::from(row.number), &row.note)?;
            Ok(Child { number: row.number, born_on: row.born_on, note })
        })
        .collect()
}

/// A child's birth and the doses given to it.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Doses {
    /// Birth date.
    pub born_on: NaiveDate,
    /// District of the mother, where it is known: some doses are given in some districts only.
    pub district: Option<String>,
    /// Codes of the schedule.
    pub doses: Vec<String>,
    /// Day of each.
    pub given_on: Vec<NaiveDate>,
}

/// One child's birth date and doses.
pub async fn doses(work: &mut PgConnection, person: Uuid, child: i16) -> Result<Option<Doses>, sqlx::Error> {
    sqlx::query_as(
        "SELECT born_on, coalesce(person_in_care.district, facility.district) AS district,
                ARRAY (SELECT dose FROM immunisation
                       WHERE immunisation.person = child.person AND immunisation.child = child.number
                       ORDER BY dose) AS doses,
                ARRAY (SELECT given_on FROM immunisation
                       WHERE immunisation.person = child.person AND immunisation.child = child.number
                       ORDER BY dose) AS given_on
         FROM child JOIN person_in_care ON person_in_care.id = child.person
              LEFT JOIN facility ON facility.id = person_in_care.home_facility
         WHERE child.person = $1 AND child.number = $2 AND child.status = 'living'",
    )
    .bind(person)
    .bind(child)
    .fetch_optional(work)
    .await
}

/// Birth date, district and doses of each child that is followed.
pub type ChildDoses = (NaiveDate, Option<String>, Vec<(String, NaiveDate)>);

/// The same for all her children that are followed.
pub async fn doses_of_all(work: &mut PgConnection, person: Uuid) -> Result<Vec<ChildDoses>, sqlx::Error> {
    let numbers: Vec<i16> = sqlx::query_scalar(
        "SELECT number FROM child JOIN person_in_care ON person_in_care.id = child.person
         WHERE child.person = $1 AND child.status = 'living' ORDER BY number LIMIT 9",
    )
    .bind(person)
    .fetch_all(&mut *work)
    .await?;
    let mut all = Vec::with_capacity(numbers.len());
    for number in numbers {
        let Some(found) = doses(work, person, number).await? else { continue };
        all.push((found.born_on, found.district, found.doses.into_iter().zip(found.given_on).collect()));
    }
    Ok(all)
}
