//! Secrets of the settings: never printed, never in the settings file itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};
use zeroize::Zeroizing;

use crate::privacy::{FIRST_KEY, MasterKey};

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

    /// Asks a program for it, as for a key that a key service keeps: what it prints, white space around it
    /// apart. It is run without a shell.
    pub fn asked_of(command: &str) -> Result<Self, String> {
        let mut words = command.split_whitespace();
        let program = words.next().ok_or("names no program")?;
        let output = std::process::Command::new(program)
            .args(words)
            .stdin(std::process::Stdio::null())
            .stderr(std::process::Stdio::inherit())
            .output()
            .map_err(|error| format!("cannot be run: {error}"))?;
        if !output.status.success() {
            return Err(format!("failed: {}", output.status));
        }
        let text = String::from_utf8(output.stdout).map_err(|_| "printed something else than text")?;
        Ok(Self::new(text.trim()))
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

/// Master keys, the first of which seals: one a line or separated by commas, each 64 hexadecimal digits with
/// its number before (`2:0f1e…`), or without one for the first that a deployment has.
pub fn master_keys(text: &str) -> Option<Vec<MasterKey>> {
    let mut keys: Vec<MasterKey> = Vec::new();
    for entry in text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty()) {
        let (number, digits) = match entry.split_once(':') {
            Some((number, digits)) => {
                (number.trim().parse().ok().filter(|number| *number > 0)?, digits.trim())
            }
            None => (FIRST_KEY, entry),
        };
        if keys.iter().any(|known| known.number == number) {
            return None;
        }
        keys.push(MasterKey::new(number, Zeroizing::new(master_key(digits)?)));
    }
    (!keys.is_empty()).then_some(keys)
}

/// 64 hexadecimal digits as 32 octets.
fn master_key(text: &str) -> Option<[u8; 32]> {
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
    fn several_master_keys_have_their_numbers() {
        let (old, new) = ("07".repeat(32), "08".repeat(32));
        let numbers = |text: String| {
            master_keys(&text).map(|keys| keys.iter().map(|key| key.number).collect::<Vec<_>>())
        };
        assert_eq!(numbers(old.clone()), Some(vec![1]));
        assert_eq!(numbers(format!("2:{new}\n1:{old}\n")), Some(vec![2, 1]));
        assert_eq!(numbers(format!("{old}, 2:{new}")), Some(vec![1, 2]));
        for wrong in
            [String::new(), format!("{old},{new}"), format!("0:{old}"), format!("300:{old}"), "1:07".into()]
        {
            assert_eq!(numbers(wrong.clone()), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let list = SecretList::parse("first-one, second-one\nthird-one");
        assert_eq!(list.0.len(), 3);
        assert!(!format!("{list:?}").contains("one"), "{list:?}");
    }
}
