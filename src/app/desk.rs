//! The help desk: what staff are to do, as an account of theirs may see it. Whose record is opened
//! for it stands in the audit trail.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::care::Msisdn;
use crate::care::calendar::local_day;
use crate::privacy::Vault;
use crate::store::access::{Act, record_by_staff};
use crate::store::inbound::{self, Inbound};
use crate::store::staff::{StaffAccount, StaffError};
use crate::store::tasks::{self, Task, Whose};
use crate::store::{StoreError, holds, numbers, people};

/// Tasks that are listed.
const MOST: u16 = 200;

/// Somebody of the staff at the help desk.
pub struct Desk<'a> {
    /// Sealing.
    pub vault: &'a Vault,
    /// Who.
    pub staff: StaffAccount,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Why something cannot be seen or done at the desk.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// No account.
    #[error("no active staff account has the address {0}")]
    Stranger(String),
    /// No task.
    #[error("no open task of this account ends in {0:?}: `mamacare desk list` shows those there are")]
    NoTask(String),
    /// Several tasks.
    #[error("more than one task ends in {0:?}: give more of its end")]
    Several(String),
    /// The accounts.
    #[error(transparent)]
    Staff(#[from] StaffError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Whom a task is about.
#[derive(Clone, Eq, PartialEq)]
pub struct About {
    /// Her name, as it was registered.
    pub name: String,
    /// Her numbers that take messages.
    pub numbers: Vec<Msisdn>,
}

impl std::fmt::Debug for About {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "About({:?}, …)", self.numbers)
    }
}

/// A task, opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenTask {
    /// The task.
    pub task: Task,
    /// The message that it came by.
    pub message: Option<Inbound>,
    /// Whom it is about, where that is one woman.
    pub about: Option<About>,
    /// Whether messages to her, or to those who share the number, are held.
    pub held: bool,
}

impl<'a> Desk<'a> {
    /// The desk, for the account of an address.
    pub async fn open(
        work: &mut PgConnection,
        vault: &'a Vault,
        email: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, DeskError> {
        let staff = StaffAccount::active(email, vault.keyring(), work).await?;
        let staff = staff.ok_or_else(|| DeskError::Stranger(email.to_owned()))?;
        Ok(Self { vault, staff, now })
    }

    /// What is to be done, the urgent first: of the account's facility, or of all where it has none.
    pub async fn list(&self, work: &mut PgConnection) -> Result<Vec<Task>, DeskError> {
        let whose = self.staff.facility.map_or(Whose::All, Whose::Facility);
        Ok(tasks::undone(work, self.vault.keyring(), whose, MOST).await?)
    }

    /// Opens the task whose id ends so.
    pub async fn show(&self, work: &mut PgConnection, end: &str) -> Result<OpenTask, DeskError> {
        let task = self.find(work, end).await?;
        let message = match task.inbound {
            Some(id) => inbound::open(work, self.vault.keyring(), id).await?,
            None => None,
        };
        let about = match task.person {
            Some(id) => self.about(work, id).await?,
            None => None,
        };
        let mut held = false;
        for person in self.meant(work, &task).await? {
            held |= holds::lasts(work, person, self.now).await?;
        }
        Ok(OpenTask { task, message, about, held })
    }

    /// Closes the task whose id ends so; where messages were held by mistake, they go on from today.
    pub async fn finish(
        &self,
        work: &mut PgConnection,
        end: &str,
        result: &str,
        release: bool,
    ) -> Result<Task, DeskError> {
        let mut work = work.begin().await?;
        let task = self.find(&mut work, end).await?;
        let keyring = self.vault.keyring();
        if !tasks::finish(&mut work, keyring, task.id, self.staff.id, result, self.now).await? {
            return Err(DeskError::NoTask(end.to_owned()));
        }
        if release {
            let meant = self.meant(&mut work, &task).await?;
            holds::lift(&mut work, &meant, false, self.now).await?;
            for person in meant {
                record_by_staff(&mut work, &self.staff, person, Act::Change, "messages", self.now).await?;
            }
        }
        work.commit().await?;
        Ok(task)
    }

    async fn find(&self, work: &mut PgConnection, end: &str) -> Result<Task, DeskError> {
        let mut found = tasks::ending(work, self.vault.keyring(), end).await?;
        found.retain(|task| self.staff.facility.is_none() || task.facility == self.staff.facility);
        match (found.pop(), found.is_empty()) {
            (None, _) => Err(DeskError::NoTask(end.to_owned())),
            (Some(_), false) => Err(DeskError::Several(end.to_owned())),
            (Some(task), true) => Ok(task),
        }
    }

    /// Whom a task is about: one woman, or all who share the number that it came from.
    async fn meant(&self, work: &mut PgConnection, task: &Task) -> Result<Vec<Uuid>, DeskError> {
        match (task.person, &task.phone) {
            (Some(person), _) => Ok(vec![person]),
            (None, Some(phone)) => {
                let sharers = numbers::sharers(work, phone, local_day(self.now)).await?;
                Ok(sharers.into_iter().map(|sharer| sharer.person).collect())
            }
            (None, None) => Ok(Vec::new()),
        }
    }

    async fn about(&self, work: &mut PgConnection, person: Uuid) -> Result<Option<About>, DeskError> {
        let Some(person) = people::open(work, self.vault, person).await? else { return Ok(None) };
        record_by_staff(work, &self.staff, person.id, Act::Read, "profile", self.now).await?;
        let numbers = people::open_numbers(work, &person.key).await?;
        let identity = &person.identity;
        Ok(Some(About {
            name: format!("{} {}", identity.given, identity.family).trim().to_owned(),
            numbers: numbers.into_iter().map(|(_, number)| number).collect(),
        }))
    }
}
