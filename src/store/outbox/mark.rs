//! Marking: what became of messages, many in one transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::messages::{Price, State};
use crate::store::phones;

/// What became of one message.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "facts of one attempt, each written for itself")]
pub struct Mark {
    /// Its row.
    pub id: i64,
    /// Which claim of it: a mark that is written again, because nobody heard that it was, must not
    /// touch the next one.
    pub lease_until: DateTime<Utc>,
    /// When.
    pub at: DateTime<Utc>,
    /// The state that it is in now.
    pub state: State,
    /// Queued: not before then.
    pub again_at: Option<DateTime<Utc>>,
    /// Whether the attempt counts.
    pub counted: bool,
    /// Whether it may have arrived although it goes again.
    pub doubted: bool,
    /// Whether it left, or may have.
    pub left: bool,
    /// Whether its text is kept.
    pub keeps_body: bool,
    /// Whether its recipient is kept.
    pub keeps_recipient: bool,
    /// Whether its number's owner has said STOP to the provider.
    pub stops: bool,
    /// Who took it.
    pub provider: Option<String>,
    /// The provider's id of it, in its normal form.
    pub provider_id: Option<String>,
    /// The provider's words.
    pub words: String,
    /// How many SMS it took.
    pub segments: usize,
    /// What it cost, where it was taken.
    pub cost: Option<Price>,
}

/// Longest id of a provider that is kept.
const LONGEST_ID: usize = 128;

/// Writes all of them, and what they cost; gives those that somebody else had changed meanwhile (a
/// receipt that came first, or a rescue). To be followed by [`settle`](super::settle) with their
/// [`ids`]. Who counts costs in a slot that others do not use does not wait for them.
pub async fn mark(
    pool: &PgPool,
    owner: Uuid,
    day: NaiveDate,
    slot: u8,
    marks: &[Mark],
) -> Result<Vec<i64>, sqlx::Error> {
    let mut ordered: Vec<&Mark> = marks.iter().collect();
    ordered.sort_by_key(|mark| mark.id);
    let mut work = pool.begin().await?;
    let written = write(&mut work, owner, &ordered).await?;
    spend(&mut work, day, slot, &ordered).await?;
    stop(&mut work, &ordered, &written).await?;
    work.commit().await?;
    Ok(ordered.iter().map(|mark| mark.id).filter(|id| !written.contains(id)).collect())
}

/// Providers and their ids, of which receipts may be waiting. A receipt that came just before the
/// marks were written looked for its row in vain, and waits; one that comes after finds it.
pub fn ids(marks: &[Mark]) -> Vec<(String, String)> {
    marks.iter().filter_map(|mark| Some((mark.provider.clone()?, mark.id()?.to_owned()))).collect()
}

impl Mark {
    /// The same without what the provider chose, for a database that refuses that.
    #[must_use]
    pub fn bare(&self) -> Self {
        let words = "what the provider said could not be kept".to_owned();
        Self { provider_id: None, words, ..self.clone() }
    }

    fn id(&self) -> Option<&str> {
        self.provider_id.as_deref().filter(|id| !id.is_empty() && id.chars().count() <= LONGEST_ID)
    }
}

/// Rows of the worker; and, of what was taken, rows that were taken back from it while the database
/// was away: what has left need not go again.
async fn write(work: &mut PgConnection, owner: Uuid, marks: &[&Mark]) -> Result<Vec<i64>, sqlx::Error> {
    fn column<'a, T>(marks: &[&'a Mark], of: impl Fn(&'a Mark) -> T) -> Vec<T> {
        marks.iter().map(|mark| of(mark)).collect()
    }
    sqlx::query_scalar(
        "UPDATE outbox SET
             state = mark.state, changed_at = mark.at, words = mark.words,
             not_before = coalesce(mark.again_at, outbox.not_before),
             attempts = least(outbox.attempts + mark.counted::integer, 32767),
             doubts = outbox.doubts + mark.doubted::integer,
             left_at = CASE WHEN mark.gone THEN outbox.left_at END,
             body = CASE WHEN mark.keeps_body THEN outbox.body END,
             recipient = CASE WHEN mark.keeps_recipient THEN outbox.recipient END,
             provider = mark.provider, provider_id = mark.provider_id,
             segments = mark.segments, lease_until = NULL, lease_owner = NULL
         FROM unnest($2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::boolean[], $7::boolean[],
                     $8::boolean[], $9::boolean[], $10::boolean[], $11::text[], $12::text[], $13::text[], $14::smallint[], $15::timestamptz[])
              AS mark (id, state, at, again_at, counted, doubted, gone, keeps_body, keeps_recipient, provider,
                       provider_id, words, segments, lease)
         WHERE outbox.id = mark.id
           AND (outbox.state = 'sending' AND outbox.lease_owner = $1 AND outbox.lease_until = mark.lease
                OR mark.state = 'sent' AND outbox.state IN ('queued', 'unknown'))
         RETURNING outbox.id",
    )
    .bind(owner)
    .bind(column(marks, |mark| mark.id))
    .bind(column(marks, |mark| mark.state.name()))
    .bind(column(marks, |mark| mark.at))
    .bind(column(marks, |mark| mark.again_at))
    .bind(column(marks, |mark| mark.counted))
    .bind(column(marks, |mark| mark.doubted))
    .bind(column(marks, |mark| mark.left))
    .bind(column(marks, |mark| mark.keeps_body))
    .bind(column(marks, |mark| mark.keeps_recipient))
    .bind(column(marks, |mark| mark.provider.as_deref()))
    .bind(column(marks, Mark::id))
    .bind(column(marks, |mark| mark.words.as_str()))
    .bind(column(marks, |mark| i16::try_from(mark.segments.clamp(1, 255)).unwrap_or(255)))
    .bind(column(marks, |mark| mark.lease_until))
    .fetch_all(work)
    .await
}

/// Stops the numbers whose owners want nothing any more, as their own STOP would.
async fn stop(work: &mut PgConnection, marks: &[&Mark], written: &[i64]) -> Result<(), sqlx::Error> {
    for mark in marks.iter().filter(|mark| mark.stops && written.contains(&mark.id)) {
        let phone: Option<Vec<u8>> = sqlx::query_scalar("SELECT phone FROM outbox WHERE id = $1")
            .bind(mark.id)
            .fetch_one(&mut *work)
            .await?;
        if let Some(phone) = phone.and_then(|phone| <[u8; 16]>::try_from(phone).ok()) {
            phones::set_stopped(work, &phone, Some(mark.at)).await?;
            super::cancel_all_but_pins(work, &phone, mark.at).await?;
        }
    }
    Ok(())
}

async fn spend(
    work: &mut PgConnection,
    day: NaiveDate,
    slot: u8,
    marks: &[&Mark],
) -> Result<(), sqlx::Error> {
    let mut sums: BTreeMap<&str, (i64, i64, i64)> = BTreeMap::new();
    for mark in marks {
        if let (Some(provider), Some(cost)) = (&mark.provider, mark.cost) {
            let (messages, segments, total) = sums.entry(provider).or_default();
            *messages += 1;
            *segments += i64::try_from(mark.segments).unwrap_or(0);
            *total = total.saturating_add(cost.0);
        }
    }
    if sums.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO outbox_spend AS known (provider, day, slot, messages, segments, cost)
         SELECT provider, $1, $2, messages, segments, cost
         FROM unnest($3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) AS new (provider, messages, segments, cost)
         ON CONFLICT (day, provider, slot) DO UPDATE
         SET messages = known.messages + excluded.messages, segments = known.segments + excluded.segments,
             cost = known.cost + excluded.cost",
    )
    .bind(day)
    .bind(i16::from(slot))
    .bind(sums.keys().copied().collect::<Vec<_>>())
    .bind(sums.values().map(|(messages, ..)| *messages).collect::<Vec<_>>())
    .bind(sums.values().map(|(_, segments, _)| *segments).collect::<Vec<_>>())
    .bind(sums.values().map(|(.., cost)| *cost).collect::<Vec<_>>())
    .execute(work)
    .await?;
    Ok(())
}
