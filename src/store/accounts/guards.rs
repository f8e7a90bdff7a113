//! What guards an account beside its password: the counter of tries, the verified address, one-time
//! codes.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::identity::{Admission, TotpCode, TotpSecret, Tries, TryLimits};
use crate::privacy::Keyring;
use crate::store::StoreError;

const TOTP: &str = "staff.totp";

/// The guard of an account.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Tries since the last right password.
    pub tries: Tries,
    /// When the address was shown to be hers.
    pub verified_at: Option<DateTime<Utc>>,
    /// The secret of her app.
    pub totp: Option<TotpSecret>,
    /// Whether a code is asked for.
    pub totp_on: bool,
    /// Step of the last code taken.
    pub totp_step: Option<i64>,
    /// Last sign-in.
    pub signed_in_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Row {
    attempts: Vec<i64>,
    locks: i16,
    locked_until: Option<DateTime<Utc>>,
    verified_at: Option<DateTime<Utc>>,
    totp_secret: Option<Vec<u8>>,
    totp_on: bool,
    totp_step: Option<i64>,
    signed_in_at: Option<DateTime<Utc>>,
}

/// The guard of an account, held until the transaction ends.
pub async fn hold(work: &mut PgConnection, keyring: &Keyring, staff: Uuid) -> Result<Guard, StoreError> {
    sqlx::query("INSERT INTO staff_guard (staff) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(staff)
        .execute(&mut *work)
        .await?;
    let row: Row = sqlx::query_as(
        "SELECT attempts, locks, locked_until, verified_at, totp_secret, totp_since IS NOT NULL AS totp_on,
                totp_step, signed_in_at
         FROM staff_guard WHERE staff = $1 FOR NO KEY UPDATE",
    )
    .bind(staff)
    .fetch_one(work)
    .await?;
    let totp = row
        .totp_secret
        .and_then(|sealed| keyring.open(TOTP, staff.as_bytes(), &sealed))
        .and_then(|octets| TotpSecret::of_stored(&octets));
    Ok(Guard {
        tries: Tries { attempts: row.attempts, locks: row.locks, locked_until: row.locked_until },
        verified_at: row.verified_at,
        totp,
        totp_on: row.totp_on,
        totp_step: row.totp_step,
        signed_in_at: row.signed_in_at,
    })
}

/// Counts a try before its password is checked, so that many at once cannot slip through.
pub async fn reserve(
    work: &mut PgConnection,
    staff: Uuid,
    guard: &mut Guard,
    attempt: i64,
    now: DateTime<Utc>,
    limits: &TryLimits,
) -> Result<Admission, StoreError> {
    let admission = guard.tries.admit(attempt, now, limits);
    save_tries(work, staff, &guard.tries).await?;
    Ok(admission)
}

/// Takes back a try that was counted but never checked.
pub async fn withdraw(
    work: &mut PgConnection,
    staff: Uuid,
    guard: &mut Guard,
    attempt: i64,
    limits: &TryLimits,
) -> Result<(), StoreError> {
    guard.tries.withdraw(attempt, limits);
    save_tries(work, staff, &guard.tries).await
}

async fn save_tries(work: &mut PgConnection, staff: Uuid, tries: &Tries) -> Result<(), StoreError> {
    sqlx::query("UPDATE staff_guard SET attempts = $2, locks = $3, locked_until = $4 WHERE staff = $1")
        .bind(staff)
        .bind(&tries.attempts)
        .bind(tries.locks)
        .bind(tries.locked_until)
        .execute(work)
        .await?;
    Ok(())
}

/// Forgets the tries of an account: its password was right, or a new one was set.
pub async fn clear_tries(work: &mut PgConnection, staff: Uuid) -> Result<(), StoreError> {
    sqlx::query("UPDATE staff_guard SET attempts = '{}', locks = 0, locked_until = NULL WHERE staff = $1")
        .bind(staff)
        .execute(work)
        .await?;
    Ok(())
}

/// Notes a sign-in, and forgets the tries before it.
pub async fn signed_in(work: &mut PgConnection, staff: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE staff_guard SET attempts = '{}', locks = 0, locked_until = NULL, signed_in_at = $2 WHERE staff = $1",
    )
    .bind(staff)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// Takes a one-time code; false where one of that step or later was taken meanwhile.
pub async fn take_code(work: &mut PgConnection, staff: Uuid, code: TotpCode) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE staff_guard SET totp_step = $2 WHERE staff = $1 AND (totp_step IS NULL OR totp_step < $2)",
    )
    .bind(staff)
    .bind(code.step)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores the secret of an app: waiting to be confirmed, or in force from `since`.
pub async fn set_totp(
    work: &mut PgConnection,
    keyring: &Keyring,
    staff: Uuid,
    secret: &TotpSecret,
    since: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE staff_guard SET totp_secret = $2, totp_since = $3 WHERE staff = $1")
        .bind(staff)
        .bind(keyring.seal(TOTP, staff.as_bytes(), secret.octets()))
        .bind(since)
        .execute(work)
        .await?;
    Ok(())
}

/// No code is asked for any more.
pub async fn withdraw_totp(work: &mut PgConnection, staff: Uuid) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE staff_guard SET totp_secret = NULL, totp_since = NULL, totp_step = NULL WHERE staff = $1",
    )
    .bind(staff)
    .execute(work)
    .await?;
    Ok(())
}

/// The address was shown to be hers.
pub async fn verified(work: &mut PgConnection, staff: Uuid, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO staff_guard (staff, verified_at) VALUES ($1, $2)
         ON CONFLICT (staff) DO UPDATE SET verified_at = coalesce(staff_guard.verified_at, excluded.verified_at)",
    )
    .bind(staff)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}
