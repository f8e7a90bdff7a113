//! Receipts on their way into the store, gathered like marks. A provider hears that its receipt was
//! taken only when it is kept; while the database is away, it waits a few seconds for it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use metrics::counter;
use sqlx::PgPool;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::channels::sms::{NotTaken, ReceiptTaker};
use crate::messages::{IdForm, Receipt, Reference, redact};
use crate::store::outbox::{self, StoredReceipt};
use crate::store::phones;

use super::super::clock::Clock;
use super::line::LinePlan;

/// Batches that are written at once.
const LANES: usize = 2;
/// Receipts in one.
const AT_ONCE: usize = 500;
/// A receipt waits so long for the database; Twilio waits 15 s for us.
const PATIENCE: Duration = Duration::from_secs(8);
/// After a failure of the database.
const PAUSE: Duration = Duration::from_millis(250);

type Request = (StoredReceipt, oneshot::Sender<bool>);

/// Takes what providers tell.
pub struct Receipts {
    queue: mpsc::Sender<Request>,
    pool: PgPool,
    clock: Clock,
    ids: BTreeMap<String, IdForm>,
}

impl Receipts {
    pub(super) fn start(pool: PgPool, clock: Clock, lines: &[LinePlan]) -> Self {
        let (queue, requests) = mpsc::channel(AT_ONCE * 8);
        let requests = Arc::new(Mutex::new(requests));
        for _ in 0..LANES {
            tokio::spawn(write(pool.clone(), Arc::clone(&requests)));
        }
        let ids = lines.iter().map(|line| (line.name.clone(), line.ids)).collect();
        Self { queue, pool, clock, ids }
    }

    /// The reference in its normal form; none where no message has one like it: what the store
    /// refuses would keep the receipts beside it from being written.
    fn normal(&self, provider: &str, reference: Reference) -> Option<Reference> {
        let Reference::Theirs(id) = reference else { return Some(reference) };
        let id = self.ids.get(provider).copied().unwrap_or_default().of_receipt(&id);
        (!id.chars().any(char::is_control)).then_some(Reference::Theirs(id))
    }

    async fn keep(&self, provider: &str, receipt: Receipt) -> Result<(), NotTaken> {
        let told = receipt.told.map_or("other", crate::messages::Told::name);
        counter!("mamacare_receipts_total", "provider" => provider.to_owned(), "told" => told).increment(1);
        let Some(told) = receipt.told else {
            let words = redact(&receipt.words);
            tracing::warn!(provider, words, "a receipt with a word that is not known; nothing is changed");
            return Ok(());
        };
        let stored = StoredReceipt {
            provider: provider.to_owned(),
            reference: receipt.reference,
            told,
            words: redact(&receipt.words),
            at: self.clock.now(),
        };
        let (done, written) = oneshot::channel();
        self.queue.send((stored, done)).await.map_err(|_| NotTaken)?;
        match written.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(NotTaken),
        }
    }

    /// The number of a message whose receipt says that its owner wants none.
    async fn stop_by_receipt(&self, provider: &str, reference: &Reference) -> Result<(), sqlx::Error> {
        let Some(phone) = outbox::phone_of(&self.pool, provider, reference).await? else { return Ok(()) };
        let now = self.clock.now();
        let mut work = self.pool.begin().await?;
        phones::set_stopped(&mut work, &phone, Some(now)).await?;
        outbox::cancel_all_but_pins(&mut work, &phone, now).await?;
        work.commit().await
    }
}

impl ReceiptTaker for Receipts {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    async fn receipts(&self, provider: &str, receipts: Vec<Receipt>) -> Result<(), NotTaken> {
        for receipt in receipts {
            let Some(reference) = self.normal(provider, receipt.reference) else {
                tracing::warn!(provider, "a receipt with an id that no answer holds; nothing is changed");
                continue;
            };
            let receipt = Receipt { reference, ..receipt };
            let stops = receipt.opted_out.then(|| receipt.reference.clone());
            self.keep(provider, receipt).await?;
            if let Some(reference) = stops {
                self.stop_by_receipt(provider, &reference).await.map_err(|_| NotTaken)?;
            }
        }
        Ok(())
    }
}

async fn write(pool: PgPool, requests: Arc<Mutex<mpsc::Receiver<Request>>>) {
    let mut gathered: Vec<Request> = Vec::with_capacity(AT_ONCE);
    loop {
        if requests.lock().await.recv_many(&mut gathered, AT_ONCE).await == 0 {
            return;
        }
        // Of two receipts for one message, the second goes into the next round.
        let mut rest = std::mem::take(&mut gathered);
        while !rest.is_empty() {
            let mut seen = HashSet::new();
            let (round, later): (Vec<_>, Vec<_>) = rest
                .into_iter()
                .partition(|(receipt, _)| seen.insert((receipt.provider.clone(), receipt.reference.clone())));
            let (receipts, done): (Vec<StoredReceipt>, Vec<_>) = round.into_iter().unzip();
            let kept = keep_all(&pool, &receipts).await;
            for done in done {
                let _ = done.send(kept);
            }
            rest = later;
        }
    }
}

async fn keep_all(pool: &PgPool, receipts: &[StoredReceipt]) -> bool {
    let begun = Instant::now();
    loop {
        match keep_once(pool, receipts).await {
            Ok(()) => return true,
            Err(error) if begun.elapsed() < PATIENCE => {
                tracing::debug!(%error, "receipts wait for the database");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => {
                tracing::warn!(%error, count = receipts.len(), "receipts could not be kept");
                return false;
            }
        }
    }
}

/// What a receipt says is written to its message, or waits for it. Both sides write first and look
/// then, so that a message that is marked at the same moment is not missed.
async fn keep_once(pool: &PgPool, receipts: &[StoredReceipt]) -> Result<(), sqlx::Error> {
    let untold = outbox::receive(pool, receipts).await?;
    let early: Vec<StoredReceipt> = untold.iter().filter_map(|place| receipts.get(*place)).cloned().collect();
    if early.is_empty() {
        return Ok(());
    }
    outbox::park(pool, &early).await?;
    let ids: Vec<(String, String)> = early
        .into_iter()
        .filter_map(|receipt| match receipt.reference {
            Reference::Theirs(id) => Some((receipt.provider, id)),
            Reference::Ours(_) => None,
        })
        .collect();
    outbox::settle(pool, &ids).await
}
