//! Recipient and body of a row: sealed with the key of the person whose message it is, or with the
//! service's own, and bound to the row's cause.

use uuid::Uuid;

use crate::privacy::{Keyring, PersonKey, Place, Row, Vault, VaultError};

const PURPOSE: &str = "outbox";

pub(super) fn place<'a>(column: &'static str, cause: &'a str) -> Place<'a> {
    Place { table: "outbox", column, row: Row::Name(cause) }
}

fn bound(column: &str, cause: &str) -> Vec<u8> {
    [column.as_bytes(), &[0], cause.as_bytes()].concat()
}

pub(super) fn seal(
    owner: Option<&PersonKey>,
    keyring: &Keyring,
    column: &'static str,
    cause: &str,
    plain: &str,
) -> Vec<u8> {
    match owner {
        Some(key) => key.seal(place(column, cause), plain.as_bytes()),
        None => keyring.seal(PURPOSE, &bound(column, cause), plain.as_bytes()),
    }
}

/// A row's sealed columns, and what opens them.
pub(super) struct Sealed<'a> {
    pub(super) cause: &'a str,
    pub(super) person: Option<Uuid>,
    pub(super) wrapped_key: Option<&'a [u8]>,
}

impl Sealed<'_> {
    /// Opens one column.
    pub(super) fn open(
        &self,
        vault: &Vault,
        column: &'static str,
        sealed: &[u8],
    ) -> Result<String, VaultError> {
        let octets = match self.person {
            Some(person) => {
                let wrapped = self.wrapped_key.ok_or(VaultError::Key(person))?;
                vault.unwrap(person, wrapped)?.open(place(column, self.cause), sealed)?.to_vec()
            }
            None => vault
                .keyring()
                .open(PURPOSE, &bound(column, self.cause), sealed)
                .ok_or_else(|| VaultError::Service { table: "outbox", column, row: self.cause.to_owned() })?,
        };
        Ok(String::from_utf8_lossy(&octets).into_owned())
    }
}
