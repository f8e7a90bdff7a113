//! Whole records, read by clinicians more often than all else. Reads that come at the same time share a
//! transaction, in which it is written down who read what.

use std::sync::Arc;

use sqlx::PgPool;

use super::Problem;
use crate::privacy::Vault;
use crate::store::StoreError;
use crate::store::batch::{Batcher, Lane, Line as Connection, in_time};
use crate::store::record::whole::{self, Asked, Found, Whole};
use crate::store::scope::Scope;
use crate::store::trail::{self, Line};

/// Most records of one transaction.
const MOST: usize = 64;

/// Transactions under way at once, where one is held up.
const LANES: usize = 3;

/// A record that is asked for, and the line of the trail for it.
type Question = (Asked, Line);

/// What is found, or that the database could not say.
type Answer = Result<Found, Problem>;

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

/// Reads records.
pub struct Records {
    questions: Batcher<Question, Answer>,
    vault: Arc<Vault>,
}

impl Records {
    /// Starts the lanes; must be called within the runtime. The pool's connections are the API's.
    pub fn start(scoped: &PgPool, vault: &Arc<Vault>) -> Self {
        let lane =
            |_| Reader { connection: Connection::new(scoped.connect_options()), vault: Arc::clone(vault) };
        Self { questions: Batcher::start((0..LANES).map(lane), MOST), vault: Arc::clone(vault) }
    }

    /// The record that is asked for. Where it is open, `line` is safe in the trail before it is given.
    pub async fn read(&self, asked: Asked, line: Line) -> Result<Record, Problem> {
        let found = self.questions.ask((asked, line)).await.ok_or_else(Problem::busy)??;
        Ok(match found {
            Found::Open(closed) => {
                let from = if closed.is_copy() { "copy" } else { "parts" };
                metrics::counter!("mamacare_record_reads_total", "from" => from).increment(1);
                Record::Open(Box::new(closed.open(&self.vault)?))
            }
            Found::Refused => Record::Refused,
            Found::Nobody => Record::Nobody,
        })
    }
}

/// Reads what many ask for in one transaction.
struct Reader {
    connection: Connection,
    vault: Arc<Vault>,
}

impl Lane<Question, Answer> for Reader {
    async fn work(&mut self, together: Vec<Question>) -> Vec<Answer> {
        match in_time(self.read(&together)).await {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(error) => {
                tracing::error!(%error, records = together.len(), "records could not be read");
                together.iter().map(|_| Err(Problem::busy())).collect()
            }
        }
    }
}

impl Reader {
    async fn read(&mut self, together: &[Question]) -> Result<Vec<Found>, StoreError> {
        let Some(now) = together.iter().map(|(_, line)| line.at).max() else { return Ok(Vec::new()) };
        let asked: Vec<Asked> = together.iter().map(|(asked, _)| *asked).collect();
        let mut connection = self.connection.take().await?;
        let mut work = Scope::Records.begin_on(&mut connection, now).await?;
        let found = whole::read(&mut work, &asked).await?;
        let seen: Vec<Line> = together
            .iter()
            .zip(&found)
            .filter(|(_, found)| matches!(found, Found::Open(_)))
            .map(|((_, line), _)| line.clone())
            .collect();
        trail::add(&mut work, self.vault.keyring(), &seen).await?;
        work.commit().await?;
        self.connection.keep(connection);
        Ok(found)
    }
}
