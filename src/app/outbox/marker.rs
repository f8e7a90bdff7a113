//! Marks, gathered: what arrives while a batch is being written goes into the next. A mark waits
//! until it is written, however long the database is away.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;

use crate::messages::Hours;
use crate::store::outbox::{self, Mark};

/// Batches that are written at once.
const LANES: u8 = 2;
/// Marks in one.
const AT_ONCE: usize = 500;
/// After a failure of the database.
const PAUSE: Duration = Duration::from_millis(250);

type Request = (Mark, oneshot::Sender<()>);

pub(super) struct Marker(mpsc::Sender<Request>);

impl Marker {
    pub(super) fn start(pool: &PgPool, owner: Uuid, hours: Hours) -> Self {
        let (queue, requests) = mpsc::channel(AT_ONCE * 8);
        let requests = Arc::new(Mutex::new(requests));
        let first = owner.as_bytes().last().copied().unwrap_or_default() / LANES * LANES;
        for lane in 0..LANES {
            let desk = Desk { pool: pool.clone(), owner, hours, slot: first + lane };
            tokio::spawn(desk.write(Arc::clone(&requests)));
        }
        Self(queue)
    }

    /// Returns when the mark is written, with whether it was: the database may refuse it.
    #[must_use]
    pub(super) async fn mark(&self, mark: Mark) -> bool {
        let (done, written) = oneshot::channel();
        self.0.send((mark, done)).await.is_ok() && written.await.is_ok()
    }
}

/// Writes batches, one after the other.
struct Desk {
    pool: PgPool,
    owner: Uuid,
    hours: Hours,
    slot: u8,
}

impl Desk {
    async fn write(self, requests: Arc<Mutex<mpsc::Receiver<Request>>>) {
        let mut gathered = Vec::with_capacity(AT_ONCE);
        loop {
            if requests.lock().await.recv_many(&mut gathered, AT_ONCE).await == 0 {
                return;
            }
            let (marks, done): (Vec<Mark>, Vec<oneshot::Sender<()>>) = gathered.drain(..).unzip();
            let all = self.write_all(&marks).await;
            for (mark, done) in marks.iter().zip(done) {
                // One of them is refused for what it holds; the others are not to suffer for it.
                if all || self.write_alone(mark).await {
                    let _ = done.send(());
                }
            }
        }
    }

    /// The mark by itself; without the provider's words where these are what is refused. What became
    /// of a message matters more than how it was told.
    async fn write_alone(&self, mark: &Mark) -> bool {
        self.write_all(std::slice::from_ref(mark)).await || self.write_all(&[mark.bare()]).await
    }

    /// Tries until it is written; false where the database refuses the values themselves.
    async fn write_all(&self, marks: &[Mark]) -> bool {
        let Some(day) = marks.first().map(|mark| self.hours.day(mark.at)) else { return true };
        loop {
            match outbox::mark(&self.pool, self.owner, day, self.slot, marks).await {
                Ok(overtaken) => {
                    if !overtaken.is_empty() {
                        tracing::info!(
                            count = overtaken.len(),
                            "messages had changed before they were marked"
                        );
                    }
                    self.settle(&outbox::ids(marks)).await;
                    return true;
                }
                Err(error) if is_refusal(&error) => {
                    let id = marks.first().map(|mark| mark.id);
                    tracing::error!(message = id, count = marks.len(), %error, "marks were refused");
                    return false;
                }
                Err(error) => {
                    tracing::warn!(%error, count = marks.len(), "marks wait for the database");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

impl Desk {
    /// Gives receipts that came early to their messages. By itself: were the marks written again for
    /// it, what they cost would be counted twice.
    async fn settle(&self, ids: &[(String, String)]) {
        while let Err(error) = outbox::settle(&self.pool, ids).await {
            if is_refusal(&error) {
                tracing::error!(%error, "receipts that waited were refused");
                return;
            }
            tracing::warn!(%error, "receipts that waited wait for the database");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether the database refuses the values themselves, so that trying again changes nothing.
fn is_refusal(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code.starts_with("22") || code.starts_with("23"))
}
