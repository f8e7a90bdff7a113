//! PINs that were found right. Between the check, which takes its time, and what follows from it the PIN
//! may have been replaced or stopped: then it opens nothing.

use std::collections::HashSet;

use sqlx::PgConnection;
use uuid::Uuid;

use super::counters;

/// A PIN that was right.
#[derive(Clone, Debug)]
pub struct RightPin {
    /// Whose.
    pub person: Uuid,
    /// The number on which she typed it, as its blind index.
    pub phone: [u8; 16],
    /// PHC string that it was checked against.
    pub hash: String,
    /// PHC string of the same PIN with today's costs, where those of `hash` are dated.
    pub renewed: Option<String>,
}

/// Which of them still count, in their order. Holds the numbers and, where it counts, the PIN until the
/// transaction ends.
pub async fn hold(work: &mut PgConnection, pins: &[&RightPin]) -> Result<Vec<bool>, sqlx::Error> {
    let phones: Vec<&[u8]> = pins.iter().map(|pin| pin.phone.as_slice()).collect();
    counters::hold_phones(work, &phones).await?;
    let counting: Vec<i64> = sqlx::query_scalar(
        "SELECT q.place FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS q (person, hash, place)
         JOIN credential ON credential.person = q.person AND credential.hash = q.hash
         WHERE NOT EXISTS (SELECT FROM pin_guard WHERE pin_guard.person = q.person AND stopped_at IS NOT NULL)
         ORDER BY credential.person FOR NO KEY UPDATE OF credential",
    )
    .bind(pins.iter().map(|pin| pin.person).collect::<Vec<_>>())
    .bind(pins.iter().map(|pin| pin.hash.as_str()).collect::<Vec<_>>())
    .fetch_all(work)
    .await?;
    let counting: HashSet<i64> = counting.into_iter().collect();
    Ok((1..).zip(pins).map(|(place, _)| counting.contains(&place)).collect())
}

/// Forgets the wrong tries of those who were right and of their numbers, which are held, and keeps hashes with
/// today's costs.
pub async fn clear(work: &mut PgConnection, pins: &[&RightPin]) -> Result<(), sqlx::Error> {
    if pins.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "WITH of_person AS (
             UPDATE credential SET pin_attempts = '{}', pin_locks = 0, pin_locked_until = NULL,
                                   hash = coalesce(q.renewed, credential.hash)
             FROM unnest($2::uuid[], $3::text[]) AS q (person, renewed) WHERE credential.person = q.person
         )
         UPDATE phone SET pin_attempts = '{}', pin_locks = 0, pin_locked_until = NULL WHERE key = ANY ($1)",
    )
    .bind(pins.iter().map(|pin| pin.phone.as_slice()).collect::<Vec<_>>())
    .bind(pins.iter().map(|pin| pin.person).collect::<Vec<_>>())
    .bind(pins.iter().map(|pin| pin.renewed.as_deref()).collect::<Vec<_>>())
    .execute(work)
    .await?;
    Ok(())
}
