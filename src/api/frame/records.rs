//! Whole records, read by clinicians more often than all else. Reads that come at the same time share a
//! transaction, in which it is written down who read what.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::Problem;
use crate::privacy::Vault;
use crate::store::StoreError;
use crate::store::record::whole::{self, Asked, Found, Whole};
use crate::store::scope::Scope;
use crate::store::trail::{self, Line};

/// Most records of one transaction.
const MOST: usize = 64;

/// Transactions at a time: while PostgreSQL works at one, the node gathers the next.
const LANES: usize = 2;

/// A record that is asked for, the line of the trail for it, and where the answer goes.
struct Waiting {
    asked: Asked,
    line: Line,
    answer: oneshot::Sender<Result<Found, Problem>>,
}

/// What became of a question.
#[derive(Debug)]
pub enum Record {
    /// The record; the read stands in the trail.
    Open(Box<Whole>),
    /// There is such a patient, and whoever asks may not read her record.
    Refused,
    /// There is no such patient.
    Nobody,
}

/// Reads records. Clone it freely; its lanes end with the last clone.
#[derive(Clone)]
pub struct Records {
    asking: mpsc::Sender<Waiting>,
    vault: Arc<Vault>,
}

impl Records {
    /// Starts the lanes; must be called within the runtime. The pool's connections are the API's.
    pub fn start(scoped: &PgPool, vault: &Arc<Vault>) -> Self {
        let (asking, arriving) = mpsc::channel(4096);
        let arriving = Arc::new(Mutex::new(arriving));
        for _ in 0..LANES {
            tokio::spawn(lane(scoped.clone(), Arc::clone(vault), Arc::clone(&arriving)));
        }
        Self { asking, vault: Arc::clone(vault) }
    }

    /// The record that is asked for. Where it is open, `line` is safe in the trail before it is given.
    pub async fn read(&self, asked: Asked, line: Line) -> Result<Record, Problem> {
        let (answer, answered) = oneshot::channel();
        self.asking.send(Waiting { asked, line, answer }).await.map_err(|_| Problem::busy())?;
        Ok(match answered.await.map_err(|_| Problem::busy())?? {
            Found::Open(closed) => Record::Open(Box::new(closed.open(&self.vault)?)),
            Found::Refused => Record::Refused,
            Found::Nobody => Record::Nobody,
        })
    }
}

async fn lane(scoped: PgPool, vault: Arc<Vault>, arriving: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    let mut together = Vec::with_capacity(MOST);
    loop {
        let count = arriving.lock().await.recv_many(&mut together, MOST).await;
        if count == 0 {
            return;
        }
        match read(&scoped, &vault, &together).await {
            Ok(found) => {
                for (waiting, found) in together.drain(..).zip(found) {
                    // Who has given up in the meantime misses nothing: the trail says that it was read.
                    let _ = waiting.answer.send(Ok(found));
                }
            }
            Err(error) => {
                tracing::error!(%error, records = count, "records could not be read");
                for waiting in together.drain(..) {
                    let _ = waiting.answer.send(Err(Problem::busy()));
                }
            }
        }
    }
}

async fn read(scoped: &PgPool, vault: &Vault, together: &[Waiting]) -> Result<Vec<Found>, StoreError> {
    let Some(now) = together.iter().map(|waiting| waiting.line.at).max() else { return Ok(Vec::new()) };
    let asked: Vec<Asked> = together.iter().map(|waiting| waiting.asked).collect();
    let mut work = Scope::Records.begin(scoped, now).await?;
    let found = whole::read(&mut work, &asked).await?;
    let seen: Vec<Line> = together
        .iter()
        .zip(&found)
        .filter(|(_, found)| matches!(found, Found::Open(_)))
        .map(|(waiting, _)| waiting.line.clone())
        .collect();
    trail::add(&mut work, vault.keyring(), &seen).await?;
    work.commit().await?;
    Ok(found)
}
