//! Claiming: a worker takes what it can send at once, and that it has it is committed before a
//! provider hears of it.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::sealing::Sealed;
use crate::messages::{Kind, Lane, Medium};
use crate::privacy::Vault;

/// How much more than asked is looked at, so that workers that claim at once find enough each.
const LOOKED_AT: i64 = 3;

/// Advisory locks of this class stand for numbers whose messages of a day are being counted.
const COUNTING: i32 = 0x6d63_6f75;

/// What a worker wants.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who.
    pub owner: Uuid,
    /// Now.
    pub now: DateTime<Utc>,
    /// Until when nobody else asks what became of it.
    pub lease_until: DateTime<Utc>,
    /// The same of a PIN, for which somebody waits with the phone in her hand.
    pub pin_lease_until: DateTime<Utc>,
    /// Which messages: medium, lane and priority.
    pub share: &'a [(Medium, Lane, i16)],
    /// At most so many.
    pub most: usize,
    /// Most planned messages to one person a day; 0: no bound.
    pub daily_limit: u16,
    /// When the day began.
    pub day_began: DateTime<Utc>,
    /// Where what is over the limit goes.
    pub next_morning: DateTime<Utc>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Claims {
    /// The messages that are now the worker's.
    pub messages: Vec<Claimed>,
    /// How many rows were taken up; fewer than asked: the queue holds no more.
    pub looked: usize,
}

/// A message that a worker has.
#[derive(Debug, sqlx::FromRow)]
pub struct Claimed {
    /// Its row.
    pub id: i64,
    /// Its cause.
    pub cause: String,
    kind: String,
    medium: String,
    lane: i16,
    /// Attempts that failed.
    pub attempts: i16,
    /// Attempts of which nobody knows.
    pub doubts: i16,
    /// It is of no use after this.
    pub expires_at: DateTime<Utc>,
    /// Until when it is the worker's; with its row, the name of this claim.
    pub lease_until: DateTime<Utc>,
    /// Language, ISO code.
    pub language: String,
    person: Option<Uuid>,
    wrapped_key: Option<Vec<u8>>,
    recipient: Vec<u8>,
    body: Vec<u8>,
}

/// Recipient and text of a message.
#[derive(Clone, Eq, PartialEq)]
pub struct Opened {
    /// E.164, or an address of e-mail.
    pub to: String,
    /// The text in its proper spelling; of a mail, the subject is its first line.
    pub text: String,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Opened(…)")
    }
}

impl Claimed {
    /// What it is for; `None` for a kind of another version of this program.
    pub fn kind(&self) -> Option<Kind> {
        Kind::of_name(&self.kind)
    }

    /// The way that it takes.
    pub fn medium(&self) -> Medium {
        if self.medium == Medium::Email.name() { Medium::Email } else { Medium::Sms }
    }

    /// Its range.
    pub const fn lane(&self) -> Lane {
        Lane(self.lane)
    }

    /// Opens it; the reason where it does not open.
    pub fn open(&self, vault: &Vault) -> Result<Opened, crate::privacy::VaultError> {
        let sealed =
            Sealed { cause: &self.cause, person: self.person, wrapped_key: self.wrapped_key.as_deref() };
        Ok(Opened {
            to: sealed.open(vault, "recipient", &self.recipient)?,
            text: sealed.open(vault, "body", &self.body)?,
        })
    }
}

/// Takes what waits, the most urgent first, and commits that it has it. On the way, what is too late
/// expires, what its number no longer wants is cancelled, and what is too much for a day is put off.
pub async fn claim(pool: &PgPool, claim: &Claim<'_>) -> Result<Claims, sqlx::Error> {
    if claim.share.is_empty() || claim.most == 0 {
        return Ok(Claims::default());
    }
    let mut work = pool.begin().await?;
    let held = hold(&mut work, claim).await?;
    let looked = held.len();
    let ids = countable(&mut work, claim, held).await?;
    let messages = if ids.is_empty() { Vec::new() } else { take(&mut work, claim, &ids).await? };
    work.commit().await?;
    Ok(Claims { messages, looked })
}

#[derive(sqlx::FromRow)]
struct Held {
    id: i64,
    phone: Option<Vec<u8>>,
    planned: bool,
}

/// Locks rows that wait. Each part of the share is one probe of the index, so that what one lane has
/// gathered does not stand in the way of another.
async fn hold(work: &mut PgConnection, claim: &Claim<'_>) -> Result<Vec<Held>, sqlx::Error> {
    let most = i64::try_from(claim.most).unwrap_or(i64::MAX);
    sqlx::query_as(
        "WITH waiting AS MATERIALIZED (
             SELECT found.id, share.priority, found.not_before
             FROM unnest($1::text[], $2::smallint[], $3::smallint[]) AS share (medium, lane, priority)
             CROSS JOIN LATERAL (
                 SELECT id, not_before FROM outbox
                 WHERE state = 'queued' AND medium = share.medium AND lane = share.lane
                   AND priority = share.priority AND not_before <= $4
                 ORDER BY not_before, id LIMIT $5
             ) AS found
             ORDER BY share.priority, found.not_before, found.id LIMIT $5
         )
         SELECT outbox.id, outbox.phone, outbox.priority >= 5 AND outbox.phone IS NOT NULL AS planned
         FROM waiting JOIN outbox ON outbox.id = waiting.id
         WHERE outbox.state = 'queued'
         ORDER BY waiting.priority, waiting.not_before, waiting.id
         LIMIT $6 FOR UPDATE OF outbox SKIP LOCKED",
    )
    .bind(claim.share.iter().map(|(medium, ..)| medium.name()).collect::<Vec<_>>())
    .bind(claim.share.iter().map(|(_, lane, _)| lane.0).collect::<Vec<_>>())
    .bind(claim.share.iter().map(|(.., priority)| *priority).collect::<Vec<_>>())
    .bind(claim.now)
    .bind(most.saturating_mul(LOOKED_AT))
    .bind(most)
    .fetch_all(work)
    .await
}

/// The rows whose messages of the day may be counted now: of a number that another worker is
/// counting, they are left for later, so that two cannot both send the last one of the day.
async fn countable(
    work: &mut PgConnection,
    claim: &Claim<'_>,
    held: Vec<Held>,
) -> Result<Vec<i64>, sqlx::Error> {
    let planned: Vec<i32> = held.iter().filter(|row| row.planned).map(Held::number).collect();
    if claim.daily_limit == 0 || planned.is_empty() {
        return Ok(held.into_iter().map(|row| row.id).collect());
    }
    let ours: Vec<i32> = sqlx::query_scalar(
        "SELECT number FROM unnest($2::integer[]) AS number WHERE pg_try_advisory_xact_lock($1, number)",
    )
    .bind(COUNTING)
    .bind(planned)
    .fetch_all(work)
    .await?;
    let ours: std::collections::HashSet<i32> = ours.into_iter().collect();
    Ok(held.iter().filter(|row| !row.planned || ours.contains(&row.number())).map(|row| row.id).collect())
}

impl Held {
    /// A lock's name for the number; two numbers that share one only wait for each other.
    fn number(&self) -> i32 {
        let first = self.phone.as_deref().and_then(|key| key.first_chunk::<4>());
        i32::from_be_bytes(first.copied().unwrap_or_default())
    }
}

/// Decides for each locked row, and takes those that may go.
async fn take(work: &mut PgConnection, claim: &Claim<'_>, ids: &[i64]) -> Result<Vec<Claimed>, sqlx::Error> {
    let stops: Vec<&str> = Kind::ALL.into_iter().filter(|kind| kind.stops()).map(Kind::name).collect();
    let limit = if claim.daily_limit == 0 { i64::MAX } else { i64::from(claim.daily_limit) };
    sqlx::query_as(
        "WITH mine AS (
             SELECT outbox.id, outbox.phone, outbox.person, outbox.not_before, outbox.priority, outbox.expires_at,
                    CASE WHEN outbox.expires_at <= $2 THEN 'expired'
                         WHEN phone.stopped_at IS NOT NULL AND outbox.kind = ANY ($3) THEN 'cancelled'
                         ELSE 'sending' END AS state
             FROM outbox LEFT JOIN phone ON phone.key = outbox.phone
             WHERE outbox.id = ANY ($1)
         ), counted AS (
             SELECT mine.*,
                    CASE WHEN state = 'sending' AND priority >= 5 AND phone IS NOT NULL THEN
                        row_number() OVER (PARTITION BY phone, state, priority >= 5 ORDER BY priority, not_before, id)
                        + (SELECT count(*) FROM outbox AS gone
                           WHERE gone.phone = mine.phone AND gone.left_at >= $4 AND gone.left_at IS NOT NULL
                             AND gone.priority >= 5 AND gone.id <> mine.id)
                    ELSE 0 END AS nth
             FROM mine
         ), judged AS (
             SELECT id, person,
                    CASE WHEN nth <= $5 THEN state WHEN expires_at > $6 THEN 'queued' ELSE 'expired' END AS state,
                    CASE WHEN nth > $5 THEN 'as many as a day allows have gone to this number'
                         WHEN state = 'expired' THEN 'its time was over'
                         WHEN state = 'cancelled' THEN 'the number is stopped' END AS words
             FROM counted
         ), taken AS (
             UPDATE outbox SET
                 state = judged.state,
                 words = judged.words,
                 body = CASE WHEN judged.state IN ('sending', 'queued') THEN outbox.body END,
                 recipient = CASE WHEN judged.state IN ('sending', 'queued') THEN outbox.recipient END,
                 not_before = CASE WHEN judged.state = 'queued' THEN $6 ELSE outbox.not_before END,
                 left_at = CASE WHEN judged.state = 'sending' THEN $2 ELSE outbox.left_at END,
                 lease_until = CASE WHEN judged.state = 'sending' AND outbox.kind = 'pin' THEN $9
                                   WHEN judged.state = 'sending' THEN $7 END,
                 lease_owner = CASE WHEN judged.state = 'sending' THEN $8 END,
                 provider = CASE WHEN judged.state = 'sending' THEN NULL ELSE outbox.provider END,
                 changed_at = $2
             FROM judged WHERE outbox.id = judged.id
             RETURNING outbox.*
         )
         SELECT taken.id, cause, kind, medium, lane, attempts, doubts, expires_at, lease_until, taken.language, person,
                person.wrapped_key, recipient, body
         FROM taken LEFT JOIN person ON person.id = taken.person
         WHERE state = 'sending'
         ORDER BY priority, not_before, taken.id",
    )
    .bind(ids)
    .bind(claim.now)
    .bind(stops)
    .bind(claim.day_began)
    .bind(limit)
    .bind(claim.next_morning)
    .bind(claim.lease_until)
    .bind(claim.owner)
    .bind(claim.pin_lease_until)
    .fetch_all(work)
    .await
}
