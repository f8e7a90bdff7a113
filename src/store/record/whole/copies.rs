//! Copies of whole records: each one sealed row of `record_copy`, which counts while `record_change` says
//! nothing of its patient. They are written some time after a change; until then a record is put together
//! from its parts.

use chrono::serde::ts_microseconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::super::super::error::StoreError;
use super::super::super::sealed::{Identity, Sealed};
use super::super::appointments::Appointment;
use super::super::births::Birth;
use super::super::pregnancies::Pregnancy;
use super::super::prescriptions::Prescription;
use super::super::reach::Patient;
use super::super::visits::Visit;
use super::{Whole, parts};
use crate::privacy::{PersonKey, Vault};

/// `record_copy.sealed` (number 0). Whatever is added to it or to a part of it makes another version.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Content {
    identity: Identity,
    status: String,
    language: String,
    home_facility: Option<i32>,
    district: Option<String>,
    wording: String,
    #[serde(with = "ts_microseconds")]
    created_at: DateTime<Utc>,
    #[serde(with = "ts_microseconds")]
    updated_at: DateTime<Utc>,
    visits: Vec<Visit>,
    pregnancies: Vec<Pregnancy>,
    births: Vec<Birth>,
    prescriptions: Vec<Prescription>,
    appointments: Vec<Appointment>,
}

impl Sealed for Content {
    const TABLE: &'static str = "record_copy";
    const COLUMN: &'static str = "sealed";
}

impl From<Whole> for Content {
    fn from(record: Whole) -> Self {
        let Whole { patient, visits, pregnancies, births, prescriptions, appointments } = record;
        Self {
            identity: patient.identity,
            status: patient.status,
            language: patient.language,
            home_facility: patient.home_facility,
            district: patient.district,
            wording: patient.wording,
            created_at: patient.created_at,
            updated_at: patient.updated_at,
            visits,
            pregnancies,
            births,
            prescriptions,
            appointments,
        }
    }
}

impl Content {
    fn whole(self, key: PersonKey) -> Whole {
        Whole {
            patient: Patient {
                id: key.person(),
                key,
                identity: self.identity,
                status: self.status,
                language: self.language,
                home_facility: self.home_facility,
                district: self.district,
                wording: self.wording,
                created_at: self.created_at,
                updated_at: self.updated_at,
            },
            visits: self.visits,
            pregnancies: self.pregnancies,
            births: self.births,
            prescriptions: self.prescriptions,
            appointments: self.appointments,
        }
    }
}

/// The form of the copies that this program reads and writes.
pub(super) const FORM: i16 = Content::VERSION as i16;

/// A record's copy as it is stored.
#[derive(Debug)]
pub struct SealedCopy {
    pub(super) patient: Uuid,
    pub(super) wrapped_key: Vec<u8>,
    pub(super) sealed: Vec<u8>,
}

impl SealedCopy {
    /// The record, opened.
    pub fn open(self, vault: &Vault) -> Result<Whole, StoreError> {
        let key = vault.unwrap(self.patient, &self.wrapped_key)?;
        Ok(Content::open(&key, 0, &self.sealed)?.whole(key))
    }
}

/// Records that are copied at once.
const AT_ONCE: i64 = 64;

/// One node copies at a time: they would do each other's work.
const COPYING: i64 = 0x6d61_6d61_636f_7079;

/// Copies some of the records that have changed: how many. A record that does not open is left without
/// a copy, and says so to whoever reads it.
///
/// Notes that come while it works are not seen by its snapshot and stay. Where another node copied, or she
/// was erased, since this snapshot, PostgreSQL refuses this transaction (40001), and it counts as none.
pub async fn renew(connection: &mut PgConnection, vault: &Vault) -> Result<usize, StoreError> {
    match copy_some(connection, vault).await {
        Err(StoreError::Database(sqlx::Error::Database(error)))
            if error.code().as_deref() == Some("40001") =>
        {
            Ok(0)
        }
        other => other,
    }
}

async fn copy_some(connection: &mut PgConnection, vault: &Vault) -> Result<usize, StoreError> {
    let mut work = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
    let mine: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(COPYING)
        .fetch_one(&mut *work)
        .await?;
    if !mine {
        return Ok(0);
    }
    let patients: Vec<Uuid> =
        sqlx::query_scalar("SELECT person FROM record_change GROUP BY person ORDER BY person LIMIT $1")
            .bind(AT_ONCE)
            .fetch_all(&mut *work)
            .await?;
    if patients.is_empty() {
        work.rollback().await?;
        return Ok(0);
    }
    let (mut with, mut copies, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for (patient, record) in patients.iter().zip(parts::of(&mut work, &patients).await?) {
        match record.map(|record| record.open(vault)).transpose() {
            Ok(Some(record)) => {
                let key = record.patient.key.clone();
                with.push(*patient);
                copies.push(Content::from(record).seal(&key, 0));
            }
            // She withdrew her consent, or was erased.
            Ok(None) => without.push(*patient),
            Err(error) => {
                tracing::error!(%error, "a record does not open, and has no copy");
                without.push(*patient);
            }
        }
    }
    sqlx::query(
        "INSERT INTO record_copy (person, form, sealed)
         SELECT person, $3, sealed FROM unnest($1::uuid[], $2::bytea[]) AS copy (person, sealed)
         ON CONFLICT (person) DO UPDATE SET form = excluded.form, sealed = excluded.sealed",
    )
    .bind(with)
    .bind(copies)
    .bind(FORM)
    .execute(&mut *work)
    .await?;
    sqlx::query("DELETE FROM record_copy WHERE person = ANY ($1)").bind(without).execute(&mut *work).await?;
    sqlx::query("DELETE FROM record_change WHERE person = ANY ($1)")
        .bind(&patients)
        .execute(&mut *work)
        .await?;
    work.commit().await?;
    Ok(patients.len())
}

/// Notes the records whose copies an older program made, so that they are copied anew: how many.
pub async fn note_outdated(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let noted = sqlx::query(
        "INSERT INTO record_change (person, transaction)
         SELECT person, pg_current_xact_id() FROM record_copy WHERE form < $1 ON CONFLICT DO NOTHING",
    )
    .bind(FORM)
    .execute(connection)
    .await?;
    Ok(noted.rows_affected())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::Arc;

    use chrono::{NaiveDate, NaiveTime, TimeDelta};
    use sha2::{Digest, Sha256};

    use super::super::super::super::sealed::{
        ChildNote, Diagnosis, MedicineNote, PregnancyNote, Sex, VisitNote,
    };
    use super::super::super::births::BirthWords;
    use super::super::super::visits::VisitWords;
    use super::*;
    use crate::privacy::Keyring;

    fn one_of_each() -> Content {
        let day = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        let at = DateTime::UNIX_EPOCH + TimeDelta::microseconds(1_795_000_000_123_456);
        let text = |text: &str| text.to_owned();
        Content {
            identity: Identity {
                given: text("Aminata"),
                family: text("Example"),
                birth_year: Some(1998),
                birth_date: Some(day),
            },
            status: text("verified"),
            language: text("kri"),
            home_facility: Some(12),
            district: Some(text("bo")),
            wording: text("covert"),
            created_at: at,
            updated_at: at,
            visits: vec![Visit {
                number: 1,
                facility: 12,
                held_on: day,
                kind: text("illness"),
                note: VisitNote {
                    diagnoses: vec![Diagnosis { code: text("anaemia"), may_be_shown: true }],
                    treatment: text("Iron"),
                    pressure: Some((110, 70)),
                    weight: Some(615),
                    haemoglobin: Some(98),
                },
                words: VisitWords { diagnosis: text("a"), medication: text("b"), clinician: text("c") },
                author: Some(Uuid::from_u128(2)),
                created_at: at,
                updated_at: at,
            }],
            pregnancies: vec![Pregnancy {
                number: 1,
                status: text("ended"),
                due_on: Some(day),
                dated_by: text("scan"),
                precision: text("day"),
                note: PregnancyNote { children: Some(2), outcome: Some(text("birth")) },
                ended_on: Some(day),
                created_at: at,
                updated_at: at,
            }],
            births: vec![Birth {
                number: 1,
                born_on: day,
                status: text("living"),
                note: ChildNote {
                    name: text("Ibrahim"),
                    sex: Some(Sex::Male),
                    birth_weight: Some(3100),
                    closed: Some(text("d")),
                },
                words: BirthWords { birth_type: text("e"), location: text("f"), notes: text("g") },
                created_at: at,
                updated_at: at,
            }],
            prescriptions: vec![Prescription {
                number: 1,
                facility: Some(12),
                started_on: day,
                until_on: day,
                stopped_on: Some(day),
                note: MedicineNote {
                    code: text("iron_folic_acid"),
                    name: text("h"),
                    dose: text("1 a day"),
                    may_be_shown: true,
                },
                prescribed: true,
                dispensed_at: Some(at),
                author: Some(Uuid::from_u128(3)),
                created_at: at,
                updated_at: at,
            }],
            appointments: vec![Appointment {
                person: Uuid::from_u128(1),
                number: 1,
                facility: 12,
                starts_on: day,
                starts_at: NaiveTime::from_hms_opt(9, 30, 0),
                purpose: text("antenatal"),
                status: text("booked"),
                created_at: at,
                updated_at: at,
            }],
        }
    }

    #[test]
    fn a_copy_opens_to_what_was_copied() {
        let (key, _) = Vault::new(Arc::new(Keyring::demo())).create(Uuid::from_u128(1));
        let copied = one_of_each();
        let opened = Content::open(&key, 0, &copied.seal(&key, 0)).unwrap();
        assert_eq!(opened, copied);
        assert_eq!(Content::from(opened.whole(key)), copied);
    }

    /// Whoever changes what is stored gives it another version: a program must not read the copies of
    /// another as its own.
    #[test]
    fn what_is_stored_has_not_changed_without_its_version() {
        let octets = postcard::to_stdvec(&one_of_each()).unwrap();
        let digest = Sha256::digest(&octets).iter().fold(String::new(), |mut digits, octet| {
            write!(digits, "{octet:02x}").unwrap();
            digits
        });
        assert_eq!(
            (Content::VERSION, octets.len(), digest.as_str()),
            (1, 465, "06e72fb0b48a6da7bd63a425bbdc53d9c9d303dc6e1266d36a4b2cf119fd2f5f")
        );
    }
}
