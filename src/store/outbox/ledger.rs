//! Looking at the outbox: what waits, what became of a message, whose it was.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::messages::Reference;

/// What waits of a kind.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Waiting {
    /// The kind.
    pub kind: String,
    /// How many are due; at most 100,000 are counted.
    pub due: i64,
    /// How long the first of them has been.
    pub oldest_seconds: i64,
}

/// What is due now, by kind.
pub async fn waiting(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<Waiting>, sqlx::Error> {
    sqlx::query_as(
        "SELECT kind, count(*) AS due,
                extract(epoch FROM $1 - min(not_before))::bigint AS oldest_seconds
         FROM (SELECT kind, not_before FROM outbox WHERE state = 'queued' AND not_before <= $1
               LIMIT 100000) AS due
         GROUP BY kind ORDER BY kind",
    )
    .bind(now)
    .fetch_all(pool)
    .await
}

/// The number of a message, as its blind index.
pub async fn phone_of(
    pool: &PgPool,
    provider: &str,
    reference: &Reference,
) -> Result<Option<[u8; 16]>, sqlx::Error> {
    let (ours, theirs) = match reference {
        Reference::Ours(id) => (Some(*id), None),
        Reference::Theirs(id) => (None, Some(id.as_str())),
    };
    let phone: Option<Option<Vec<u8>>> = sqlx::query_scalar(
        "SELECT phone FROM outbox WHERE id = $2 AND provider = $1
         UNION ALL
         SELECT phone FROM outbox WHERE provider = $1 AND provider_id = $3
         LIMIT 1",
    )
    .bind(provider)
    .bind(ours)
    .bind(theirs)
    .fetch_optional(pool)
    .await?;
    Ok(phone.flatten().and_then(|phone| phone.try_into().ok()))
}

/// How many messages of a kind are in a state.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Tally {
    /// The kind.
    pub kind: String,
    /// The state.
    pub state: String,
    /// Who took them, where anybody did.
    pub provider: Option<String>,
    /// How many.
    pub count: i64,
}

/// Messages made or changed since then, counted; and all that wait, whenever they were made.
pub async fn tally(work: &mut PgConnection, since: DateTime<Utc>) -> Result<Vec<Tally>, sqlx::Error> {
    sqlx::query_as(
        "SELECT kind, state, provider, count(*) AS count FROM (
             SELECT kind, state, NULL AS provider FROM outbox WHERE state IN ('queued', 'sending')
             UNION ALL
             SELECT kind, state, provider FROM outbox
             WHERE created_at > $1 AND state NOT IN ('queued', 'sending')
         ) AS message
         GROUP BY kind, state, provider ORDER BY kind, state, provider",
    )
    .bind(since)
    .fetch_all(work)
    .await
}

/// A worker, as it last said.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct WorkerSeen {
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it last said that it lives.
    pub seen_at: DateTime<Utc>,
    /// How many messages it has.
    pub has: i64,
}

/// All workers that are known.
pub async fn workers(work: &mut PgConnection) -> Result<Vec<WorkerSeen>, sqlx::Error> {
    sqlx::query_as(
        "SELECT started_at, seen_at,
                (SELECT count(*) FROM outbox WHERE state = 'sending' AND lease_owner = outbox_worker.id) AS has
         FROM outbox_worker ORDER BY started_at",
    )
    .fetch_all(work)
    .await
}

/// A message without its recipient and text.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Shown {
    /// Its row.
    pub id: i64,
    /// Its cause.
    pub cause: String,
    /// What it is for.
    pub kind: String,
    /// Where it is.
    pub state: String,
    /// Attempts that failed.
    pub attempts: i16,
    /// How often it went again although it may have arrived.
    pub doubts: i16,
    /// Who took it, or tried last.
    pub provider: Option<String>,
    /// That provider's id of it.
    pub provider_id: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Not before then.
    pub not_before: DateTime<Utc>,
    /// Of no use after this.
    pub expires_at: DateTime<Utc>,
}

/// One change of a message.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Change {
    /// When.
    pub at: DateTime<Utc>,
    /// To which state.
    pub state: String,
    /// By whom.
    pub provider: Option<String>,
    /// In whose words.
    pub words: Option<String>,
}

/// A message and its history.
pub async fn show(work: &mut PgConnection, id: i64) -> Result<Option<(Shown, Vec<Change>)>, sqlx::Error> {
    let shown: Option<Shown> = sqlx::query_as(
        "SELECT id, cause, kind, state, attempts, doubts, provider, provider_id, created_at, not_before, expires_at
         FROM outbox WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(&mut *work)
    .await?;
    let Some(shown) = shown else { return Ok(None) };
    let history = sqlx::query_as(
        "SELECT at, state, provider, words FROM outbox_event WHERE message = $1 ORDER BY at, ctid",
    )
    .bind(id)
    .fetch_all(work)
    .await?;
    Ok(Some((shown, history)))
}

/// Which messages are meant.
#[derive(Clone, Debug, Default)]
pub struct Selection<'a> {
    /// This one.
    pub id: Option<i64>,
    /// All of this kind.
    pub kind: Option<&'a str>,
    /// All that this provider refused.
    pub provider: Option<&'a str>,
}

/// Queues refused messages again whose text is still kept, with all their attempts; gives how many.
pub async fn retry(
    work: &mut PgConnection,
    selection: &Selection<'_>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE outbox SET state = 'queued', attempts = 0, not_before = $4, expires_at = greatest(expires_at, $5),
             changed_at = $4, words = 'queued again by hand', left_at = NULL
         WHERE state = 'failed' AND body IS NOT NULL AND recipient IS NOT NULL
           AND ($1::bigint IS NULL OR id = $1) AND ($2::text IS NULL OR kind = $2)
           AND ($3::text IS NULL OR provider = $3)",
    )
    .bind(selection.id)
    .bind(selection.kind)
    .bind(selection.provider)
    .bind(now)
    .bind(expires_at)
    .execute(&mut *work)
    .await?;
    sqlx::query("SELECT pg_notify('outbox', '')").execute(work).await?;
    Ok(done.rows_affected())
}

/// Cancels messages that wait; gives how many. One that a worker has goes out.
pub async fn cancel(
    work: &mut PgConnection,
    selection: &Selection<'_>,
    now: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE outbox SET state = 'cancelled', changed_at = $3, words = 'cancelled by hand', body = NULL, recipient = NULL
         WHERE state = 'queued' AND ($1::bigint IS NULL OR id = $1) AND ($2::text IS NULL OR kind = $2)",
    )
    .bind(selection.id)
    .bind(selection.kind)
    .bind(now)
    .execute(work)
    .await?;
    Ok(done.rows_affected())
}
