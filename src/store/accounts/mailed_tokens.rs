//! Tokens that go out by e-mail: to verify an address, to set a new password, to accept an invitation.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::identity::Handle;
use crate::privacy::Keyring;
use crate::store::StoreError;

/// What a token is good for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MailedPurpose {
    /// Shows that the address is hers.
    VerifyEmail,
    /// Sets a new password.
    ResetPassword,
    /// Sets the first password.
    Invitation,
}

impl MailedPurpose {
    const fn word(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::Invitation => "invitation",
        }
    }

    /// How long it serves.
    pub const fn lifetime(self) -> TimeDelta {
        match self {
            Self::ResetPassword => TimeDelta::minutes(30),
            Self::VerifyEmail => TimeDelta::days(2),
            Self::Invitation => TimeDelta::days(7),
        }
    }
}

/// Makes a token for an account; those for the same purpose before it no longer count.
pub async fn issue(
    work: &mut PgConnection,
    keyring: &Keyring,
    purpose: MailedPurpose,
    staff: Uuid,
    now: DateTime<Utc>,
) -> Result<Handle, StoreError> {
    withdraw(work, purpose, staff, now).await?;
    let handle = Handle::new(Uuid::from_bytes(keyring.random()), keyring.random());
    sqlx::query(
        "INSERT INTO mailed_token (id, digest, purpose, staff, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(handle.id)
    .bind(handle.digest(keyring))
    .bind(purpose.word())
    .bind(staff)
    .bind(now)
    .bind(now + purpose.lifetime())
    .execute(work)
    .await?;
    Ok(handle)
}

/// Tokens of an account for that purpose no longer count.
pub async fn withdraw(
    work: &mut PgConnection,
    purpose: MailedPurpose,
    staff: Uuid,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE mailed_token SET used_at = $3 WHERE staff = $1 AND purpose = $2 AND used_at IS NULL")
        .bind(staff)
        .bind(purpose.word())
        .bind(now)
        .execute(work)
        .await?;
    Ok(())
}

/// Uses a token up; whose account it is for, where it is good.
pub async fn take(
    work: &mut PgConnection,
    keyring: &Keyring,
    purpose: MailedPurpose,
    handle: &Handle,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, StoreError> {
    Ok(sqlx::query_scalar(
        "UPDATE mailed_token SET used_at = $4
         WHERE id = $1 AND digest = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $4
         RETURNING staff",
    )
    .bind(handle.id)
    .bind(handle.digest(keyring))
    .bind(purpose.word())
    .bind(now)
    .fetch_optional(work)
    .await?)
}
