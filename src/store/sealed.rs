//! What sealed columns hold, as compact octets (postcard) behind a version octet. A field that joins
//! a struct is a new version of it; the old one stays readable.

use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::privacy::{PersonKey, Place, Row, VaultError};

/// Why a sealed column could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// It does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// It opens, but holds what this program does not know.
    #[error("{table}.{column} holds version {found}, and this program reads version {read}: {reason}")]
    Form {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Version found.
        found: u8,
        /// Version that this program reads.
        read: u8,
        /// Postcard's words.
        reason: String,
    },
}

/// The content of a sealed column.
pub trait Sealed: Serialize + DeserializeOwned {
    /// Table.
    const TABLE: &'static str;
    /// Column.
    const COLUMN: &'static str;
    /// Version of the form.
    const VERSION: u8 = 1;

    /// Where row `number` of a person keeps it.
    fn place(number: i32) -> Place<'static> {
        Place { table: Self::TABLE, column: Self::COLUMN, row: Row::Number(number) }
    }

    /// Sealed for row `number` of the key's person.
    fn seal(&self, key: &PersonKey, number: i32) -> Vec<u8> {
        // Postcard writes these plain structs into memory; it has no way to fail there, and an
        // empty content would be refused on reading.
        let content = postcard::to_extend(self, vec![Self::VERSION]).unwrap_or_default();
        key.seal(Self::place(number), &content)
    }

    /// Opens the column of row `number` of the key's person.
    fn open(key: &PersonKey, number: i32, sealed: &[u8]) -> Result<Self, SealedError> {
        let content = key.open(Self::place(number), sealed)?;
        let (found, rest) = content.split_first().map_or((0, [].as_slice()), |(&found, rest)| (found, rest));
        let form = |reason: String| SealedError::Form {
            table: Self::TABLE,
            column: Self::COLUMN,
            found,
            read: Self::VERSION,
            reason,
        };
        if found != Self::VERSION {
            return Err(form("another version".to_owned()));
        }
        postcard::from_bytes(rest).map_err(|error| form(error.to_string()))
    }
}

/// `person.identity` (number 0).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Identity {
    /// First name and those after it.
    pub given: String,
    /// Family name; may be empty.
    pub family: String,
    /// Year of birth, where it is known.
    pub birth_year: Option<i16>,
    /// Day of birth, where it is known.
    pub birth_date: Option<NaiveDate>,
}

/// `person_phone.number`, sealed under the ordinal of the row: the number in E.164.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Number(pub String);

/// One diagnosis of a visit.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Code of the country's list (`anaemia`).
    pub code: String,
    /// Whether the clinician said that it may be shown on her phone.
    pub may_be_shown: bool,
}

/// `visit.note`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct VisitNote {
    /// Diagnoses, the chief one first.
    pub diagnoses: Vec<Diagnosis>,
    /// What was done or is to be done, as the clinician wrote it.
    pub treatment: String,
    /// Blood pressure in mmHg, systolic and diastolic.
    pub pressure: Option<(u16, u16)>,
    /// Weight in units of 100 g.
    pub weight: Option<u16>,
    /// Haemoglobin in g/L.
    pub haemoglobin: Option<u16>,
}

/// `medicine.note`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct MedicineNote {
    /// Code of the country's list (`iron_folic_acid`), or empty.
    pub code: String,
    /// Its name where the list has no code for it.
    pub name: String,
    /// How to take it, as written on the bag.
    pub dose: String,
    /// Whether the clinician said that it may be shown on her phone; asked of those medicines alone
    /// that tell an illness to whoever looks over her shoulder.
    pub may_be_shown: bool,
}

/// `child.note`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ChildNote {
    /// First name; empty before the naming.
    pub name: String,
    /// Sex as recorded at birth.
    pub sex: Option<Sex>,
    /// Weight at birth in grams.
    pub birth_weight: Option<u16>,
    /// Why she or he is no longer followed.
    pub closed: Option<String>,
}

/// Sex as recorded at birth.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Sex {
    /// A girl.
    Female,
    /// A boy.
    Male,
}

/// `pregnancy.note`.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct PregnancyNote {
    /// Children expected, where it is known.
    pub children: Option<u8>,
    /// How it ended.
    pub outcome: Option<String>,
}

impl Sealed for Identity {
    const TABLE: &'static str = "person";
    const COLUMN: &'static str = "identity";
}

impl Sealed for Number {
    const TABLE: &'static str = "person_phone";
    const COLUMN: &'static str = "number";
}

impl Sealed for VisitNote {
    const TABLE: &'static str = "visit";
    const COLUMN: &'static str = "note";
}

impl Sealed for MedicineNote {
    const TABLE: &'static str = "medicine";
    const COLUMN: &'static str = "note";
}

impl Sealed for ChildNote {
    const TABLE: &'static str = "child";
    const COLUMN: &'static str = "note";
}

impl Sealed for PregnancyNote {
    const TABLE: &'static str = "pregnancy";
    const COLUMN: &'static str = "note";
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::privacy::{Keyring, Vault};

    fn key() -> PersonKey {
        Vault::new(Arc::new(Keyring::demo())).create(Uuid::from_u128(1)).0
    }

    #[test]
    fn a_note_opens_as_it_was_sealed() {
        let key = key();
        let note = VisitNote {
            diagnoses: vec![Diagnosis { code: "anaemia".to_owned(), may_be_shown: true }],
            treatment: "Iron tablets".to_owned(),
            pressure: Some((110, 70)),
            weight: Some(625),
            haemoglobin: None,
        };
        assert_eq!(VisitNote::open(&key, 4, &note.seal(&key, 4)).unwrap(), note);
        assert!(VisitNote::open(&key, 5, &note.seal(&key, 4)).is_err());
    }

    #[test]
    fn another_version_is_named_rather_than_guessed() {
        let key = key();
        let sealed = key.seal(ChildNote::place(1), &[9, 1, 2]);
        let error = ChildNote::open(&key, 1, &sealed).unwrap_err().to_string();
        assert!(error.contains("child.note holds version 9"), "{error}");
        let empty = key.seal(ChildNote::place(1), &[]);
        assert!(ChildNote::open(&key, 1, &empty).is_err());
    }
}
