//! Referrals from one facility to another, and what the other answers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use crate::privacy::{Keyring, PersonKey, Place, Row as Slot, Vault, VaultError};

/// A referral, opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Referral {
    /// Its id.
    pub id: Uuid,
    /// Who was sent.
    pub person: Uuid,
    /// From where.
    pub sender: i32,
    /// To where.
    pub receiver: i32,
    /// `routine`, `urgent` or `emergency`.
    pub urgency: String,
    /// `sent`, `received`, `answered` or `cancelled`.
    pub status: String,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    wrapped_key: Vec<u8>,
    id: Uuid,
    person: Uuid,
    number: i32,
    sender: i32,
    receiver: i32,
    urgency: String,
    status: String,
    reason: Vec<u8>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

const fn place(number: i32) -> Place<'static> {
    Place { table: "referral", column: "reason", row: Slot::Number(number) }
}

/// Why she was sent on, opened.
pub(in crate::store) fn reason(key: &PersonKey, number: i32, sealed: &[u8]) -> Result<String, StoreError> {
    let plain = key.open(place(number), sealed)?;
    Ok(String::from_utf8_lossy(&plain).into_owned())
}

impl Row {
    fn open(self, vault: &Vault) -> Result<Referral, StoreError> {
        let key = vault.unwrap(self.person, &self.wrapped_key)?;
        let reason = key.open(place(self.number), &self.reason)?;
        Ok(Referral {
            id: self.id,
            person: self.person,
            sender: self.sender,
            receiver: self.receiver,
            urgency: self.urgency,
            status: self.status,
            reason: String::from_utf8_lossy(&reason).into_owned(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// A referral to be sent.
#[derive(Clone, Copy, Debug)]
pub struct NewReferral<'a> {
    /// Its id.
    pub id: Uuid,
    /// From where.
    pub sender: i32,
    /// To where.
    pub receiver: i32,
    /// Who sends.
    pub author: Uuid,
    /// How soon.
    pub urgency: &'a str,
    /// Why.
    pub reason: &'a str,
    /// When.
    pub now: DateTime<Utc>,
}

/// Adds a referral to a record that is held.
pub async fn add(
    work: &mut PgConnection,
    key: &PersonKey,
    referral: &NewReferral<'_>,
) -> Result<(), StoreError> {
    let number: i32 =
        sqlx::query_scalar("SELECT coalesce(max(number), 0) + 1 FROM referral WHERE person = $1")
            .bind(key.person())
            .fetch_one(&mut *work)
            .await?;
    sqlx::query(
        "INSERT INTO referral (person, number, id, sender, receiver, author, urgency, status, reason, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'sent', $8, $9, $9)",
    )
    .bind(key.person())
    .bind(number)
    .bind(referral.id)
    .bind(referral.sender)
    .bind(referral.receiver)
    .bind(referral.author)
    .bind(referral.urgency)
    .bind(key.seal(place(number), referral.reason.as_bytes()))
    .bind(referral.now)
    .execute(work)
    .await?;
    Ok(())
}

/// One referral, where the facility sent or received it.
pub async fn find(
    work: &mut PgConnection,
    vault: &Vault,
    id: Uuid,
    facility: i32,
) -> Result<Option<Referral>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT wrapped_key, referral.id, referral.person, number, sender, receiver, urgency, referral.status, reason,
                referral.created_at, referral.updated_at
         FROM referral JOIN person_in_care ON person_in_care.id = referral.person
         WHERE referral.id = $1 AND $2 IN (sender, receiver)",
    )
    .bind(id)
    .bind(facility)
    .fetch_optional(work)
    .await?;
    row.map(|row| row.open(vault)).transpose()
}

/// Referrals that a facility sent, or received; newest first.
pub async fn list(
    work: &mut PgConnection,
    vault: &Vault,
    facility: i32,
    sent: bool,
    before: Option<(DateTime<Utc>, Uuid)>,
    most: i64,
) -> Result<Vec<Referral>, StoreError> {
    const SENT: &str = "
        SELECT wrapped_key, referral.id, referral.person, number, sender, receiver, urgency, referral.status, reason,
               referral.created_at, referral.updated_at
        FROM referral JOIN person_in_care ON person_in_care.id = referral.person
        WHERE sender = $1 AND (referral.created_at, referral.id) < ($2, $3)
        ORDER BY referral.created_at DESC, referral.id DESC LIMIT $4";
    const RECEIVED: &str = "
        SELECT wrapped_key, referral.id, referral.person, number, sender, receiver, urgency, referral.status, reason,
               referral.created_at, referral.updated_at
        FROM referral JOIN person_in_care ON person_in_care.id = referral.person
        WHERE receiver = $1 AND (referral.created_at, referral.id) < ($2, $3)
        ORDER BY referral.created_at DESC, referral.id DESC LIMIT $4";
    let end = DateTime::from_timestamp(32_503_680_000, 0).unwrap_or_default();
    let (at, id) = before.unwrap_or((end, Uuid::max()));
    let rows: Vec<Row> = sqlx::query_as(if sent { SENT } else { RECEIVED })
        .bind(facility)
        .bind(at)
        .bind(id)
        .bind(most)
        .fetch_all(work)
        .await?;
    rows.into_iter().map(|row| row.open(vault)).collect()
}

/// Moves a referral on that has not changed since `seen`; false where it has.
pub async fn set_status(
    work: &mut PgConnection,
    id: Uuid,
    status: &str,
    seen: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE referral SET status = $2, updated_at = $3
         WHERE id = $1 AND ($4::timestamptz IS NULL OR updated_at = $4)",
    )
    .bind(id)
    .bind(status)
    .bind(now)
    .bind(seen)
    .execute(work)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What the receiving facility tells.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct FeedbackDetail {
    /// The patient, as named there.
    pub patient_name: String,
    /// The system that the referral came through.
    pub referral_source: String,
    /// What became of her.
    pub feedback_notes: String,
    /// Who tells.
    pub doctor_name: String,
    /// Her number.
    pub doctor_phone: String,
    /// Her facility, in words.
    pub doctor_affiliation: String,
}

/// Feedback, opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Feedback {
    /// Its id.
    pub id: Uuid,
    /// The referral that it answers.
    pub referral: Option<Uuid>,
    /// Whom it is about, where she has a row here.
    pub person: Option<Uuid>,
    /// What is told.
    pub detail: FeedbackDetail,
    /// When.
    pub created_at: DateTime<Utc>,
}

const FEEDBACK: &str = "referral_feedback.detail";

/// Feedback to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewFeedback<'a> {
    /// Its id.
    pub id: Uuid,
    /// The referral that it answers.
    pub referral: Option<Uuid>,
    /// Whom it is about.
    pub person: Option<Uuid>,
    /// The facility that tells.
    pub facility: i32,
    /// Who tells.
    pub author: Uuid,
    /// What.
    pub detail: &'a FeedbackDetail,
    /// When.
    pub now: DateTime<Utc>,
}

/// Stores feedback.
pub async fn add_feedback(
    work: &mut PgConnection,
    keyring: &Keyring,
    feedback: &NewFeedback<'_>,
) -> Result<(), StoreError> {
    let plain = serde_json::to_vec(feedback.detail).unwrap_or_default();
    sqlx::query(
        "INSERT INTO referral_feedback (id, referral, person, facility, author, detail, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(feedback.id)
    .bind(feedback.referral)
    .bind(feedback.person)
    .bind(feedback.facility)
    .bind(feedback.author)
    .bind(keyring.seal(FEEDBACK, feedback.id.as_bytes(), &plain))
    .bind(feedback.now)
    .execute(work)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct FeedbackRow {
    id: Uuid,
    referral: Option<Uuid>,
    person: Option<Uuid>,
    detail: Vec<u8>,
    created_at: DateTime<Utc>,
}

impl FeedbackRow {
    fn open(self, keyring: &Keyring) -> Result<Feedback, StoreError> {
        let broken =
            || VaultError::Service { table: "referral_feedback", column: "detail", row: self.id.to_string() };
        let plain = keyring.open(FEEDBACK, self.id.as_bytes(), &self.detail).ok_or_else(broken)?;
        let detail = serde_json::from_slice(&plain).map_err(|_| broken())?;
        Ok(Feedback {
            id: self.id,
            referral: self.referral,
            person: self.person,
            detail,
            created_at: self.created_at,
        })
    }
}

/// Answers to a referral.
pub async fn feedback_of(
    work: &mut PgConnection,
    keyring: &Keyring,
    referral: Uuid,
) -> Result<Vec<Feedback>, StoreError> {
    let rows: Vec<FeedbackRow> = sqlx::query_as(
        "SELECT id, referral, person, detail, created_at FROM referral_feedback
         WHERE referral = $1 ORDER BY created_at LIMIT 200",
    )
    .bind(referral)
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(keyring)).collect()
}

/// Feedback that a facility gave, newest first.
pub async fn feedback_by(
    work: &mut PgConnection,
    keyring: &Keyring,
    facility: i32,
    most: i64,
) -> Result<Vec<Feedback>, StoreError> {
    let rows: Vec<FeedbackRow> = sqlx::query_as(
        "SELECT id, referral, person, detail, created_at FROM referral_feedback
         WHERE facility = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
    )
    .bind(facility)
    .bind(most)
    .fetch_all(work)
    .await?;
    rows.into_iter().map(|row| row.open(keyring)).collect()
}

/// One feedback that a facility gave.
pub async fn find_feedback(
    work: &mut PgConnection,
    keyring: &Keyring,
    id: Uuid,
    facility: i32,
) -> Result<Option<Feedback>, StoreError> {
    let row: Option<FeedbackRow> = sqlx::query_as(
        "SELECT id, referral, person, detail, created_at FROM referral_feedback WHERE id = $1 AND facility = $2",
    )
    .bind(id)
    .bind(facility)
    .fetch_optional(work)
    .await?;
    row.map(|row| row.open(keyring)).transpose()
}
