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
use crate::store::record::whole::{self, Access, Asked, Parts, SealedCopy, Whole};
use crate::store::scope::Scope;
use crate::store::trail::{self, Line};

/// While PostgreSQL reads for some, the node opens and shows what it read for others.
const GATHER: Gather = Gather { most: 64, at_once: 2, pace: Duration::from_millis(1) };

/// Reads under way at once, where some are held up.
const LANES: usize = 4;

/// A record that is asked for, and the line of the trail for it.
type Question = (Asked, Line);

/// What is found, or that the database could not say.
type Answer = Result<Access<Sealed>, Problem>;

/// A record as it is stored.
enum Sealed {
    Copy(SealedCopy),
    Parts(Box<Parts>),
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
    pub async fn read(&self, asked: Asked, line: Line) -> Result<Access<Whole>, Problem> {
        let (from, record) = match self.questions.ask((asked, line)).await.ok_or_else(Problem::busy)?? {
            Access::Open(Sealed::Copy(copy)) => ("copy", copy.open(&self.vault)?),
            Access::Open(Sealed::Parts(parts)) => ("parts", parts.open(&self.vault)?),
            Access::Refused => return Ok(Access::Refused),
            Access::Nobody => return Ok(Access::Nobody),
        };
        metrics::counter!("mamacare_record_reads_total", "from" => from).increment(1);
        Ok(Access::Open(record))
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
    async fn read(&mut self, together: &[Question]) -> Result<Vec<Access<Sealed>>, StoreError> {
        let Some(now) = together.iter().map(|(_, line)| line.at).max() else { return Ok(Vec::new()) };
        let (asked, lines): (Vec<Asked>, Vec<Line>) = together.iter().cloned().unzip();
        let mut connection = self.connection.take().await?;
        let glances = whole::glance(&mut connection, &asked, &lines, now).await?;
        let uncopied: Vec<Question> = together
            .iter()
            .zip(&glances)
            .filter(|(_, glance)| matches!(glance, Access::Open(None)))
            .map(|(question, _)| question.clone())
            .collect();
        let mut parts = self.put_together(&mut connection, &uncopied, now).await?.into_iter();
        self.connection.keep(connection);
        let sealed = |glance| match glance {
            Access::Open(Some(copy)) => Access::Open(Sealed::Copy(copy)),
            Access::Open(None) => parts.next().map_or(Access::Nobody, |parts| parts.map(Sealed::Parts)),
            Access::Refused => Access::Refused,
            Access::Nobody => Access::Nobody,
        };
        Ok(glances.into_iter().map(sealed).collect())
    }

    /// Records of which no copy counts.
    async fn put_together(
        &self,
        connection: &mut PgConnection,
        together: &[Question],
        now: DateTime<Utc>,
    ) -> Result<Vec<Access<Box<Parts>>>, StoreError> {
        if together.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<Asked> = together.iter().map(|(asked, _)| *asked).collect();
        let mut work = Scope::Records.begin_on(connection, now).await?;
        let found = whole::read(&mut work, &asked, now).await?;
        let seen: Vec<Line> = together
            .iter()
            .zip(&found)
            .filter(|(_, found)| matches!(found, Access::Open(_)))
            .map(|((_, line), _)| line.clone())
            .collect();
        trail::add(&mut work, self.vault.keyring(), &seen).await?;
        work.commit().await?;
        Ok(found)
    }
}
