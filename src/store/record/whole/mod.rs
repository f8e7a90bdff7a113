//! Whole records, many in one transaction: the reads that come most often. A record is read from its
//! copy, or where that does not count, from its parts.

pub mod copies;
mod parts;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use super::super::trail::Line;
use super::appointments::Appointment;
use super::births::Birth;
use super::pregnancies::Pregnancy;
use super::prescriptions::Prescription;
use super::reach::{self, Patient};
use super::visits::Visit;

pub use copies::SealedCopy;
pub use parts::Parts;

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
pub enum Access<T> {
    /// The record: she is in the facility's care, her record was opened with a reason, or it is her own.
    Open(T),
    /// There is such a patient, and this account may not read her record.
    Refused,
    /// There is no such patient, or her record may not be kept.
    Nobody,
}

impl<T> Access<T> {
    /// The same of what the record is made into.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Access<U> {
        match self {
            Self::Open(record) => Access::Open(make(record)),
            Self::Refused => Access::Refused,
            Self::Nobody => Access::Nobody,
        }
    }
}

#[derive(sqlx::FromRow)]
struct Reach {
    kept: bool,
    let_in: bool,
    wrapped_key: Option<Vec<u8>>,
    sealed: Option<Vec<u8>>,
}

/// Where there is a copy of a record that may be read, gives it and writes `lines` of it to the trail, in one
/// statement: outside of a transaction it is one, and its lines are safe when it returns. Where a record may be
/// read and no copy of it counts, it has to be [`read`].
///
/// A line says who looked at what and gives no reason.
pub async fn glance(
    connection: &mut PgConnection,
    asked: &[Asked],
    lines: &[Line],
    now: DateTime<Utc>,
) -> Result<Vec<Access<Option<SealedCopy>>>, StoreError> {
    let reach = let_in(connection, asked, lines, now, Some(copies::FORM)).await?;
    let glance = |(asked, reach): (&Asked, Reach)| match (reach.wrapped_key, reach.sealed) {
        (Some(wrapped_key), Some(sealed)) => {
            Access::Open(Some(SealedCopy { patient: asked.patient, wrapped_key, sealed }))
        }
        _ if reach.let_in => Access::Open(None),
        _ if reach.kept => Access::Refused,
        _ => Access::Nobody,
    };
    Ok(asked.iter().zip(reach).map(glance).collect())
}

/// The records that are asked for, in that order, put together from their parts in a transaction of
/// [`Scope::Records`]: the database decides which of them are open to whom.
///
/// [`Scope::Records`]: super::super::scope::Scope::Records
pub async fn read(
    work: &mut PgConnection,
    asked: &[Asked],
    now: DateTime<Utc>,
) -> Result<Vec<Access<Box<Parts>>>, StoreError> {
    let reach = let_in(work, asked, &[], now, None).await?;
    let patients: Vec<Uuid> =
        asked.iter().zip(&reach).filter_map(|(asked, reach)| reach.let_in.then_some(asked.patient)).collect();
    let mut records = parts::of(work, &patients).await?.into_iter();
    let found = |at: usize| match reach.get(at) {
        Some(reach) if reach.let_in => {
            records.next().flatten().map_or(Access::Nobody, |record| Access::Open(Box::new(record)))
        }
        Some(reach) if reach.kept => Access::Refused,
        _ => Access::Nobody,
    };
    Ok((0..asked.len()).map(found).collect())
}

/// Asks who is let in; gives out copies of that form to whom `lines` are of.
async fn let_in(
    connection: &mut PgConnection,
    asked: &[Asked],
    lines: &[Line],
    now: DateTime<Utc>,
    form: Option<i16>,
) -> Result<Vec<Reach>, sqlx::Error> {
    sqlx::query_as(
        "SELECT kept, let_in, wrapped_key, sealed
         FROM mamacare_open_records($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(asked.iter().map(|asked| asked.patient).collect::<Vec<_>>())
    .bind(asked.iter().map(|asked| asked.account).collect::<Vec<_>>())
    .bind(asked.iter().map(|asked| asked.facility).collect::<Vec<_>>())
    .bind(reach::seen_since(now.date_naive()))
    .bind(reach::referred_since(now))
    .bind(form)
    .bind(
        asked.iter().enumerate().map(|(at, _)| lines.get(at).map_or(now, |line| line.at)).collect::<Vec<_>>(),
    )
    .bind(lines.iter().map(|line| line.doer.staff).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.doer.role.as_deref()).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.doer.facility).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.act).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.what).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.doer.sign_in.as_bytes().as_slice()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await
}
