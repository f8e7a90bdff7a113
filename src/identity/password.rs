//! Passwords of staff: long enough, and none of those that everybody tries first.

use std::collections::HashSet;
use std::sync::LazyLock;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

/// Fewest characters (OWASP ASVS 2.1.1).
pub const SHORTEST_PASSWORD: usize = 12;

/// Most characters: more costs time and adds nothing.
pub const LONGEST_PASSWORD: usize = 128;

/// The passwords met most often in published breaches, in lower case, one a line (from the frequency
/// list of zxcvbn, MIT licence).
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// Words of this service that an attacker would try at once.
const OURS: [&str; 6] = ["mamacare", "hospital", "sierraleone", "freetown", "administrator", "maternity"];

/// Why a new password is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PasswordError {
    /// Too few characters.
    #[error("a password has at least {SHORTEST_PASSWORD} characters; a few words in a row are easy to keep")]
    Short,
    /// Too many.
    #[error("a password has at most {LONGEST_PASSWORD} characters")]
    Long,
    /// Among those that everybody tries.
    #[error("this password is among those tried first, or a small change of one; choose another")]
    Common,
    /// A name or address of the account stands in it.
    #[error("a password does not contain your name or e-mail address")]
    Personal,
}

/// A password in its one spelling (NFKC), however the keyboard composed it. Not printed, wiped when
/// it goes.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// As typed at sign-in; any text, since it is only compared.
    pub fn typed(text: &str) -> Self {
        let normal: String = text.nfkc().take(LONGEST_PASSWORD + 1).collect();
        Self(SecretString::from(normal))
    }

    /// A new one, where it is fit to be one. `personal` are texts that it must not contain.
    pub fn chosen(text: &str, personal: &[&str]) -> Result<Self, PasswordError> {
        let password = Self::typed(text);
        let length = password.reveal().chars().count();
        if length < SHORTEST_PASSWORD {
            return Err(PasswordError::Short);
        }
        if length > LONGEST_PASSWORD {
            return Err(PasswordError::Long);
        }
        let lower = password.reveal().to_lowercase();
        if is_common(&lower) {
            return Err(PasswordError::Common);
        }
        let parts = personal.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric()));
        let contained = |part: &str| part.chars().count() >= 4 && lower.contains(&part.to_lowercase());
        if parts.into_iter().any(contained) {
            return Err(PasswordError::Personal);
        }
        Ok(password)
    }

    /// The text, for the hasher.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Whether it, or its letters without the digits and signs around them, is on the list; or whether
/// it is made of very few different characters.
fn is_common(lower: &str) -> bool {
    let plain: String = lower.chars().filter(|letter| letter.is_alphanumeric()).map(unleet).collect();
    let core = lower.trim_matches(|letter: char| !letter.is_alphabetic());
    let different: HashSet<char> = lower.chars().collect();
    let listed = |text: &str| COMMON.contains(text) || OURS.contains(&text);
    let digits_only = lower.chars().all(|letter| !letter.is_alphabetic());
    let half = lower.get(..lower.len() / 2).unwrap_or_default();
    different.len() < 5
        || (digits_only && runs(lower))
        || [lower, core, plain.as_str()].into_iter().any(listed)
        || listed(plain.trim_matches(|letter: char| !letter.is_alphabetic()))
        || (half.len() >= 4 && lower.get(half.len()..) == Some(half) && listed(half))
}

/// The letter that a digit or sign often stands for.
const fn unleet(letter: char) -> char {
    match letter {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        other => other,
    }
}

/// Whether each character is the neighbour of the one before (1234567890, 9876543210).
fn runs(text: &str) -> bool {
    let digits: Vec<i32> =
        text.chars().filter_map(|digit| digit.to_digit(10)).map(u32::cast_signed).collect();
    let steps =
        |step: i32| digits.windows(2).all(|pair| matches!(pair, [a, b] if (b - a).rem_euclid(10) == step));
    steps(1) || steps(9) || steps(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<PasswordError> {
        Password::chosen(text, &["Aminata Kamara", "akamara@hospital.example"]).err()
    }

    #[test]
    fn what_everybody_tries_is_refused() {
        for text in [
            "password1234",
            "Password123!",
            "P4ssw0rd!!!!",
            "123456789012",
            "987654321098",
            "qwertyuiop12",
            "aaaaaaaaaaaa",
            "mamacare2026",
            "letmein12345",
            "dragondragon",
            "administrator1",
        ] {
            assert_eq!(refused(text), Some(PasswordError::Common), "{text}");
        }
    }

    #[test]
    fn length_and_names_count() {
        assert_eq!(refused("xk3-9fwqa-1"), Some(PasswordError::Short));
        assert_eq!(refused(&"xk3-9fwqa".repeat(20)), Some(PasswordError::Long));
        assert_eq!(refused("my-KAMARA-house"), Some(PasswordError::Personal));
        assert_eq!(refused("river stone lantern"), None);
        assert_eq!(refused("7hq-rain-9941"), None);
    }

    #[test]
    fn one_spelling_whatever_the_keyboard_composed() {
        assert_eq!(Password::typed("e\u{301}cole").reveal(), Password::typed("\u{e9}cole").reveal());
    }

    #[test]
    fn it_is_not_printed() {
        assert!(!format!("{:?}", Password::typed("river stone lantern")).contains("river"));
    }
}
