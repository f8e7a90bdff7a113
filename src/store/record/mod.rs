//! The health record as staff read and write it: whose patient somebody is, and each part of her
//! record with its changes. What is read here is opened; what is written is sealed with her key.

pub mod appointments;
pub mod births;
pub mod consents;
pub mod messages;
pub mod own_numbers;
pub mod patients;
pub mod pregnancies;
pub mod prescriptions;
pub mod profiles;
pub mod reach;
pub mod referrals;
pub mod visits;
pub mod whole;

use sqlx::PgConnection;
use uuid::Uuid;

use super::error::StoreError;

/// Holds a person's record until the transaction ends: what is added to it is added one by one.
pub async fn hold(work: &mut PgConnection, person: Uuid) -> Result<(), StoreError> {
    sqlx::query("SELECT FROM person WHERE id = $1 FOR NO KEY UPDATE").bind(person).execute(work).await?;
    Ok(())
}
