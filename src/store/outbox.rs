//! The outbox: a message is a row, written with its cause in one transaction. The same cause never
//! makes two.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use crate::care::Msisdn;
use crate::privacy::{Keyring, PersonKey, Place, Row, Vault, VaultError};

/// What a message is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A PIN: before everything else.
    Pin,
    /// A warning about her PIN.
    Warning,
    /// Something that she asked for.
    Answer,
    /// The one answer to STOP or START; it goes also to a number that is stopped.
    Confirmation,
    /// What was planned.
    Reminder,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Warning => "warning",
            Self::Answer => "answer",
            Self::Confirmation => "confirmation",
            Self::Reminder => "reminder",
        }
    }

    const fn priority(self) -> i16 {
        match self {
            Self::Pin => 0,
            Self::Warning => 1,
            Self::Answer => 2,
            Self::Confirmation => 3,
            Self::Reminder => 5,
        }
    }
}

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

const PURPOSE: &str = "outbox";

fn place<'a>(column: &'static str, cause: &'a str) -> Place<'a> {
    Place { table: "outbox", column, row: Row::Name(cause) }
}

fn bound(column: &str, cause: &str) -> Vec<u8> {
    [column.as_bytes(), &[0], cause.as_bytes()].concat()
}

fn seal(
    owner: Option<&PersonKey>,
    keyring: &Keyring,
    column: &'static str,
    cause: &str,
    plain: &str,
) -> Vec<u8> {
    match owner {
        Some(key) => key.seal(place(column, cause), plain.as_bytes()),
        None => keyring.seal(PURPOSE, &bound(column, cause), plain.as_bytes()),
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
                                 not_before, expires_at, created_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10, $10)
             ON CONFLICT (cause) DO NOTHING RETURNING id
         )
         SELECT pg_notify('outbox', id::text) FROM queued",
    )
    .bind(message.cause)
    .bind(message.kind.name())
    .bind(message.kind.priority())
    .bind(message.owner.map(PersonKey::person))
    .bind(message.phone)
    .bind(message.language)
    .bind(sealed("recipient", &message.to.e164()))
    .bind(sealed("body", message.text))
    .bind(i16::try_from(message.segments.clamp(1, 255)).unwrap_or(255))
    .bind(message.now)
    .bind(message.expires_at)
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

/// Queues planned messages, in one statement however many, unless their causes have queued some
/// before.
pub async fn enqueue_planned(
    work: &mut PgConnection,
    keyring: &Keyring,
    planned: &[Planned<'_>],
) -> Result<(), sqlx::Error> {
    if planned.is_empty() {
        return Ok(());
    }
    let mut recipients = Vec::with_capacity(planned.len());
    let mut bodies = Vec::with_capacity(planned.len());
    for Planned { message, .. } in planned {
        recipients.push(seal(message.owner, keyring, "recipient", message.cause, &message.to.e164()));
        bodies.push(seal(message.owner, keyring, "body", message.cause, message.text));
    }
    let each = || planned.iter().map(|planned| &planned.message);
    sqlx::query(
        "INSERT INTO outbox (cause, kind, priority, person, phone, language, recipient, body, segments,
                             not_before, expires_at, created_at, changed_at)
         SELECT cause, kind, priority, person, phone, language, recipient, body, segments,
                not_before, expires_at, created_at, created_at
         FROM unnest($1::text[], $2::text[], $3::smallint[], $4::uuid[], $5::bytea[], $6::text[], $7::bytea[],
                     $8::bytea[], $9::smallint[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[])
              AS planned (cause, kind, priority, person, phone, language, recipient, body, segments,
                          not_before, expires_at, created_at)
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
    .bind(
        each()
            .map(|message| i16::try_from(message.segments.clamp(1, 255)).unwrap_or(255))
            .collect::<Vec<_>>(),
    )
    .bind(planned.iter().map(|planned| planned.not_before).collect::<Vec<_>>())
    .bind(each().map(|message| message.expires_at).collect::<Vec<_>>())
    .bind(each().map(|message| message.now).collect::<Vec<_>>())
    .execute(&mut *work)
    .await?;
    sqlx::query("SELECT pg_notify('outbox', '')").execute(work).await?;
    Ok(())
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
        "INSERT INTO outbox (cause, kind, medium, priority, person, language, recipient, body, segments,
                             not_before, expires_at, created_at, changed_at)
         VALUES ($1, $2, 'email', $3, $4, $5, $6, $7, 1, $8, $9, $8, $8)
         ON CONFLICT (cause) DO NOTHING",
    )
    .bind(mail.cause)
    .bind(Kind::Pin.name())
    .bind(Kind::Pin.priority())
    .bind(mail.owner.person())
    .bind(mail.language)
    .bind(seal("recipient", mail.address))
    .bind(seal("body", &format!("{}\n{}", mail.subject, mail.text)))
    .bind(mail.now)
    .bind(mail.expires_at)
    .execute(&mut *work)
    .await?;
    sqlx::query("SELECT pg_notify('outbox', '')").execute(work).await?;
    Ok(())
}

/// Cancels the PINs of a person that have not left yet: another one counts now.
pub async fn cancel_pins(
    work: &mut PgConnection,
    person: Uuid,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE outbox SET state = 'cancelled', body = NULL, changed_at = $2
         WHERE person = $1 AND kind = 'pin' AND state = 'queued'",
    )
    .bind(person)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// Cancels what is queued for a number, but a PIN that was asked for.
pub async fn cancel_all_but_pins(
    work: &mut PgConnection,
    phone: &[u8; 16],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE outbox SET state = 'cancelled', body = NULL, changed_at = $2
         WHERE phone = $1 AND kind <> 'pin' AND state = 'queued'",
    )
    .bind(phone)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}

/// A queued message, opened for who sends it.
#[derive(Clone, Eq, PartialEq)]
pub struct Queued {
    /// Its row.
    pub id: i64,
    /// What it is for: `pin`, `answer`, …
    pub kind: String,
    /// Where it goes, in E.164.
    pub to: String,
    /// Text.
    pub text: String,
}

impl std::fmt::Debug for Queued {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Queued({}, {}, …)", self.id, self.kind)
    }
}

#[derive(sqlx::FromRow)]
struct QueuedRow {
    id: i64,
    cause: String,
    kind: String,
    person: Option<Uuid>,
    wrapped_key: Option<Vec<u8>>,
    recipient: Vec<u8>,
    body: Vec<u8>,
}

/// What is queued and may go, in the order in which it should, after the row `after`.
pub async fn queued(
    work: &mut PgConnection,
    vault: &Vault,
    after: i64,
    now: DateTime<Utc>,
    most: u8,
) -> Result<Vec<Queued>, StoreError> {
    let rows: Vec<QueuedRow> = sqlx::query_as(
        "SELECT outbox.id, cause, kind, person, wrapped_key, recipient, body
         FROM outbox LEFT JOIN person ON person.id = outbox.person
         WHERE state = 'queued' AND outbox.id > $1 AND not_before <= $2 AND expires_at > $2
         ORDER BY priority, not_before, outbox.id LIMIT $3",
    )
    .bind(after)
    .bind(now)
    .bind(i64::from(most))
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(vault)).collect()
}

impl QueuedRow {
    fn open(self, vault: &Vault) -> Result<Queued, StoreError> {
        let (to, text) = match self.person {
            Some(person) => {
                let wrapped = self.wrapped_key.as_deref().ok_or(VaultError::Key(person))?;
                let key = vault.unwrap(person, wrapped)?;
                (
                    key.open(place("recipient", &self.cause), &self.recipient)?.to_vec(),
                    key.open(place("body", &self.cause), &self.body)?.to_vec(),
                )
            }
            None => (
                self.of_service(vault.keyring(), "recipient", &self.recipient)?,
                self.of_service(vault.keyring(), "body", &self.body)?,
            ),
        };
        let text_of = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
        Ok(Queued { id: self.id, kind: self.kind, to: text_of(to), text: text_of(text) })
    }

    fn of_service(
        &self,
        keyring: &Keyring,
        column: &'static str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        keyring.open(PURPOSE, &bound(column, &self.cause), sealed).ok_or_else(|| VaultError::Service {
            table: "outbox",
            column,
            row: self.cause.clone(),
        })
    }
}

/// Notes that a provider has taken a message, and wipes its text.
pub async fn handed_over(
    work: &mut PgConnection,
    id: i64,
    provider: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE outbox SET state = 'sent', body = NULL, provider = $2, attempts = attempts + 1, changed_at = $3
         WHERE id = $1 AND state = 'queued'",
    )
    .bind(id)
    .bind(provider)
    .bind(now)
    .execute(work)
    .await?;
    Ok(())
}
