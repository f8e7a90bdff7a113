//! People: who shares a number, who she is, and how she came to be here.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use super::sealed::{Identity, Number, Sealed};
use crate::care::Msisdn;
use crate::privacy::{PersonKey, Vault};

/// Most people on one number.
pub const MOST_ON_ONE_NUMBER: i32 = 9;

/// A person, with her identity opened.
#[derive(Debug)]
pub struct Person {
    /// Who.
    pub id: Uuid,
    /// Opens what is hers.
    pub key: PersonKey,
    /// Names and birth date.
    pub identity: Identity,
    /// Whether staff have verified her registration.
    pub verified: bool,
    /// Language of her messages, ISO code.
    pub language: String,
    /// Whether she chose to be greeted by name.
    pub greet_by_name: bool,
    /// The facility that cares for her.
    pub home_facility: Option<i32>,
    /// Whether she agrees that her record is kept and shown on her phone.
    pub consented: bool,
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    wrapped_key: Vec<u8>,
    identity: Vec<u8>,
    verified: bool,
    language: String,
    greet_by_name: bool,
    home_facility: Option<i32>,
    consented: bool,
}

/// Who is meant: the person at that place (from 0) among those on the number.
pub async fn chosen(
    work: &mut PgConnection,
    phone: &[u8; 16],
    place: u8,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT person FROM person_phone WHERE phone = $1 ORDER BY ordinal OFFSET $2 LIMIT 1")
        .bind(phone)
        .bind(i64::from(place))
        .fetch_optional(work)
        .await
}

/// All who use a number, by their place on it.
pub async fn ids_on_number(work: &mut PgConnection, phone: &[u8; 16]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("SELECT person FROM person_phone WHERE phone = $1 ORDER BY ordinal")
        .bind(phone)
        .fetch_all(work)
        .await
}

/// Opens a person; none where she is not here or has been erased.
pub async fn open(work: &mut PgConnection, vault: &Vault, id: Uuid) -> Result<Option<Person>, StoreError> {
    let row: Option<PersonRow> = sqlx::query_as(
        "SELECT wrapped_key, identity, status = 'verified' AS verified, language, greet_by_name, home_facility,
                EXISTS (SELECT FROM consent WHERE consent.person = person.id
                        AND purpose = 'care' AND withdrawn_at IS NULL) AS consented
         FROM person WHERE id = $1 AND erased_at IS NULL",
    )
    .bind(id)
    .fetch_optional(work)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let key = vault.unwrap(id, &row.wrapped_key)?;
    let identity = Identity::open(&key, 0, &row.identity)?;
    Ok(Some(Person {
        id,
        key,
        identity,
        verified: row.verified,
        language: row.language,
        greet_by_name: row.greet_by_name,
        home_facility: row.home_facility,
        consented: row.consented,
    }))
}

/// Whether she agrees now that her record is kept and shown on her phone.
pub async fn consented(work: &mut PgConnection, id: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM person_in_care WHERE id = $1)")
        .bind(id)
        .fetch_one(work)
        .await
}

/// Somebody who registers by herself.
#[derive(Debug)]
pub struct NewPerson<'a> {
    /// Her key.
    pub key: &'a PersonKey,
    /// The same, wrapped.
    pub wrapped_key: &'a [u8],
    /// Who she says she is.
    pub identity: &'a Identity,
    /// Language of her messages, ISO code.
    pub language: &'a str,
    /// Her district.
    pub district: &'a str,
    /// The facility that serves it.
    pub home_facility: Option<i32>,
    /// When.
    pub now: DateTime<Utc>,
}

/// Adds somebody who registered by herself.
pub async fn add(work: &mut PgConnection, person: &NewPerson<'_>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO person (id, wrapped_key, identity, status, language, district, home_facility,
                             created_at, updated_at)
         VALUES ($1, $2, $3, 'self_registered', $4, $5, $6, $7, $7)",
    )
    .bind(person.key.person())
    .bind(person.wrapped_key)
    .bind(person.identity.seal(person.key, 0))
    .bind(person.language)
    .bind(person.district)
    .bind(person.home_facility)
    .bind(person.now)
    .execute(work)
    .await?;
    Ok(())
}

/// The first place that is free on a number, which must be held; none where nine share it.
pub async fn free_ordinal(work: &mut PgConnection, phone: &[u8; 16]) -> Result<Option<i16>, sqlx::Error> {
    // The others on the number may be none whom the caller sees.
    sqlx::query_scalar("SELECT mamacare_free_ordinal($1, $2)")
        .bind(phone)
        .bind(MOST_ON_ONE_NUMBER)
        .fetch_one(work)
        .await
}

/// Links a person to a number.
pub async fn link(
    work: &mut PgConnection,
    key: &PersonKey,
    phone: &[u8; 16],
    ordinal: i16,
    msisdn: Msisdn,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO person_phone (phone, ordinal, person, number, linked_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(phone)
    .bind(ordinal)
    .bind(key.person())
    .bind(Number(msisdn.e164()).seal(key, ordinal.into()))
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// Her numbers that take messages, with their blind indexes.
pub async fn open_numbers(
    work: &mut PgConnection,
    key: &PersonKey,
) -> Result<Vec<([u8; 16], Msisdn)>, StoreError> {
    let rows: Vec<SealedNumber> = sqlx::query_as(
        "SELECT person_phone.phone, ordinal, number
         FROM person_phone JOIN phone ON phone.key = person_phone.phone
         WHERE person = $1 AND stopped_at IS NULL ORDER BY linked_at, person_phone.phone",
    )
    .bind(key.person())
    .fetch_all(work)
    .await?;
    opened_numbers(key, rows)
}

/// A number's blind index, its ordinal, and the number sealed under it.
pub(super) type SealedNumber = ([u8; 16], i16, Vec<u8>);

/// Opens numbers of hers.
pub(super) fn opened_numbers(
    key: &PersonKey,
    rows: Vec<SealedNumber>,
) -> Result<Vec<([u8; 16], Msisdn)>, StoreError> {
    let mut numbers = Vec::with_capacity(rows.len());
    for (phone, ordinal, number) in rows {
        let Number(number) = Number::open(key, ordinal.into(), &number)?;
        // A range of numbers that is no longer mobile takes no SMS.
        numbers.extend(number.parse().ok().map(|msisdn| (phone, msisdn)));
    }
    Ok(numbers)
}

/// Whether she is greeted by name after her PIN.
pub async fn set_greeting(
    work: &mut PgConnection,
    id: Uuid,
    on: bool,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE person SET greet_by_name = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(on)
        .bind(now)
        .execute(work)
        .await?;
    Ok(())
}
