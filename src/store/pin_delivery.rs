//! A PIN on its way to its owner, by SMS or by e-mail: at her own wish or through staff. There is never
//! more than one live PIN of a person: the one before stops counting, and its message is taken back, in
//! the same transaction.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::outbox::{self, Kind, NewMessage, NewPinMail};
use super::{access, credentials};
use crate::care::Msisdn;
use crate::privacy::{Keyring, PersonKey};

/// How long a PIN that was sent can be used to choose one's own.
pub const GOOD_FOR: TimeDelta = TimeDelta::hours(24);
/// An SMS with a PIN that has not left by then stays.
pub const SMS_LASTS: TimeDelta = TimeDelta::minutes(10);
/// An e-mail takes longer.
pub const MAIL_LASTS: TimeDelta = TimeDelta::hours(1);
/// Most PINs that are sent to one person within a day, whoever asks.
pub const MOST_A_DAY: i64 = 5;

/// Which way a PIN goes.
#[derive(Clone, Copy, Debug)]
pub enum Way<'a> {
    /// To a number of hers.
    Sms(Msisdn),
    /// To her mailbox.
    Email {
        /// Address.
        address: &'a str,
        /// Subject, one line; it says nothing of a PIN's digits.
        subject: &'a str,
    },
}

/// Who asked for it.
#[derive(Clone, Copy, Debug)]
pub enum AskedBy<'a> {
    /// She herself, at a door.
    Herself {
        /// Channel.
        channel: &'a str,
        /// Key of the session.
        session: [u8; 16],
    },
    /// Staff who have her before them.
    Staff {
        /// Who.
        id: Uuid,
        /// `administrator`, `professional`, …
        role: &'a str,
        /// Where.
        facility: Option<i32>,
    },
}

/// A PIN to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// Names the cause; the same cause sends nothing twice.
    pub cause: &'a str,
    /// Whose it is.
    pub owner: &'a PersonKey,
    /// PHC string of the PIN.
    pub hash: &'a str,
    /// The way.
    pub way: Way<'a>,
    /// Who asked.
    pub by: AskedBy<'a>,
    /// The message that tells it, which must hold nothing of her record.
    pub text: &'a str,
    /// How many SMS it takes.
    pub segments: usize,
    /// Language, ISO code.
    pub language: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivered {
    /// It is on its way, and the only PIN that counts.
    Sent,
    /// She was sent too many; nothing was changed. Not before then.
    TooMany(DateTime<Utc>),
}

/// Makes a PIN the one that counts and queues the message that tells it.
pub async fn deliver(
    work: &mut PgConnection,
    keyring: &Keyring,
    delivery: &Delivery<'_>,
) -> Result<Delivered, sqlx::Error> {
    let (person, now) = (delivery.owner.person(), delivery.now);
    // Two who ask at once come one after the other.
    sqlx::query("SELECT FROM person WHERE id = $1 FOR NO KEY UPDATE")
        .bind(person)
        .execute(&mut *work)
        .await?;
    if let Some(until) = too_many(work, person, now).await? {
        return Ok(Delivered::TooMany(until));
    }
    credentials::issue(work, person, delivery.hash, now + GOOD_FOR, now).await?;
    outbox::cancel_pins(work, person, now).await?;
    match delivery.way {
        Way::Sms(to) => {
            let message = NewMessage {
                cause: delivery.cause,
                kind: Kind::Pin,
                owner: Some(delivery.owner),
                to,
                phone: keyring.phone_index(to),
                language: delivery.language,
                text: delivery.text,
                segments: delivery.segments,
                now,
                expires_at: now + SMS_LASTS,
            };
            outbox::enqueue(work, keyring, &message).await?;
        }
        Way::Email { address, subject } => {
            let mail = NewPinMail {
                cause: delivery.cause,
                owner: delivery.owner,
                address,
                subject,
                text: delivery.text,
                language: delivery.language,
                now,
                expires_at: now + MAIL_LASTS,
            };
            outbox::enqueue_pin_mail(work, &mail).await?;
        }
    }
    note(work, delivery).await?;
    Ok(Delivered::Sent)
}

/// When the next PIN may be sent, if that is not now.
async fn too_many(
    work: &mut PgConnection,
    person: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let blocking: Option<DateTime<Utc>> = sqlx::query_scalar(
        "SELECT created_at FROM outbox WHERE person = $1 AND kind = 'pin' AND created_at > $2
         ORDER BY created_at DESC OFFSET $3 LIMIT 1",
    )
    .bind(person)
    .bind(now - TimeDelta::days(1))
    .bind(MOST_A_DAY - 1)
    .fetch_optional(work)
    .await?;
    Ok(blocking.map(|at| at + TimeDelta::days(1)))
}

/// Who had a PIN sent stands in the audit trail.
async fn note(work: &mut PgConnection, delivery: &Delivery<'_>) -> Result<(), sqlx::Error> {
    let person = delivery.owner.person();
    match delivery.by {
        AskedBy::Herself { channel, session } => {
            let line = access::OwnAccess {
                person,
                act: access::Act::Change,
                what: "pin",
                channel,
                session,
                at: delivery.now,
            };
            access::record(work, &[line]).await
        }
        AskedBy::Staff { id, role, facility } => {
            sqlx::query(
                "INSERT INTO access_log (at, person, actor_kind, actor, actor_role, facility, act, what, channel)
                 VALUES ($1, $2, 'staff', $3, $4, $5, 'change', 'pin', 'staff')",
            )
            .bind(delivery.now)
            .bind(person)
            .bind(id)
            .bind(role)
            .bind(facility)
            .execute(work)
            .await?;
            Ok(())
        }
    }
}
