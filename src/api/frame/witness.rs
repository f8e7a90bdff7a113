//! Writes down who read what before the answer leaves. A commit for each read would be slow, so
//! reads that come at the same time share one.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use super::Problem;
use crate::privacy::Keyring;
use crate::store::trail::{self, Line};

/// Most lines in one commit.
const MOST: usize = 512;

type Noted = (Vec<Line>, oneshot::Sender<bool>);

/// Takes lines for the trail. Clone it freely; it ends with the last clone.
#[derive(Clone, Debug)]
pub struct Witness(mpsc::Sender<Noted>);

impl Witness {
    /// Starts to write; must be called within the runtime.
    pub fn start(pool: PgPool, keyring: Arc<Keyring>) -> Self {
        let (sender, receiver) = mpsc::channel(4096);
        tokio::spawn(write(pool, keyring, receiver));
        Self(sender)
    }

    /// Returns once the lines are in the trail. What could not be written down is not shown.
    pub async fn note(&self, lines: Vec<Line>) -> Result<(), Problem> {
        let (written, when) = oneshot::channel();
        self.0.send((lines, written)).await.map_err(|_| Problem::busy())?;
        if when.await == Ok(true) { Ok(()) } else { Err(Problem::busy()) }
    }
}

async fn write(pool: PgPool, keyring: Arc<Keyring>, mut arriving: mpsc::Receiver<Noted>) {
    let mut together: Vec<Noted> = Vec::new();
    while arriving.recv_many(&mut together, MOST).await > 0 {
        let lines: Vec<Line> = together.iter().flat_map(|(lines, _)| lines.iter().cloned()).collect();
        let written = async {
            let mut connection = pool.acquire().await?;
            trail::add(&mut connection, &keyring, &lines).await
        };
        let done = match written.await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, lines = lines.len(), "the audit trail could not be written");
                false
            }
        };
        for (_, told) in together.drain(..) {
            // Who has given up in the meantime misses nothing.
            let _ = told.send(done);
        }
    }
}
