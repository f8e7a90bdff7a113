//! Fills the demo's database: the country, the pharmacies, the staff, the mothers. What is there
//! already stays as people have left it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{Acquire, PgConnection};
use uuid::Uuid;

use super::people::{MOTHERS, person_id};
use super::places::pharmacies;
use super::secrets::DemoSecrets;
use super::staff::{STAFF, midwife_id, staff_id};
use crate::care::{Country, MsisdnError};
use crate::identity::{HasherBusy, PinHasher};
use crate::privacy::Vault;
use crate::store::bulk::{Batch, Trust};
use crate::store::places::{add_country, add_pharmacies};
use crate::store::staff::{StaffAccount, StaffError};

/// Why the demo's people could not be brought in.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The database.
    #[error("the demo's data could not be written: {0}")]
    Database(#[from] sqlx::Error),
    /// Staff accounts.
    #[error(transparent)]
    Staff(#[from] StaffError),
    /// A demo mother's number is none.
    #[error("a demo mother has no valid number: {0}")]
    Number(#[from] MsisdnError),
    /// The hasher sheds.
    #[error(transparent)]
    Busy(#[from] HasherBusy),
}

/// What seeding needs.
pub(super) struct Seeder<'a> {
    pub country: &'a Country,
    pub secrets: &'a DemoSecrets,
    pub vault: &'a Vault,
    pub hasher: &'a PinHasher,
    pub now: DateTime<Utc>,
}

impl Seeder<'_> {
    /// Adds what is missing.
    pub async fn seed(&self, connection: &mut PgConnection) -> Result<(), SeedError> {
        let mut work = connection.begin().await?;
        add_country(&mut work, &self.country.districts, &self.country.facilities, self.now).await?;
        add_pharmacies(&mut work, &pharmacies(self.country), self.now).await?;
        work.commit().await?;
        self.add_staff(connection).await?;
        self.add_mothers(connection).await?;
        self.freshen(connection).await
    }

    async fn add_staff(&self, connection: &mut PgConnection) -> Result<(), SeedError> {
        let known =
            known("SELECT id FROM staff WHERE id = ANY($1)", staff_id, STAFF.len(), connection).await?;
        for ((place, account), password) in STAFF.iter().enumerate().zip(&self.secrets.staff_passwords) {
            if known.contains(&staff_id(place)) {
                continue;
            }
            let account = StaffAccount {
                id: staff_id(place),
                role: account.role,
                email: account.email.to_owned(),
                name: account.name.to_owned(),
                profession: account.profession.map(str::to_owned),
                facility: account.facility,
                password_hash: self.hasher.hash(password).await?,
                synthetic: true,
            };
            account.add(self.vault.keyring(), self.now, connection).await?;
        }
        Ok(())
    }

    async fn add_mothers(&self, connection: &mut PgConnection) -> Result<(), SeedError> {
        let known =
            known("SELECT id FROM person WHERE id = ANY($1)", person_id, MOTHERS.len(), connection).await?;
        let mut batch = Batch::default();
        for ((place, mother), pin) in MOTHERS.iter().enumerate().zip(&self.secrets.mother_pins) {
            if known.contains(&person_id(place)) {
                continue;
            }
            let hash = self.hasher.hash(mother.pin.unwrap_or(pin)).await?;
            batch.add(
                &mother.history(place, Arc::from(hash), self.country, midwife_id(), self.now)?,
                self.vault,
            );
        }
        batch.write(Trust::Check, connection).await?;
        Ok(())
    }

    /// Appointments of the demo's mothers that have passed unseen move on, so that a demo that is
    /// started again after weeks still has a next visit to show.
    async fn freshen(&self, connection: &mut PgConnection) -> Result<(), SeedError> {
        let ids: Vec<Uuid> = (0..MOTHERS.len()).map(person_id).collect();
        sqlx::query(
            "UPDATE appointment SET starts_on = $2::date + 7, updated_at = $3
             WHERE person = ANY($1) AND status = 'booked' AND starts_on < $2",
        )
        .bind(ids)
        .bind(crate::care::calendar::local_day(self.now))
        .bind(self.now)
        .execute(connection)
        .await?;
        Ok(())
    }
}

async fn known(
    question: &'static str,
    id: fn(usize) -> Uuid,
    count: usize,
    connection: &mut PgConnection,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = (0..count).map(id).collect();
    sqlx::query_scalar(question).bind(ids).fetch_all(connection).await
}
