//! Whole records, many in one transaction: the reads that come most often. A record is read from its
//! copy, or where that does not count, from its parts.

pub mod copies;
mod parts;

use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use super::appointments::Appointment;
use super::births::Birth;
use super::pregnancies::Pregnancy;
use super::prescriptions::Prescription;
use super::reach::Patient;
use super::visits::Visit;
use crate::privacy::Vault;
use copies::SealedCopy;
use parts::Parts;

/// Everything that a clinician looks at first.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Who.
    pub patient: Patient,
    /// The newest visits.
    pub visits: Vec<Visit>,
    /// All pregnancies.
    pub pregnancies: Vec<Pregnancy>,
    /// All children.
    pub births: Vec<Birth>,
    /// The newest medicines.
    pub prescriptions: Vec<Prescription>,
    /// The newest appointments.
    pub appointments: Vec<Appointment>,
}

/// Whose record is asked for, and by whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asked {
    /// Whose.
    pub patient: Uuid,
    /// The account that asks; of a patient who asks for her own, her id.
    pub account: Uuid,
    /// Where the account works; none of a patient.
    pub facility: Option<i32>,
}

/// What there is for who asked.
#[derive(Debug)]
pub enum Found {
    /// The record: she is in the facility's care, her record was opened with a reason, or it is her own.
    Open(Box<Closed>),
    /// There is such a patient, and this account may not read her record.
    Refused,
    /// There is no such patient, or her record may not be kept.
    Nobody,
}

/// A record as it is stored, sealed.
#[derive(Debug)]
pub struct Closed(Stored);

#[derive(Debug)]
enum Stored {
    Copy(SealedCopy),
    Parts(Parts),
}

impl Closed {
    /// Whether it is read from its copy.
    pub const fn is_copy(&self) -> bool {
        matches!(self.0, Stored::Copy(_))
    }

    /// The record, opened.
    pub fn open(self, vault: &Vault) -> Result<Whole, StoreError> {
        match self.0 {
            Stored::Copy(copy) => copy.open(vault),
            Stored::Parts(parts) => parts.open(vault),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Reach {
    kept: bool,
    in_care: bool,
    opened: bool,
}

/// The records that are asked for, in that order, in a transaction of [`Scope::Records`]: the database
/// decides which of them are open to whom.
///
/// [`Scope::Records`]: super::super::scope::Scope::Records
pub async fn read(work: &mut PgConnection, asked: &[Asked]) -> Result<Vec<Found>, StoreError> {
    let reach: Vec<Reach> =
        sqlx::query_as("SELECT kept, in_care, opened FROM mamacare_open_records($1, $2, $3)")
            .bind(asked.iter().map(|asked| asked.patient).collect::<Vec<_>>())
            .bind(asked.iter().map(|asked| asked.account).collect::<Vec<_>>())
            .bind(asked.iter().map(|asked| asked.facility).collect::<Vec<_>>())
            .fetch_all(&mut *work)
            .await?;
    let open = |reach: &Reach| reach.in_care || reach.opened;
    let patients: Vec<Uuid> =
        asked.iter().zip(&reach).filter_map(|(asked, reach)| open(reach).then_some(asked.patient)).collect();
    let mut records = closed(work, &patients).await?.into_iter();
    let found = |at| match reach.get(at) {
        Some(reach) if open(reach) => {
            records.next().flatten().map_or(Found::Nobody, |record| Found::Open(Box::new(record)))
        }
        Some(reach) if reach.kept => Found::Refused,
        _ => Found::Nobody,
    };
    Ok((0..asked.len()).map(found).collect())
}

/// The records of these patients; none for one of whom the transaction sees nothing.
async fn closed(work: &mut PgConnection, patients: &[Uuid]) -> Result<Vec<Option<Closed>>, sqlx::Error> {
    if patients.is_empty() {
        return Ok(Vec::new());
    }
    let copies = copies::of(work, patients).await?;
    let uncopied: Vec<Uuid> = patients
        .iter()
        .zip(&copies)
        .filter_map(|(patient, copy)| copy.is_none().then_some(*patient))
        .collect();
    let mut parts = parts::of(work, &uncopied).await?.into_iter();
    let stored = |copy: Option<SealedCopy>| match copy {
        Some(copy) => Some(Stored::Copy(copy)),
        None => parts.next().flatten().map(Stored::Parts),
    };
    Ok(copies.into_iter().map(stored).map(|stored| stored.map(Closed)).collect())
}
