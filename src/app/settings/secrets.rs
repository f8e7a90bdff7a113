//! Secrets of the settings: never printed, never in the settings file itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// A text that is not printed and is wiped when it goes.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }

    /// Reads a file that holds nothing else; white space around it does not count.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        std::fs::read_to_string(path).map(|text| Self::new(text.trim()))
    }

    /// Whether it is one that is known from examples.
    pub fn is_published(&self) -> bool {
        let text = self.reveal().to_ascii_lowercase();
        ["demo", "change", "example", "secret"].iter().any(|start| text.starts_with(start))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor).map(|mut list| Self::new(list.pop().unwrap_or_default()))
    }
}

/// Several secrets, any of which is accepted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SecretList(pub Vec<Secret>);

impl SecretList {
    /// One a line or separated by commas.
    pub fn parse(text: &str) -> Self {
        let secrets = text.split([',', '\n']).map(str::trim).filter(|secret| !secret.is_empty());
        Self(secrets.map(Secret::new).collect())
    }
}

impl<'de> Deserialize<'de> for SecretList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = deserializer.deserialize_any(SecretVisitor)?;
        Ok(Self(texts.iter().flat_map(|text| Self::parse(text).0).collect()))
    }
}

/// Takes a text or a list of texts. It names no value in its errors, since that is the secret.
struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(vec![text.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element()? {
            texts.push(text);
        }
        Ok(texts)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(E::custom("a secret is a text, in quotes"))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Err(E::custom("a secret is a text, in quotes"))
    }
}

/// A map of texts in which a bare number is its digits: `emergency = 117`.
pub fn plain_text_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Plain {
        Number(u64),
        Text(String),
    }
    let map = BTreeMap::<String, Plain>::deserialize(deserializer)?;
    let plain = |value| match value {
        Plain::Number(number) => number.to_string(),
        Plain::Text(text) => text,
    };
    Ok(map.into_iter().map(|(key, value)| (key, plain(value))).collect())
}

/// 64 hexadecimal digits as 32 octets.
pub fn master_key(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut key = [0; 32];
    for (octet, pair) in key.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        // `from_str_radix` takes a sign; a key has none.
        *octet = pair
            .bytes()
            .all(|digit| digit.is_ascii_hexdigit())
            .then(|| u8::from_str_radix(pair, 16).ok())??;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_key_is_64_hexadecimal_digits() {
        assert_eq!(master_key(&"07".repeat(32)), Some([7; 32]));
        for wrong in ["", "07", &"0g".repeat(32), &"+7".repeat(32), &"07".repeat(33)] {
            assert_eq!(master_key(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let list = SecretList::parse("first-one, second-one\nthird-one");
        assert_eq!(list.0.len(), 3);
        assert!(!format!("{list:?}").contains("one"), "{list:?}");
    }
}
