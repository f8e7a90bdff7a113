//! A PIN on its way to its owner, by SMS or by e-mail: at her own wish or through staff. There is never
//! more than one live PIN of a person: the one before stops counting, and its message is taken back, in
//! the same transaction. What changed lately holds it back (`identity/guard.rs`), and her other numbers are
//! told that it was sent.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;
use super::guard::{self, Warning};
use super::outbox::{self, Kind, NewMessage, NewPinMail};
use super::{access, counters, credentials, trail};
use crate::care::Msisdn;
use crate::identity::{GuardTimes, Held};
use crate::privacy::{Keyring, PersonKey};

/// How long a PIN that was sent can be used to choose one's own.
pub const GOOD_FOR: TimeDelta = TimeDelta::hours(24);
/// An SMS with a PIN that has not left by then stays.
pub const SMS_LASTS: TimeDelta = TimeDelta::minutes(10);
/// An e-mail takes longer.
pub const MAIL_LASTS: TimeDelta = TimeDelta::hours(1);
/// Her other numbers are told of it for so long.
const WARNING_LASTS: TimeDelta = TimeDelta::days(1);
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
    /// She herself, at a door: a lock stays for a while.
    Herself {
        /// Channel.
        channel: &'a str,
        /// Key of the session.
        session: [u8; 16],
    },
    /// Staff of hers: a lock is lifted at once.
    Staff {
        /// Who.
        id: Uuid,
        /// `administrator`, `professional`, …
        role: &'a str,
        /// Where.
        facility: Option<i32>,
        /// Said where she is before them and a change that holds her PIN back is to be passed over: why.
        in_person: Option<&'a str>,
    },
}

/// A text, and how many SMS it takes.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// Text.
    pub text: &'a str,
    /// Segments.
    pub segments: usize,
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
    pub words: Words<'a>,
    /// What her other numbers are told.
    pub elsewhere: Words<'a>,
    /// Language, ISO code.
    pub language: &'a str,
    /// How long changes hold a PIN back, and a new one leaves a lock.
    pub times: GuardTimes,
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
    /// Something holds it back; nothing was changed.
    Held(Held),
}

/// Makes a PIN the one that counts and queues the message that tells it. For herself, her number must be held.
pub async fn deliver(
    work: &mut PgConnection,
    keyring: &Keyring,
    delivery: &Delivery<'_>,
) -> Result<Delivered, StoreError> {
    let (person, now) = (delivery.owner.person(), delivery.now);
    let in_person = match delivery.by {
        AskedBy::Herself { .. } => None,
        AskedBy::Staff { in_person, .. } => {
            // Numbers before people, as where she asks herself.
            counters::hold_numbers(work, person).await?;
            in_person
        }
    };
    // Two who ask at once come one after the other.
    sqlx::query("SELECT FROM person WHERE id = $1 FOR NO KEY UPDATE")
        .bind(person)
        .execute(&mut *work)
        .await?;
    let phone = match delivery.way {
        Way::Sms(to) => Some(keyring.phone_index(to)),
        Way::Email { .. } => None,
    };
    let changes = guard::changes(work, person, phone.as_ref()).await?;
    match (delivery.times.held(&changes, now), in_person) {
        (Some(held), None) => return Ok(Delivered::Held(held)),
        (_, Some(_)) => guard::lift(work, person).await?,
        (None, None) => {}
    }
    if let Some(until) = too_many(work, person, now).await? {
        return Ok(Delivered::TooMany(until));
    }
    match (delivery.by, &phone) {
        (AskedBy::Herself { .. }, Some(phone)) => {
            counters::renew(work, phone, person, delivery.times.unlock_after, now).await?;
        }
        (AskedBy::Herself { .. }, None) => {}
        (AskedBy::Staff { .. }, _) => counters::unlock(work, person).await?,
    }
    credentials::issue(work, person, delivery.hash, now + GOOD_FOR, now).await?;
    outbox::cancel_pins(work, person, now).await?;
    queue(work, keyring, delivery).await?;
    let warning = Warning {
        cause: &format!("{}/told", delivery.cause),
        owner: delivery.owner,
        language: delivery.language,
        text: delivery.elsewhere.text,
        segments: delivery.elsewhere.segments,
        since: delivery.times.since(now),
        now,
        expires_at: now + WARNING_LASTS,
    };
    guard::tell(work, keyring, &warning, phone.as_ref()).await?;
    note(work, keyring, delivery).await?;
    Ok(Delivered::Sent)
}

async fn queue(
    work: &mut PgConnection,
    keyring: &Keyring,
    delivery: &Delivery<'_>,
) -> Result<(), sqlx::Error> {
    let now = delivery.now;
    match delivery.way {
        Way::Sms(to) => {
            let message = NewMessage {
                cause: delivery.cause,
                kind: Kind::Pin,
                owner: Some(delivery.owner),
                to,
                phone: keyring.phone_index(to),
                language: delivery.language,
                text: delivery.words.text,
                segments: delivery.words.segments,
                now,
                expires_at: now + SMS_LASTS,
            };
            outbox::enqueue(work, keyring, &message).await
        }
        Way::Email { address, subject } => {
            let mail = NewPinMail {
                cause: delivery.cause,
                owner: delivery.owner,
                address,
                subject,
                text: delivery.words.text,
                language: delivery.language,
                now,
                expires_at: now + MAIL_LASTS,
            };
            outbox::enqueue_pin_mail(work, &mail).await
        }
    }
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

/// Who had a PIN sent stands in the audit trail; that something was passed over, with the reason, which she
/// reads on her phone.
async fn note(
    work: &mut PgConnection,
    keyring: &Keyring,
    delivery: &Delivery<'_>,
) -> Result<(), sqlx::Error> {
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
        AskedBy::Staff { id, role, facility, in_person } => {
            let act = if in_person.is_some() { "grant" } else { "change" };
            let reason = in_person
                .map(|reason| keyring.seal_for_good(trail::REASON, person.as_bytes(), reason.as_bytes()));
            sqlx::query(
                "INSERT INTO access_log (at, person, actor_kind, actor, actor_role, facility, act, what, channel, reason)
                 VALUES ($1, $2, 'staff', $3, $4, $5, $6, 'pin', 'staff', $7)",
            )
            .bind(delivery.now)
            .bind(person)
            .bind(id)
            .bind(role)
            .bind(facility)
            .bind(act)
            .bind(reason)
            .execute(work)
            .await?;
            Ok(())
        }
    }
}
