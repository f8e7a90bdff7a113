//! Receipts: early, late, twice, out of order, for messages that are not known. One that comes
//! before its message is known by the provider's id waits for it.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use crate::messages::{Reference, State, Told};

/// A receipt, ready to be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredReceipt {
    /// Who told.
    pub provider: String,
    /// Which message; the provider's id in its normal form.
    pub reference: Reference,
    /// What.
    pub told: Told,
    /// In which words.
    pub words: String,
    /// When it was received.
    pub at: DateTime<Utc>,
}

/// Receipts whose messages are not known, by their place among those given.
pub type Untold = Vec<usize>;

/// Writes what receipts say, and gives those whose message is not known. Each message is told of
/// once a call: of two receipts for one, the caller gives the second in another call.
pub async fn receive(pool: &PgPool, receipts: &[StoredReceipt]) -> Result<Untold, sqlx::Error> {
    let mut work = pool.begin().await?;
    let untold = apply(&mut work, receipts).await?;
    work.commit().await?;
    Ok(untold)
}

/// Keeps receipts until their messages are known. To be followed by [`settle`]: the message may
/// have become known meanwhile.
pub async fn park(pool: &PgPool, receipts: &[StoredReceipt]) -> Result<(), sqlx::Error> {
    let theirs: Vec<(&StoredReceipt, &str)> = receipts
        .iter()
        .filter_map(|receipt| match &receipt.reference {
            Reference::Theirs(id) if id.chars().count() <= 128 => Some((receipt, id.as_str())),
            _ => None,
        })
        .collect();
    sqlx::query(
        "INSERT INTO outbox_receipt (provider, provider_id, told, words, received_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])",
    )
    .bind(theirs.iter().map(|(receipt, _)| receipt.provider.as_str()).collect::<Vec<_>>())
    .bind(theirs.iter().map(|(_, id)| *id).collect::<Vec<_>>())
    .bind(theirs.iter().map(|(receipt, _)| receipt.told.name()).collect::<Vec<_>>())
    .bind(theirs.iter().map(|(receipt, _)| receipt.words.as_str()).collect::<Vec<_>>())
    .bind(theirs.iter().map(|(receipt, _)| receipt.at).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Parked {
    provider: String,
    provider_id: String,
    told: String,
    words: Option<String>,
    received_at: DateTime<Utc>,
}

/// Gives waiting receipts to messages that are known now, by provider and id.
pub async fn settle(pool: &PgPool, ids: &[(String, String)]) -> Result<(), sqlx::Error> {
    if ids.is_empty() {
        return Ok(());
    }
    let (providers, ids): (Vec<&str>, Vec<&str>) =
        ids.iter().map(|(provider, id)| (provider.as_str(), id.as_str())).unzip();
    let waits: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM outbox_receipt
                        WHERE (provider, provider_id) IN (SELECT * FROM unnest($1::text[], $2::text[])))",
    )
    .bind(&providers)
    .bind(&ids)
    .fetch_one(pool)
    .await?;
    if !waits {
        return Ok(());
    }
    let mut work = pool.begin().await?;
    let mut parked: Vec<Parked> = sqlx::query_as(
        "DELETE FROM outbox_receipt AS parked
         USING unnest($1::text[], $2::text[]) AS known (provider, id)
         WHERE parked.provider = known.provider AND parked.provider_id = known.id
           AND EXISTS (SELECT FROM outbox
                       WHERE outbox.provider = known.provider AND outbox.provider_id = known.id)
         RETURNING parked.provider, provider_id, told, words, received_at",
    )
    .bind(&providers)
    .bind(&ids)
    .fetch_all(&mut *work)
    .await?;
    parked.sort_by_key(|parked| parked.received_at);
    for parked in parked {
        let Some(told) = Told::ALL.into_iter().find(|told| told.name() == parked.told) else { continue };
        let receipt = StoredReceipt {
            provider: parked.provider,
            reference: Reference::Theirs(parked.provider_id),
            told,
            words: parked.words.unwrap_or_default(),
            at: parked.received_at,
        };
        apply(&mut work, &[receipt]).await?;
    }
    work.commit().await
}

/// Writes those that lead from the state of their message to another; the table of states is in
/// `messages`, and comes along as a parameter.
async fn apply(work: &mut PgConnection, receipts: &[StoredReceipt]) -> Result<Untold, sqlx::Error> {
    let known = find(work, receipts).await?;
    let moves: Vec<(State, Told, State)> = State::ALL
        .into_iter()
        .flat_map(|from| Told::ALL.into_iter().map(move |told| (from, told)))
        .filter_map(|(from, told)| Some((from, told, from.after_receipt(told)?)))
        .collect();
    let chosen: Vec<(i64, &StoredReceipt)> =
        known.iter().filter_map(|(place, id)| Some((*id, receipts.get(*place)?))).collect();
    sqlx::query(
        "UPDATE outbox SET state = step.becomes, changed_at = receipt.at, words = receipt.words,
             provider = coalesce(outbox.provider, receipt.provider),
             body = NULL, recipient = NULL, lease_until = NULL, lease_owner = NULL
         FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
                  AS receipt (id, provider, told, words, at),
              unnest($6::text[], $7::text[], $8::text[]) AS step (was, told, becomes)
         WHERE outbox.id = receipt.id AND step.was = outbox.state AND step.told = receipt.told",
    )
    .bind(chosen.iter().map(|(id, _)| *id).collect::<Vec<_>>())
    .bind(chosen.iter().map(|(_, receipt)| receipt.provider.as_str()).collect::<Vec<_>>())
    .bind(chosen.iter().map(|(_, receipt)| receipt.told.name()).collect::<Vec<_>>())
    .bind(chosen.iter().map(|(_, receipt)| receipt.words.as_str()).collect::<Vec<_>>())
    .bind(chosen.iter().map(|(_, receipt)| receipt.at).collect::<Vec<_>>())
    .bind(moves.iter().map(|(was, ..)| was.name()).collect::<Vec<_>>())
    .bind(moves.iter().map(|(_, told, _)| told.name()).collect::<Vec<_>>())
    .bind(moves.iter().map(|(.., becomes)| becomes.name()).collect::<Vec<_>>())
    .execute(work)
    .await?;
    let found: std::collections::HashSet<usize> = known.into_iter().map(|(place, _)| place).collect();
    Ok((0..receipts.len()).filter(|place| !found.contains(place)).collect())
}

/// The rows that receipts are about, locked in one order by all, by the place of the receipt. Of two
/// rows with one id of a provider that gives ids twice, the newer is meant. An id of ours counts only
/// where its message was not given to another provider.
async fn find(work: &mut PgConnection, receipts: &[StoredReceipt]) -> Result<Vec<(usize, i64)>, sqlx::Error> {
    let place = |place: usize| i32::try_from(place).unwrap_or(i32::MAX);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (at, receipt) in receipts.iter().enumerate() {
        match &receipt.reference {
            Reference::Ours(id) => ours.push((place(at), receipt.provider.as_str(), *id)),
            Reference::Theirs(id) => theirs.push((place(at), receipt.provider.as_str(), id.as_str())),
        }
    }
    let found: Vec<(i32, i64)> = sqlx::query_as(
        "WITH meant AS (
             SELECT receipt.place, outbox.id
             FROM unnest($1::integer[], $2::text[], $3::bigint[]) AS receipt (place, provider, id)
             JOIN outbox ON outbox.id = receipt.id AND coalesce(outbox.provider, receipt.provider) = receipt.provider
             UNION ALL
             SELECT receipt.place, newest.id
             FROM unnest($4::integer[], $5::text[], $6::text[]) AS receipt (place, provider, id)
             CROSS JOIN LATERAL (SELECT id FROM outbox
                                 WHERE outbox.provider = receipt.provider AND outbox.provider_id = receipt.id
                                 ORDER BY id DESC LIMIT 1) AS newest
         )
         SELECT meant.place, outbox.id FROM outbox JOIN meant ON meant.id = outbox.id
         ORDER BY outbox.id FOR UPDATE OF outbox",
    )
    .bind(ours.iter().map(|(at, ..)| *at).collect::<Vec<_>>())
    .bind(ours.iter().map(|(_, provider, _)| *provider).collect::<Vec<_>>())
    .bind(ours.iter().map(|(.., id)| *id).collect::<Vec<_>>())
    .bind(theirs.iter().map(|(at, ..)| *at).collect::<Vec<_>>())
    .bind(theirs.iter().map(|(_, provider, _)| *provider).collect::<Vec<_>>())
    .bind(theirs.iter().map(|(.., id)| *id).collect::<Vec<_>>())
    .fetch_all(work)
    .await?;
    Ok(found.into_iter().filter_map(|(at, id)| Some((usize::try_from(at).ok()?, id))).collect())
}
