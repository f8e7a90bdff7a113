//! Fields of requests as types that cannot hold a wrong value: bounded texts without control
//! characters, addresses, phone numbers, days that can have been.

use chrono::{NaiveDate, TimeDelta};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::care::Msisdn;

/// One line of text, `MIN` to `MAX` characters, without space around it and without control
/// characters.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Line<const MIN: usize, const MAX: usize>(pub String);

/// Text of several lines, at most `MAX` characters.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Prose<const MAX: usize>(pub String);

/// A name of a person or a place.
pub type Name = Line<1, 100>;
/// A long name.
pub type LongName = Line<1, 200>;
/// A line that may be empty.
pub type Maybe = Line<0, 200>;
/// A licence number.
pub type License = Line<1, 50>;
/// A note.
pub type Note = Prose<4000>;
/// A secret as typed: a password or a token.
pub type Secret = Line<1, 512>;

impl<const MAX: usize> Default for Line<0, MAX> {
    fn default() -> Self {
        Self(String::new())
    }
}

impl<const MIN: usize, const MAX: usize> std::ops::Deref for Line<MIN, MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> std::ops::Deref for Prose<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Whether a character may stand in a text: no control character but, in prose, tab and line break;
/// none that turns the direction of what follows; nothing that is no character.
fn plain(letter: char, prose: bool) -> bool {
    let formatting = matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFFD}'..='\u{FFFF}');
    !formatting && (!letter.is_control() || (prose && matches!(letter, '\n' | '\r' | '\t')))
}

fn bounded(text: &str, least: usize, most: usize, prose: bool) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length < least || length > most {
        return Err(format!("expected {least} to {most} characters, found {length}"));
    }
    if !text.chars().all(|letter| plain(letter, prose)) {
        return Err("expected text without control characters".to_owned());
    }
    Ok(text.to_owned())
}

impl<const MIN: usize, const MAX: usize> TryFrom<&str> for Line<MIN, MAX> {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        bounded(text, MIN, MAX, false).map(Self)
    }
}

impl<const MAX: usize> TryFrom<&str> for Prose<MAX> {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        bounded(text, 0, MAX, true).map(Self)
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Line<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.as_str().try_into().map_err(D::Error::custom)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Prose<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.as_str().try_into().map_err(D::Error::custom)
    }
}

fn text_schema(least: usize, most: usize) -> RefOr<Schema> {
    let pattern = (least > 0).then(|| r"\S".to_owned());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length((least > 0).then_some(least))
        .max_length(Some(most))
        .pattern(pattern)
        .into()
}

impl<const MIN: usize, const MAX: usize> PartialSchema for Line<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        text_schema(MIN, MAX)
    }
}

impl<const MIN: usize, const MAX: usize> ToSchema for Line<MIN, MAX> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("LineOf{MIN}To{MAX}").into()
    }
}

impl<const MAX: usize> PartialSchema for Prose<MAX> {
    fn schema() -> RefOr<Schema> {
        text_schema(0, MAX)
    }
}

impl<const MAX: usize> ToSchema for Prose<MAX> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("ProseOfUpTo{MAX}").into()
    }
}

/// An e-mail address: a local part, an at sign, a domain with a dot.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Email(pub String);

impl std::ops::Deref for Email {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Email {
    type Error = String;

    fn try_from(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let expected = || "expected an e-mail address like nurse@hospital.example".to_owned();
        let (local, domain) = text.rsplit_once('@').ok_or_else(expected)?;
        let local_fits = !local.is_empty()
            && local.len() <= 64
            && local
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&octet));
        let label_fits = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
        };
        let labels: Vec<&str> = domain.split('.').collect();
        let last = labels.last().copied().unwrap_or_default();
        let domain_fits = labels.len() >= 2
            && labels.iter().all(|label| label_fits(label))
            && last.len() >= 2
            && last.bytes().all(|octet| octet.is_ascii_alphabetic());
        if text.len() <= 120 && local_fits && domain_fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(expected())
        }
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.as_str().try_into().map_err(D::Error::custom)
    }
}

impl PartialSchema for Email {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("email".to_owned())))
            .pattern(Some(
                r"^[A-Za-z0-9._+-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?\.){1,2}[A-Za-z]{2,8}$",
            ))
            .max_length(Some(120))
            .examples(["nurse@hospital.example"])
            .into()
    }
}

impl ToSchema for Email {}

/// A mobile number of the country, in any usual form; given back as +232 and eight digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Phone(pub Msisdn);

impl Serialize for Phone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.e164())
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > 40 {
            return Err(D::Error::custom("expected a phone number"));
        }
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

impl PartialSchema for Phone {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^(\+232|0)(7[0-9]|3[0-5]|88|99|80)[0-9]{6}$"))
            .examples(["+23276000001"])
            .into()
    }
}

impl ToSchema for Phone {}

/// A PIN as typed: four to six digits.
#[derive(Clone, Debug)]
pub struct Pin(pub crate::identity::Pin);

impl<'de> Deserialize<'de> for Pin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::identity::Pin::new(&text).map(Self).map_err(D::Error::custom)
    }
}

impl PartialSchema for Pin {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{4,6}$")).into()
    }
}

impl ToSchema for Pin {}

/// A day as `YYYY-MM-DD`, within a century of now.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Day(pub NaiveDate);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let strict = text.len() == 10 && text.bytes().all(|octet| octet.is_ascii_digit() || octet == b'-');
        let day = strict.then(|| text.parse::<NaiveDate>().ok()).flatten();
        let year = |day: &NaiveDate| (1900..=2199).contains(&chrono::Datelike::year(day));
        day.filter(year)
            .map(Self)
            .ok_or_else(|| D::Error::custom("expected a day of the calendar as YYYY-MM-DD"))
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("date".to_owned())))
            .pattern(Some(r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$"))
            .examples(["2026-03-14"])
            .into()
    }
}

impl ToSchema for Day {}

impl Day {
    /// A day that has been, and not longer ago than that many years.
    pub fn past(self, field: &str, today: NaiveDate, years: i64) -> Result<NaiveDate, super::Problem> {
        if self.0 > today {
            return Err(super::Problem::field(field, "expected a day that is not in the future"));
        }
        if self.0 < today - TimeDelta::days(years * 366) {
            return Err(super::Problem::field(field, format!("expected a day of the last {years} years")));
        }
        Ok(self.0)
    }

    /// A day from today on, within that many days.
    pub fn coming(self, field: &str, today: NaiveDate, days: i64) -> Result<NaiveDate, super::Problem> {
        if self.0 < today || self.0 > today + TimeDelta::days(days) {
            return Err(super::Problem::field(
                field,
                format!("expected a day from today on, within {days} days"),
            ));
        }
        Ok(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
        serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
    }

    #[test]
    fn texts_are_bounded_and_plain() {
        assert_eq!(read::<Name>("  Aminata ").map(|name| name.0).as_deref(), Some("Aminata"));
        for wrong in ["", "   ", "a\0b", "a\nb", "a\u{202e}b", &"x".repeat(101)] {
            assert_eq!(read::<Name>(wrong), None, "{wrong:?}");
        }
        assert!(read::<Note>("two\nlines").is_some());
        assert!(read::<Note>("a\0b").is_none());
        assert!(read::<Name>("'; DROP TABLE staff; --").is_some(), "it is a text like any other");
    }

    #[test]
    fn addresses_are_addresses() {
        for good in ["a@b.sl", "nurse.k+1@mail.hospital.example"] {
            assert!(read::<Email>(good).is_some(), "{good}");
        }
        for wrong in [
            "",
            "a",
            "a@b",
            "@b.sl",
            "a@.sl",
            "a b@c.sl",
            "a@b.c",
            "a@b..sl",
            "a\n@b.sl",
            "a@b.sl\r\nBcc: x@y.sl",
            "é@b.sl",
        ] {
            assert!(read::<Email>(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn days_are_days() {
        assert!(read::<Day>("2024-02-29").is_some());
        for wrong in [
            "2025-02-29",
            "2026-13-01",
            "26-01-01",
            "2026-1-1",
            "0001-01-01",
            "9999-12-31",
            "2026-01-01T00:00:00Z",
            "+2026-01-1",
        ] {
            assert!(read::<Day>(wrong).is_none(), "{wrong}");
        }
        let today = "2026-11-24".parse().unwrap();
        let day = |text: &str| Day(text.parse().unwrap());
        assert!(day("2026-11-24").past("d", today, 1).is_ok());
        assert!(day("2026-11-25").past("d", today, 1).is_err());
        assert!(day("1920-01-01").past("d", today, 60).is_err());
        assert!(day("2026-11-23").coming("d", today, 30).is_err());
        assert!(day("2026-12-01").coming("d", today, 30).is_ok());
    }

    #[test]
    fn pins_and_phones() {
        assert!(read::<Pin>("739150").is_some() && read::<Pin>("7391").is_some());
        for wrong in ["", "123", "1234567", "12a4", "١٢٣٤"] {
            assert!(read::<Pin>(wrong).is_none(), "{wrong}");
        }
        assert_eq!(read::<Phone>("076 000001").map(|phone| phone.0.e164()).as_deref(), Some("+23276000001"));
        assert!(read::<Phone>("+44 7700 900123").is_none());
    }
}
