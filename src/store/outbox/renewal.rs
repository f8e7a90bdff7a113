//! PINs whose message may or may not have left: another is made in their place.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::sealing::Sealed;
use super::{NewMessage, enqueue};
use crate::care::Msisdn;
use crate::privacy::{Keyring, PersonKey, Vault};
use crate::store::credentials;

/// How often in a row another PIN is made by itself; then she has to ask.
const MOST: u8 = 2;
/// PINs in one go.
const AT_ONCE: i64 = 20;

/// A PIN's message of which nobody knows whether it left, and whose PIN is still the one that counts.
#[derive(Debug, sqlx::FromRow)]
pub struct DoubtfulPin {
    /// Its row.
    pub id: i64,
    cause: String,
    /// Whose PIN.
    pub person: Uuid,
    phone: Vec<u8>,
    recipient: Vec<u8>,
    created_at: DateTime<Utc>,
    wrapped_key: Option<Vec<u8>>,
}

impl DoubtfulPin {
    /// The number that it was for.
    pub fn number(&self, vault: &Vault) -> Option<Msisdn> {
        let sealed = Sealed {
            cause: &self.cause,
            person: Some(self.person),
            wrapped_key: self.wrapped_key.as_deref(),
        };
        sealed.open(vault, "recipient", &self.recipient).ok()?.parse().ok()
    }

    /// The cause of the message that takes its place.
    fn next_cause(&self) -> String {
        let before = self.cause.strip_prefix("pin_anew/").and_then(|rest| rest.split('/').next());
        let nth = before.and_then(|nth| nth.parse::<u8>().ok()).unwrap_or(0).saturating_add(1);
        format!("pin_anew/{nth}/{}", self.id)
    }
}

/// PINs that have been doubtful since some time between the two, without another in their place.
pub async fn doubtful_pins(
    pool: &PgPool,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<DoubtfulPin>, sqlx::Error> {
    sqlx::query_as(
        "SELECT outbox.id, cause, outbox.person, phone, recipient, outbox.created_at, person.wrapped_key
         FROM outbox
         JOIN credential ON credential.person = outbox.person
         JOIN person ON person.id = outbox.person
         WHERE state = 'unknown' AND kind = 'pin' AND medium = 'sms' AND recipient IS NOT NULL
           AND outbox.changed_at BETWEEN $1 AND $2
           AND must_change AND credential.changed_at <= outbox.created_at
           AND substring(cause FROM '^pin_anew/([0-9]+)/')::integer IS DISTINCT FROM $3
         ORDER BY outbox.id LIMIT $4",
    )
    .bind(since)
    .bind(until)
    .bind(i32::from(MOST))
    .bind(AT_ONCE)
    .fetch_all(pool)
    .await
}

/// Another PIN for its owner.
#[derive(Debug)]
pub struct Renewal<'a> {
    /// In place of which.
    pub doubtful: &'a DoubtfulPin,
    /// Opens what is hers.
    pub owner: &'a PersonKey,
    /// The number.
    pub to: Msisdn,
    /// Hash of the new PIN.
    pub hash: &'a str,
    /// It is good for choosing her own until then.
    pub good_until: DateTime<Utc>,
    /// Language of the message.
    pub language: &'a str,
    /// The message that tells it.
    pub text: &'a str,
    /// How many SMS it takes.
    pub segments: usize,
    /// Now.
    pub now: DateTime<Utc>,
    /// The message is of no use after this.
    pub expires_at: DateTime<Utc>,
}

/// Makes the new PIN the one that counts and queues its message, in one transaction. False where a
/// receipt came, she chose her own, or another node was faster.
pub async fn renew(pool: &PgPool, keyring: &Keyring, renewal: &Renewal<'_>) -> Result<bool, sqlx::Error> {
    let mut work = pool.begin().await?;
    if !still_doubtful(&mut work, renewal.doubtful).await? {
        return Ok(false);
    }
    let Ok(phone) = <[u8; 16]>::try_from(renewal.doubtful.phone.as_slice()) else { return Ok(false) };
    let (person, now) = (renewal.doubtful.person, renewal.now);
    credentials::issue(&mut work, person, renewal.hash, renewal.good_until, now).await?;
    super::cancel_pins(&mut work, person, now).await?;
    let message = NewMessage {
        cause: &renewal.doubtful.next_cause(),
        kind: super::Kind::Pin,
        owner: Some(renewal.owner),
        to: renewal.to,
        phone,
        language: renewal.language,
        text: renewal.text,
        segments: renewal.segments,
        now,
        expires_at: renewal.expires_at,
    };
    enqueue(&mut work, keyring, &message).await?;
    sqlx::query(
        "INSERT INTO access_log (at, person, actor_kind, act, what, channel)
         VALUES ($1, $2, 'system', 'change', 'pin', 'sms')",
    )
    .bind(now)
    .bind(person)
    .execute(&mut *work)
    .await?;
    work.commit().await?;
    Ok(true)
}

/// Locks both rows; the credential first, as who signs in does. A PIN that was stopped is not made anew, nor
/// is one for a number that no longer leads to her.
async fn still_doubtful(work: &mut PgConnection, doubtful: &DoubtfulPin) -> Result<bool, sqlx::Error> {
    let current: Option<i32> = sqlx::query_scalar(
        "SELECT 1 FROM credential WHERE person = $1 AND must_change AND changed_at <= $2
           AND NOT EXISTS (SELECT FROM pin_guard WHERE pin_guard.person = $1 AND stopped_at IS NOT NULL)
           AND EXISTS (SELECT FROM person_phone WHERE person_phone.person = $1 AND phone = $3)
         FOR NO KEY UPDATE",
    )
    .bind(doubtful.person)
    .bind(doubtful.created_at)
    .bind(&doubtful.phone)
    .fetch_optional(&mut *work)
    .await?;
    if current.is_none() {
        return Ok(false);
    }
    let unknown: Option<i32> =
        sqlx::query_scalar("SELECT 1 FROM outbox WHERE id = $1 AND state = 'unknown' FOR UPDATE SKIP LOCKED")
            .bind(doubtful.id)
            .fetch_optional(work)
            .await?;
    Ok(unknown.is_some())
}
