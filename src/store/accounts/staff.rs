//! The account itself.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::identity::Role;
use crate::privacy::{Keyring, VaultError};
use crate::store::StoreError;

const EMAIL: &str = "staff.email";
const NAME: &str = "staff.name";

/// An account, opened.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// What it may do.
    pub role: Role,
    /// E-mail address as it was given.
    pub email: String,
    /// Name to show.
    pub name: String,
    /// `doctor`, `nurse` and so on, of a professional.
    pub profession: Option<String>,
    /// Facility that it belongs to; none for an administrator.
    pub facility: Option<i32>,
    /// `invited`, `pending`, `active` or `suspended`.
    pub status: String,
    /// PHC string of its password, once it has one.
    pub password_hash: Option<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// A row of the table, still sealed.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct AccountRow {
    id: Uuid,
    role: String,
    email: Vec<u8>,
    name: Vec<u8>,
    profession: Option<String>,
    facility: Option<i32>,
    status: String,
    password_hash: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl AccountRow {
    pub(in crate::store) fn open(self, keyring: &Keyring) -> Result<Account, StoreError> {
        let id = self.id;
        let broken = |column| VaultError::Service { table: "staff", column, row: id.to_string() };
        let text = |purpose, column, sealed: &[u8]| {
            let opened = keyring.open(purpose, id.as_bytes(), sealed);
            opened.and_then(|octets| String::from_utf8(octets).ok()).ok_or_else(|| broken(column))
        };
        Ok(Account {
            id,
            role: Role::of(&self.role).ok_or_else(|| broken("role"))?,
            email: text(EMAIL, "email", &self.email)?,
            name: text(NAME, "name", &self.name)?,
            profession: self.profession,
            facility: self.facility,
            status: self.status,
            password_hash: self.password_hash,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// The account of an address, in whatever case it is typed.
pub async fn find_by_email(
    work: &mut PgConnection,
    keyring: &Keyring,
    email: &str,
) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT id, role, email, name, profession, facility, status, password_hash, created_at, updated_at
         FROM staff WHERE email_key = $1",
    )
    .bind(keyring.email_index(email))
    .fetch_optional(work)
    .await?;
    row.map(|row| row.open(keyring)).transpose()
}

/// The account of an id.
pub async fn find(
    work: &mut PgConnection,
    keyring: &Keyring,
    id: Uuid,
) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT id, role, email, name, profession, facility, status, password_hash, created_at, updated_at
         FROM staff WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(work)
    .await?;
    row.map(|row| row.open(keyring)).transpose()
}

/// Which accounts a list holds.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter<'a> {
    /// Of these roles.
    pub roles: &'a [Role],
    /// Of that facility.
    pub facility: Option<i32>,
    /// In that state.
    pub status: Option<&'a str>,
    /// After that id.
    pub after: Option<Uuid>,
}

/// Accounts by id.
pub async fn list(
    work: &mut PgConnection,
    keyring: &Keyring,
    filter: &AccountFilter<'_>,
    most: i64,
) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<AccountRow> = sqlx::query_as(
        "SELECT id, role, email, name, profession, facility, status, password_hash, created_at, updated_at
         FROM staff
         WHERE role = ANY ($1) AND ($2::integer IS NULL OR facility = $2) AND ($3::text IS NULL OR status = $3)
           AND ($4::uuid IS NULL OR id > $4)
         ORDER BY id LIMIT $5",
    )
    .bind(filter.roles.iter().map(|role| role.word()).collect::<Vec<_>>())
    .bind(filter.facility)
    .bind(filter.status)
    .bind(filter.after)
    .bind(most)
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(keyring)).collect()
}

/// An account to be added.
#[derive(Clone, Debug)]
pub struct NewAccount<'a> {
    /// Its id.
    pub id: Uuid,
    /// What it may do.
    pub role: Role,
    /// E-mail address.
    pub email: &'a str,
    /// Name.
    pub name: &'a str,
    /// Profession, of a professional.
    pub profession: Option<&'a str>,
    /// Facility; none for an administrator.
    pub facility: Option<i32>,
    /// `invited`, `pending` or `active`.
    pub status: &'a str,
    /// PHC string of its password.
    pub password_hash: Option<&'a str>,
    /// When.
    pub now: DateTime<Utc>,
}

/// Adds an account with its guard; false where the address has one already.
pub async fn add(
    work: &mut PgConnection,
    keyring: &Keyring,
    account: &NewAccount<'_>,
) -> Result<bool, StoreError> {
    let sealed = |purpose, text: &str| keyring.seal(purpose, account.id.as_bytes(), text.as_bytes());
    let added = sqlx::query(
        "INSERT INTO staff (id, role, email_key, email, name, profession, facility, status, password_hash,
                            created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         ON CONFLICT (email_key) DO NOTHING",
    )
    .bind(account.id)
    .bind(account.role.word())
    .bind(keyring.email_index(account.email))
    .bind(sealed(EMAIL, account.email.trim()))
    .bind(sealed(NAME, account.name))
    .bind(account.profession)
    .bind(account.facility)
    .bind(account.status)
    .bind(account.password_hash)
    .bind(account.now)
    .execute(&mut *work)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// What changes in an account; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Change<'a> {
    /// Name.
    pub name: Option<&'a str>,
    /// Profession.
    pub profession: Option<&'a str>,
    /// State.
    pub status: Option<&'a str>,
    /// Facility.
    pub facility: Option<i32>,
}

/// Changes an account that has not changed since `seen`; false where it has.
pub async fn update(
    work: &mut PgConnection,
    keyring: &Keyring,
    id: Uuid,
    change: &Change<'_>,
    seen: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let name = change.name.map(|name| keyring.seal(NAME, id.as_bytes(), name.as_bytes()));
    let done = sqlx::query(
        "UPDATE staff SET name = coalesce($2, name), profession = coalesce($3, profession),
                status = coalesce($4, status), facility = coalesce($5, facility), updated_at = $7
         WHERE id = $1 AND updated_at = $6",
    )
    .bind(id)
    .bind(name)
    .bind(change.profession)
    .bind(change.status)
    .bind(change.facility)
    .bind(seen)
    .bind(now)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives an account a password, and makes one that was invited active.
pub async fn set_password(
    work: &mut PgConnection,
    id: Uuid,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE staff SET password_hash = $2, updated_at = $3,
                status = CASE status WHEN 'invited' THEN 'active' ELSE status END
         WHERE id = $1",
    )
    .bind(id)
    .bind(hash)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// Replaces the hash of the same password by one with today's costs.
pub async fn rehash(work: &mut PgConnection, id: Uuid, old: &str, new: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE staff SET password_hash = $3 WHERE id = $1 AND password_hash = $2")
        .bind(id)
        .bind(old)
        .bind(new)
        .execute(work)
        .await?;
    Ok(())
}

/// The active administrators, held until the transaction ends, so that two of them cannot remove
/// each other at once.
pub async fn active_administrators(work: &mut PgConnection) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT id FROM staff WHERE role = 'administrator' AND status = 'active' ORDER BY id FOR UPDATE",
    )
    .fetch_all(work)
    .await?)
}

/// Removes an account and its sign-ins. What it did stays in the trail, by its id.
pub async fn remove(work: &mut PgConnection, id: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM staff WHERE id = $1").bind(id).execute(work).await?;
    Ok(done.rows_affected() == 1)
}
