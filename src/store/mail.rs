//! E-mails to staff, queued in the outbox with their cause as SMS are. The first line of the body is
//! the subject.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::error::StoreError;
use crate::privacy::Keyring;

/// An e-mail to be queued.
#[derive(Debug)]
pub struct NewMail<'a> {
    /// Names the cause; the same cause makes no second mail.
    pub cause: &'a str,
    /// Address.
    pub to: &'a str,
    /// Subject, one line.
    pub subject: &'a str,
    /// Text.
    pub text: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
    /// It is of no use after this.
    pub expires_at: DateTime<Utc>,
}

/// Queues a mail, sealed with the service's key, unless its cause has queued one before; wakes who
/// sends.
pub async fn enqueue(
    work: &mut PgConnection,
    keyring: &Keyring,
    mail: &NewMail<'_>,
) -> Result<(), StoreError> {
    let seal = |column: &str, plain: &str| {
        let bound = [column.as_bytes(), &[0], mail.cause.as_bytes()].concat();
        keyring.seal("outbox", &bound, plain.as_bytes())
    };
    sqlx::query(
        "WITH queued AS (
             INSERT INTO outbox (cause, kind, medium, priority, language, recipient, body, segments,
                                 not_before, expires_at, created_at, changed_at)
             VALUES ($1, 'mail', 'email', 1, 'en', $2, $3, 1, $4, $5, $4, $4)
             ON CONFLICT (cause) DO NOTHING RETURNING id
         )
         SELECT pg_notify('outbox', id::text) FROM queued",
    )
    .bind(mail.cause)
    .bind(seal("recipient", mail.to))
    .bind(seal("body", &format!("{}\n{}", mail.subject, mail.text)))
    .bind(mail.now)
    .bind(mail.expires_at)
    .execute(work)
    .await?;
    Ok(())
}
