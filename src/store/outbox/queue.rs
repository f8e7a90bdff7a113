//! Queueing: in the transaction of the cause, which names itself, so that it makes no second message.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::sealing::{place, seal};
use crate::care::Msisdn;
use crate::messages::{Kind, Lane, Medium};
use crate::privacy::{Keyring, PersonKey};

/// An SMS to be queued.
#[derive(Debug)]
pub struct NewMessage<'a> {
    /// Names the cause; the same cause makes no second message.
    pub cause: &'a str,
    /// What it is for.
    pub kind: Kind,
    /// Whose it is, where it is somebody's; it is sealed with her key then.
    pub owner: Option<&'a PersonKey>,
    /// To which number.
    pub to: Msisdn,
    /// The same, as its blind index.
    pub phone: [u8; 16],
    /// Language, ISO code.
    pub language: &'a str,
    /// Text, in its proper spelling.
    pub text: &'a str,
    /// How many SMS it takes.
    pub segments: usize,
    /// Now.
    pub now: DateTime<Utc>,
    /// It is of no use after this.
    pub expires_at: DateTime<Utc>,
}

impl NewMessage<'_> {
    fn stored_segments(&self) -> i16 {
        i16::try_from(self.segments.clamp(1, 255)).unwrap_or(255)
    }
}

/// Queues a message, unless its cause has queued one before; wakes who sends.
pub async fn enqueue(
    work: &mut PgConnection,
    keyring: &Keyring,
    message: &NewMessage<'_>,
) -> Result<(), sqlx::Error> {
    let sealed = |column, plain: &str| seal(message.owner, keyring, column, message.cause, plain);
    sqlx::query(
        "WITH queued AS (
             INSERT INTO outbox (cause, kind, priority, person, phone, language, recipient, body, segments,
                                 not_before, expires_at, created_at, changed_at, lane)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $10, $12)
             ON CONFLICT (cause) DO NOTHING RETURNING id
         )
         SELECT pg_notify('outbox', '') FROM queued",
    )
    .bind(message.cause)
    .bind(message.kind.name())
    .bind(message.kind.priority())
    .bind(message.owner.map(PersonKey::person))
    .bind(message.phone)
    .bind(message.language)
    .bind(sealed("recipient", &message.to.e164()))
    .bind(sealed("body", message.text))
    .bind(message.stored_segments())
    .bind(message.now)
    .bind(message.expires_at)
    .bind(Lane::of(message.to).0)
    .execute(work)
    .await?;
    Ok(())
}

/// A message that may go from a time on.
#[derive(Debug)]
pub struct Planned<'a> {
    /// The message.
    pub message: NewMessage<'a>,
    /// When it may go.
    pub not_before: DateTime<Utc>,
}

/// Queues planned messages, in one statement however many, those left out whose causes have queued
/// one before; gives how many were queued.
pub async fn enqueue_planned(
    work: &mut PgConnection,
    keyring: &Keyring,
    planned: &[Planned<'_>],
) -> Result<u64, sqlx::Error> {
    if planned.is_empty() {
        return Ok(0);
    }
    let mut recipients = Vec::with_capacity(planned.len());
    let mut bodies = Vec::with_capacity(planned.len());
    for Planned { message, .. } in planned {
        recipients.push(seal(message.owner, keyring, "recipient", message.cause, &message.to.e164()));
        bodies.push(seal(message.owner, keyring, "body", message.cause, message.text));
    }
    let each = || planned.iter().map(|planned| &planned.message);
    let queued = sqlx::query(
        "INSERT INTO outbox (cause, kind, priority, person, phone, language, recipient, body, segments,
                             not_before, expires_at, created_at, changed_at, lane)
         SELECT cause, kind, priority, person, phone, language, recipient, body, segments,
                not_before, expires_at, created_at, created_at, lane
         FROM unnest($1::text[], $2::text[], $3::smallint[], $4::uuid[], $5::bytea[], $6::text[], $7::bytea[],
                     $8::bytea[], $9::smallint[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[],
                     $13::smallint[])
              AS planned (cause, kind, priority, person, phone, language, recipient, body, segments,
                          not_before, expires_at, created_at, lane)
         ON CONFLICT (cause) DO NOTHING",
    )
    .bind(each().map(|message| message.cause).collect::<Vec<_>>())
    .bind(each().map(|message| message.kind.name()).collect::<Vec<_>>())
    .bind(each().map(|message| message.kind.priority()).collect::<Vec<_>>())
    .bind(each().map(|message| message.owner.map(PersonKey::person)).collect::<Vec<_>>())
    .bind(each().map(|message| message.phone.to_vec()).collect::<Vec<_>>())
    .bind(each().map(|message| message.language).collect::<Vec<_>>())
    .bind(recipients)
    .bind(bodies)
    .bind(each().map(NewMessage::stored_segments).collect::<Vec<_>>())
    .bind(planned.iter().map(|planned| planned.not_before).collect::<Vec<_>>())
    .bind(each().map(|message| message.expires_at).collect::<Vec<_>>())
    .bind(each().map(|message| message.now).collect::<Vec<_>>())
    .bind(each().map(|message| Lane::of(message.to).0).collect::<Vec<_>>())
    .execute(&mut *work)
    .await?;
    if queued.rows_affected() > 0 {
        sqlx::query("SELECT pg_notify('outbox', '')").execute(work).await?;
    }
    Ok(queued.rows_affected())
}

/// A PIN by e-mail, to be queued.
#[derive(Debug)]
pub struct NewPinMail<'a> {
    /// Names the cause; the same cause makes no second message.
    pub cause: &'a str,
    /// Whose PIN; it is sealed with her key.
    pub owner: &'a PersonKey,
    /// Address.
    pub address: &'a str,
    /// Subject, one line.
    pub subject: &'a str,
    /// Text.
    pub text: &'a str,
    /// Language, ISO code.
    pub language: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
    /// It is of no use after this.
    pub expires_at: DateTime<Utc>,
}

/// Queues a PIN by e-mail; the first line of its body is the subject.
pub async fn enqueue_pin_mail(work: &mut PgConnection, mail: &NewPinMail<'_>) -> Result<(), sqlx::Error> {
    let seal = |column, plain: &str| mail.owner.seal(place(column, mail.cause), plain.as_bytes());
    sqlx::query(
        "WITH queued AS (
             INSERT INTO outbox (cause, kind, medium, priority, person, language, recipient, body, segments,
                                 not_before, expires_at, created_at, changed_at, lane)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $9, $9, $11)
             ON CONFLICT (cause) DO NOTHING RETURNING id
         )
         SELECT pg_notify('outbox', '') FROM queued",
    )
    .bind(mail.cause)
    .bind(Kind::Pin.name())
    .bind(Medium::Email.name())
    .bind(Kind::Pin.priority())
    .bind(mail.owner.person())
    .bind(mail.language)
    .bind(seal("recipient", mail.address))
    .bind(seal("body", &format!("{}\n{}", mail.subject, mail.text)))
    .bind(mail.now)
    .bind(mail.expires_at)
    .bind(Lane::NONE.0)
    .execute(work)
    .await?;
    Ok(())
}
