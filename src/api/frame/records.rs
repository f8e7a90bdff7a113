//! Whole records, read by clinicians more often than all else. Reads that come at the same time share a
//! statement, or where there is no copy of a record, a transaction; in it is written down who read what.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::Problem;
use crate::privacy::Vault;
use crate::store::StoreError;
use crate::store::batch::{Batcher, Gather, Lane, Line as Connection, in_time};
use crate::store::record::whole::{self, Asked, Found, Glance, Parts, SealedCopy, Whole};
use crate::store::scope::Scope;
use crate::store::trail::{self, Line};

/// While PostgreSQL reads for some, the node opens and shows what it read for others.
const GATHER: Gather = Gather { most: 64, at_once: 2, pace: Duration::from_millis(1) };

/// Reads under way at once, where some are held up.
const LANES: usize = 4;

/// A record that is asked for, and the line of the trail for it.
type Question = (Asked, Line);

/// What is found, still sealed, or that the database could not say.
type Answer = Result<Sealed, Problem>;

/// A record as it is stored.
enum Sealed {
    Copy(SealedCopy),
    Parts(Box<Parts>),
    Refused,
    Nobody,
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
        Self { questions: Batcher::start((0..LANES).map(lane), GATHER), vault: Arc::clone(vault) }
    }

    /// The record that is asked for. Where it is open, `line` is safe in the trail before it is given.
    pub async fn read(&self, asked: Asked, line: Line) -> Result<Record, Problem> {
        let sealed = self.questions.ask((asked, line)).await.ok_or_else(Problem::busy)??;
        let read = |from: &'static str, record: Whole| {
            metrics::counter!("mamacare_record_reads_total", "from" => from).increment(1);
            Record::Open(Box::new(record))
        };
        Ok(match sealed {
            Sealed::Copy(copy) => read("copy", copy.open(&self.vault)?),
            Sealed::Parts(parts) => read("parts", parts.open(&self.vault)?),
            Sealed::Refused => Record::Refused,
            Sealed::Nobody => Record::Nobody,
        })
    }
}

/// Reads what many ask for at once.
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
    async fn read(&mut self, together: &[Question]) -> Result<Vec<Sealed>, StoreError> {
        let Some(now) = together.iter().map(|(_, line)| line.at).max() else { return Ok(Vec::new()) };
        let (asked, lines): (Vec<Asked>, Vec<Line>) = together.iter().cloned().unzip();
        let mut connection = self.connection.take().await?;
        let glances = whole::glance(&mut connection, &asked, &lines, now).await?;
        let uncopied: Vec<Question> = together
            .iter()
            .zip(&glances)
            .filter(|(_, glance)| matches!(glance, Glance::Parts))
            .map(|(question, _)| question.clone())
            .collect();
        let mut parts = self.put_together(&mut connection, &uncopied, now).await?.into_iter();
        self.connection.keep(connection);
        let sealed = |glance| match glance {
            Glance::Copy(copy) => Sealed::Copy(copy),
            Glance::Parts => parts.next().unwrap_or(Sealed::Nobody),
            Glance::Refused => Sealed::Refused,
            Glance::Nobody => Sealed::Nobody,
        };
        Ok(glances.into_iter().map(sealed).collect())
    }

    /// Records of which no copy counts.
    async fn put_together(
        &self,
        connection: &mut PgConnection,
        together: &[Question],
        now: DateTime<Utc>,
    ) -> Result<Vec<Sealed>, StoreError> {
        if together.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<Asked> = together.iter().map(|(asked, _)| *asked).collect();
        let mut work = Scope::Records.begin_on(connection, now).await?;
        let found = whole::read(&mut work, &asked, now).await?;
        let seen: Vec<Line> = together
            .iter()
            .zip(&found)
            .filter(|(_, found)| matches!(found, Found::Open(_)))
            .map(|((_, line), _)| line.clone())
            .collect();
        trail::add(&mut work, self.vault.keyring(), &seen).await?;
        work.commit().await?;
        let sealed = |found| match found {
            Found::Open(parts) => Sealed::Parts(parts),
            Found::Refused => Sealed::Refused,
            Found::Nobody => Sealed::Nobody,
        };
        Ok(found.into_iter().map(sealed).collect())
    }
}
