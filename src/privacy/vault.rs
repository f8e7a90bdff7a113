//! Sealing of one person's fields with a data key of her own. The key is kept on her row, wrapped by
//! the master key: erase it, and everything of hers is noise, in every backup too.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Keyring;

const WRAP: &str = "person key";
const NONCE: usize = 12;
const TAG: usize = 16;
const FORMAT: u8 = 1;
/// Plain texts are filled up to a multiple of this, so that a length tells little.
const BLOCK: usize = 32;

/// Something sealed that does not open: made by another key, for another row, or changed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VaultError {
    /// The wrapped key of a person.
    #[error("the data key of person {0} does not open with this master key")]
    Key(Uuid),
    /// A field.
    #[error("{table}.{column} of person {person}, row {row}, does not open")]
    Field {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Whose.
        person: Uuid,
        /// Which of her rows.
        row: String,
    },
    /// A field that is nobody's own.
    #[error("{table}.{column}, row {row}, does not open with this master key")]
    Service {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// Which row.
        row: String,
    },
}

/// Where a sealed field stands; sealed for one place, it opens in no other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place<'a> {
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// Which of the person's rows.
    pub row: Row<'a>,
}

/// What tells a person's rows in one table apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Row<'a> {
    /// Its number; 0 where she has one row.
    Number(i32),
    /// Its name.
    Name(&'a str),
}

impl std::fmt::Display for Row<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Name(name) => name.fmt(formatter),
        }
    }
}

/// Makes and unwraps data keys. A key is unwrapped for each use, which takes about a microsecond, and wiped
/// after it: no node can open what is hers any more once her row has lost it.
#[derive(Debug)]
pub struct Vault {
    keyring: Arc<Keyring>,
}

/// One person's data key.
#[derive(Clone)]
pub struct PersonKey {
    person: Uuid,
    key: Arc<Zeroizing<[u8; 32]>>,
    keyring: Arc<Keyring>,
}

impl Vault {
    /// A vault of that keyring.
    pub const fn new(keyring: Arc<Keyring>) -> Self {
        Self { keyring }
    }

    /// The keyring under it.
    pub const fn keyring(&self) -> &Arc<Keyring> {
        &self.keyring
    }

    /// A key for a new person, and the same wrapped for her row.
    pub fn create(&self, person: Uuid) -> (PersonKey, Vec<u8>) {
        let key = Zeroizing::new(self.keyring.random::<32>());
        let wrapped = self.keyring.seal(WRAP, person.as_bytes(), key.as_slice());
        (self.person_key(person, key), wrapped)
    }

    /// A person's key, from the column of her row.
    pub fn unwrap(&self, person: Uuid, wrapped: &[u8]) -> Result<PersonKey, VaultError> {
        let opened = self.keyring.open(WRAP, person.as_bytes(), wrapped).map(Zeroizing::new);
        let octets: Option<[u8; 32]> = opened.and_then(|opened| opened.as_slice().try_into().ok());
        Ok(self.person_key(person, Zeroizing::new(octets.ok_or(VaultError::Key(person))?)))
    }

    fn person_key(&self, person: Uuid, key: Zeroizing<[u8; 32]>) -> PersonKey {
        PersonKey { person, key: Arc::new(key), keyring: Arc::clone(&self.keyring) }
    }
}

impl PersonKey {
    /// Whose it is.
    pub const fn person(&self) -> Uuid {
        self.person
    }

    /// Seals a field of hers for its place: format, nonce, ciphertext and tag.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = self.keyring.random();
        let filled = fill(plain);
        let payload = Payload { msg: &filled, aad: &self.bind(place) };
        let mut sealed = Vec::with_capacity(1 + NONCE + filled.len() + TAG);
        sealed.push(FORMAT);
        sealed.extend_from_slice(&nonce);
        // Encryption fails only past 256 GiB. Nothing stored comes near, and what is cut off here
        // would not open again: it is never kept in the clear.
        sealed.extend(self.cipher().encrypt(&Nonce::from(nonce), payload).unwrap_or_default());
        sealed
    }

    /// Opens what [`Self::seal`] made for the same place.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.opened(place, sealed).ok_or(VaultError::Field {
            table: place.table,
            column: place.column,
            person: self.person,
            row: place.row.to_string(),
        })
    }

    fn opened(&self, place: Place<'_>, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (&format, rest) = sealed.split_first()?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE>()?;
        if format != FORMAT {
            return None;
        }
        let payload = Payload { msg: ciphertext, aad: &self.bind(place) };
        let mut plain = Zeroizing::new(self.cipher().decrypt(&Nonce::from(*nonce), payload).ok()?);
        let end = plain.iter().rposition(|&octet| octet != 0)?;
        if plain.get(end) != Some(&FILL) {
            return None;
        }
        plain.truncate(end);
        Some(plain)
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&Key::from(**self.key))
    }

    fn bind(&self, place: Place<'_>) -> Vec<u8> {
        let mut bound = Vec::with_capacity(64);
        for name in [place.table, place.column] {
            bound.extend_from_slice(name.as_bytes());
            bound.push(0);
        }
        bound.extend_from_slice(self.person.as_bytes());
        match place.row {
            Row::Number(number) => bound.extend_from_slice(&number.to_be_bytes()),
            Row::Name(name) => bound.extend_from_slice(name.as_bytes()),
        }
        bound
    }
}

impl std::fmt::Debug for PersonKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "PersonKey({}, …)", self.person)
    }
}

const FILL: u8 = 0x80;

/// The text, one octet that marks its end, and zeros to the next block (ISO/IEC 7816-4).
fn fill(plain: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = (plain.len() + 1).next_multiple_of(BLOCK);
    let mut filled = Zeroizing::new(Vec::with_capacity(length));
    filled.extend_from_slice(plain);
    filled.push(FILL);
    filled.resize(length, 0);
    filled
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: Place<'_> = Place { table: "visit", column: "note", row: Row::Number(3) };

    fn vault() -> Vault {
        Vault::new(Arc::new(Keyring::demo()))
    }

    #[test]
    fn a_key_unwraps_for_its_person_alone() {
        let vault = vault();
        let (ama, adama) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let (key, wrapped) = vault.create(ama);
        let sealed = key.seal(PLACE, b"110/70");
        let again = vault.unwrap(ama, &wrapped).unwrap();
        assert_eq!(again.open(PLACE, &sealed).unwrap().as_slice(), b"110/70");
        assert_eq!(vault.unwrap(adama, &wrapped).unwrap_err(), VaultError::Key(adama));
    }

    #[test]
    fn a_field_opens_in_its_place_alone() {
        let vault = vault();
        let (key, _) = vault.create(Uuid::from_u128(1));
        let (other, _) = vault.create(Uuid::from_u128(1));
        let sealed = key.seal(PLACE, b"110/70");
        for place in [
            Place { row: Row::Number(4), ..PLACE },
            Place { row: Row::Name("3"), ..PLACE },
            Place { table: "medicine", ..PLACE },
            Place { column: "kind", ..PLACE },
        ] {
            assert!(key.open(place, &sealed).is_err(), "{place:?}");
        }
        assert!(other.open(PLACE, &sealed).is_err());
    }

    #[test]
    fn a_key_that_her_row_has_lost_is_lost() {
        let vault = vault();
        let person = Uuid::from_u128(1);
        let (_, wrapped) = vault.create(person);
        vault.unwrap(person, &wrapped).unwrap();
        assert!(vault.unwrap(person, b"gone").is_err());
    }

    #[test]
    fn lengths_within_a_block_look_alike() {
        let (key, _) = vault().create(Uuid::from_u128(1));
        assert_eq!(key.seal(PLACE, b"").len(), key.seal(PLACE, &[1; 31]).len());
        assert_ne!(key.seal(PLACE, &[1; 31]).len(), key.seal(PLACE, &[1; 32]).len());
    }

    proptest! {
        #[test]
        fn whatever_is_sealed_opens_unchanged(plain: Vec<u8>) {
            let (key, _) = vault().create(Uuid::from_u128(1));
            let sealed = key.seal(PLACE, &plain);
            let opened = key.open(PLACE, &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
        }

        #[test]
        fn no_octet_can_be_changed(plain: Vec<u8>, at: prop::sample::Index, by in 1_u8..) {
            let (key, _) = vault().create(Uuid::from_u128(1));
            let mut sealed = key.seal(PLACE, &plain);
            let at = at.index(sealed.len());
            sealed[at] ^= by;
            prop_assert!(key.open(PLACE, &sealed).is_err());
        }
    }
}
