//! A PIN whose message may or may not have left is not sent again: another is made, and told. The
//! one before no longer counts, so that never more than one does.

use std::sync::Arc;

use chrono::TimeDelta;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sqlx::PgPool;

use crate::app::clock::Clock;
use crate::app::turns::MenuShelf;
use crate::identity::{PinHasher, PinOwner, PinPolicy};
use crate::menu::TextContext;
use crate::privacy::Vault;
use crate::store::outbox::{self, DoubtfulPin, Renewal};
use crate::store::{StoreError, people};

use super::texts::{TextError, speak};

/// A receipt may still tell that it left; so long is waited for it.
const RECEIPT: TimeDelta = TimeDelta::seconds(20);
/// Who waited longer has asked again, or given up.
const TOO_OLD: TimeDelta = TimeDelta::minutes(30);
/// The same times as of a PIN that was asked for.
const GOOD_FOR: TimeDelta = TimeDelta::hours(24);
const MESSAGE_LASTS: TimeDelta = TimeDelta::minutes(10);

/// What makes PINs anew.
pub struct PinRenewal<M> {
    /// Connections.
    pub pool: PgPool,
    /// Opens what is sealed.
    pub vault: Arc<Vault>,
    /// Tells the time.
    pub clock: Clock,
    /// Hashes PINs.
    pub hasher: PinHasher,
    /// What is asked of a PIN.
    pub pins: PinPolicy,
    /// The menus, for the message.
    pub menus: M,
    /// What is dialled; named in the message.
    pub service_code: String,
}

#[derive(Debug, thiserror::Error)]
enum RenewalError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Text(#[from] TextError),
    #[error("too many PIN checks wait")]
    Busy,
}

impl<M: MenuShelf> PinRenewal<M> {
    /// Makes anew what is doubtful; gives how many.
    pub async fn run(&self) -> usize {
        let now = self.clock.now();
        let doubtful = match outbox::doubtful_pins(&self.pool, now - TOO_OLD, now - RECEIPT).await {
            Ok(doubtful) => doubtful,
            Err(error) => {
                tracing::warn!(%error, "doubtful PINs could not be looked for; trying again");
                return 0;
            }
        };
        let mut renewed = 0;
        for pin in &doubtful {
            match self.renew(pin).await {
                Ok(true) => {
                    renewed += 1;
                    metrics::counter!("mamacare_pins_renewed_total").increment(1);
                    tracing::info!(message = pin.id, "a PIN that may not have arrived was made anew");
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(message = pin.id, %error, "a PIN was not made anew; trying again");
                }
            }
        }
        renewed
    }

    async fn renew(&self, doubtful: &DoubtfulPin) -> Result<bool, RenewalError> {
        let mut connection = self.pool.acquire().await?;
        let Some(person) = people::open(&mut connection, &self.vault, doubtful.person).await? else {
            return Ok(false);
        };
        drop(connection);
        let Some(to) = doubtful.number(&self.vault) else { return Ok(false) };
        let phones = [to];
        let owner = PinOwner {
            birth_year: person.identity.birth_year.map(i32::from),
            birth_date: person.identity.birth_date,
            phones: &phones,
        };
        let mut generator = StdRng::from_seed(self.vault.keyring().random());
        let pin = self.pins.issue(&mut generator, &owner);
        let hash = self.hasher.hash(pin.reveal()).await.map_err(|_| RenewalError::Busy)?;
        let mut values = TextContext::new();
        values.insert("pin", pin.reveal());
        values.insert("service_code", &self.service_code);
        let spoken = speak(&self.menus.current(), "pin_issued", &person.language, &values)?;
        let now = self.clock.now();
        let renewal = Renewal {
            doubtful,
            owner: &person.key,
            to,
            hash: &hash,
            good_until: now + GOOD_FOR,
            language: &person.language,
            text: &spoken.text,
            segments: spoken.segments,
            now,
            expires_at: now + MESSAGE_LASTS,
        };
        Ok(outbox::renew(&self.pool, self.vault.keyring(), &renewal).await?)
    }
}

/// Makes PINs anew for as long as it is polled.
pub async fn keep_renewing<M: MenuShelf>(renewal: PinRenewal<M>, every: std::time::Duration) {
    let mut ticks = tokio::time::interval(every);
    loop {
        ticks.tick().await;
        renewal.run().await;
    }
}
