//! Erasing a person: her key goes, and with it everything of hers in this database and in what is copied
//! from it later; the rows that only her key could read go too.
//!
//! What stays, and why: her row, as an id without a word about her, so that the audit trail names
//! somebody; the trail itself; and what she agreed to and when, since the service must be able to show
//! it. None of it holds a name, a number or a medical value.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Rows of hers that go, in an order that no reference forbids.
const OF_HERS: [&str; 20] = [
    "DELETE FROM referral_feedback WHERE person = $1 OR referral IN (SELECT id FROM referral WHERE person = $1)",
    "DELETE FROM referral WHERE person = $1",
    "DELETE FROM opened_record WHERE person = $1",
    "DELETE FROM sign_in WHERE person = $1",
    "DELETE FROM profile WHERE person = $1",
    "DELETE FROM reminder WHERE person = $1",
    "DELETE FROM care_hold WHERE person = $1",
    "DELETE FROM sms_question WHERE person = $1",
    "DELETE FROM staff_task WHERE person = $1",
    // That it has changed stays noted, so that one which is being written meanwhile goes too.
    "DELETE FROM record_copy WHERE person = $1",
    "DELETE FROM immunisation WHERE person = $1",
    "DELETE FROM child WHERE person = $1",
    "DELETE FROM medicine WHERE person = $1",
    "DELETE FROM visit WHERE person = $1",
    "DELETE FROM appointment WHERE person = $1",
    "DELETE FROM pregnancy WHERE person = $1",
    "DELETE FROM credential WHERE person = $1",
    "DELETE FROM pin_guard WHERE person = $1",
    // A message that is on its way is let go; her key was needed to read what was to be sent.
    "DELETE FROM outbox WHERE person = $1 AND state <> 'sending'",
    "DELETE FROM reminder_look WHERE person = $1",
];

/// What is known about a number that was hers alone. That it wants no messages stays known.
const OF_HER_NUMBERS: [&str; 7] = [
    "DELETE FROM ussd_session WHERE phone = ANY ($1)",
    "DELETE FROM sms_question WHERE phone = ANY ($1)",
    "DELETE FROM staff_task WHERE phone = ANY ($1)
        OR inbound IN (SELECT id FROM sms_inbound WHERE sms_inbound.phone = ANY ($1))",
    "DELETE FROM sms_inbound WHERE phone = ANY ($1)",
    "DELETE FROM outbox WHERE phone = ANY ($1) AND state <> 'sending'",
    "DELETE FROM phone_request WHERE phone = ANY ($1)",
    "DELETE FROM phone WHERE key = ANY ($1) AND stopped_at IS NULL",
];

/// Erases her; false where she is not here, or was erased before. The caller writes the line of the audit
/// trail in the same transaction.
pub async fn erase(work: &mut PgConnection, person: Uuid, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let erased = sqlx::query(
        "UPDATE person SET wrapped_key = NULL, identity = NULL, erased_at = $2, updated_at = $2,
                greet_by_name = false, wording = 'covert', home_facility = NULL, district = NULL
         WHERE id = $1 AND erased_at IS NULL",
    )
    .bind(person)
    .bind(now)
    .execute(&mut *work)
    .await?;
    if erased.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE consent SET withdrawn_at = greatest($2, given_at), withdrawn_channel = 'erasure'
         WHERE person = $1 AND withdrawn_at IS NULL",
    )
    .bind(person)
    .bind(now)
    .execute(&mut *work)
    .await?;
    let numbers: Vec<Vec<u8>> = sqlx::query_scalar(
        "WITH past AS (DELETE FROM former_phone WHERE person = $1 RETURNING phone),
              present AS (DELETE FROM person_phone WHERE person = $1 RETURNING phone)
         TABLE past UNION TABLE present",
    )
    .bind(person)
    .fetch_all(&mut *work)
    .await?;
    for statement in OF_HERS {
        sqlx::query(statement).bind(person).execute(&mut *work).await?;
    }
    let hers_alone: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT phone FROM unnest($1::bytea[]) AS phone
         WHERE NOT EXISTS (SELECT FROM person_phone WHERE person_phone.phone = phone.phone)
           AND NOT EXISTS (SELECT FROM former_phone WHERE former_phone.phone = phone.phone)",
    )
    .bind(numbers)
    .fetch_all(&mut *work)
    .await?;
    for statement in OF_HER_NUMBERS {
        sqlx::query(statement).bind(&hers_alone).execute(&mut *work).await?;
    }
    Ok(true)
}
