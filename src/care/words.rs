//! Plain words in place of codes: what a mother reads for a diagnosis, a medicine, a purpose.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Deserializer};

use super::age::Age;

/// What a code stands for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum WordKind {
    /// A diagnosis.
    Diagnosis,
    /// A medicine.
    Medicine,
    /// What an appointment is for.
    Purpose,
    /// What a visit was.
    Visit,
    /// A purpose of consent.
    Consent,
    /// Who looked at a record.
    Actor,
    /// What of it was looked at.
    Look,
    /// An age, with `{n}` for the number.
    Age,
}

impl fmt::Display for WordKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Diagnosis => "diagnosis",
            Self::Medicine => "medicine",
            Self::Purpose => "purpose",
            Self::Visit => "visit",
            Self::Consent => "consent",
            Self::Actor => "actor",
            Self::Look => "look",
            Self::Age => "age",
        })
    }
}

/// One row: a code and its words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Word {
    /// What it stands for.
    pub kind: WordKind,
    /// The code.
    pub code: String,
    /// Its proper name, where people use one (a medicine's, a diagnosis' for staff).
    pub name: String,
    /// Never by SMS, and on a screen only where the clinician says that it may be shown.
    #[serde(deserialize_with = "yes_or_no")]
    pub private: bool,
    en: String,
    kri: String,
}

impl Word {
    /// All of it, in that language; in English where it has none.
    pub fn full(&self, language: &str) -> &str {
        match language {
            "kri" if !self.kri.is_empty() => &self.kri,
            _ => &self.en,
        }
    }

    /// What stands before the first semicolon: the thing itself, without advice.
    pub fn short(&self, language: &str) -> &str {
        let full = self.full(language);
        full.split_once(';').map_or(full, |(short, _)| short.trim_end())
    }
}

/// All words.
#[derive(Clone, Debug)]
pub struct Words {
    words: Vec<Word>,
    index: HashMap<WordKind, HashMap<String, usize>>,
}

impl Words {
    pub(super) fn new(words: Vec<Word>) -> Self {
        let mut index: HashMap<WordKind, HashMap<String, usize>> = HashMap::new();
        for (at, word) in words.iter().enumerate() {
            index.entry(word.kind).or_default().insert(word.code.clone(), at);
        }
        Self { words, index }
    }

    /// The word for a code.
    pub fn word(&self, kind: WordKind, code: &str) -> Option<&Word> {
        self.words.get(*self.index.get(&kind)?.get(code)?)
    }

    /// All of a kind, in the order of the file.
    pub fn of(&self, kind: WordKind) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(move |word| word.kind == kind)
    }

    /// `6 weeks`, `18 months`, `at birth`.
    pub fn age(&self, age: Age, language: &str) -> String {
        let (code, number) = match age {
            Age::Days(0) => ("birth", 0),
            Age::Days(days) if days % 7 == 0 => ("weeks", days / 7),
            Age::Days(days) => ("days", days),
            Age::Months(months) => ("months", months),
        };
        let word = self.word(WordKind::Age, code).map(|word| word.full(language));
        word.unwrap_or("{n}").replace("{n}", &number.to_string())
    }
}

pub(super) fn yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(serde::de::Error::custom(format!("`{other}` is neither yes nor no"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::care::country::Country;

    fn words() -> Words {
        Country::shipped().unwrap().words
    }

    #[test]
    fn the_short_form_is_what_stands_before_the_advice() {
        let words = words();
        let anaemia = words.word(WordKind::Diagnosis, "anaemia").unwrap();
        assert_eq!(anaemia.short("en"), "weak blood");
        assert_eq!(anaemia.full("en"), "weak blood; iron and good food build it");
        assert_eq!(anaemia.short("kri"), "wik blɔd");
        assert_eq!(anaemia.short("men"), "weak blood", "English where a language has none");
    }

    #[test]
    fn what_must_never_go_by_sms_is_private() {
        let words = words();
        for (kind, code) in [
            (WordKind::Diagnosis, "hiv"),
            (WordKind::Diagnosis, "syphilis"),
            (WordKind::Diagnosis, "miscarriage"),
            (WordKind::Diagnosis, "stillbirth"),
            (WordKind::Medicine, "antiretrovirals"),
        ] {
            assert!(words.word(kind, code).unwrap().private, "{code}");
        }
        assert!(!words.word(WordKind::Diagnosis, "malaria").unwrap().private);
    }

    #[test]
    fn ages_are_said_in_her_language() {
        let words = words();
        assert_eq!(words.age("0d".parse().unwrap(), "en"), "at birth");
        assert_eq!(words.age("6w".parse().unwrap(), "en"), "6 weeks");
        assert_eq!(words.age("18m".parse().unwrap(), "kri"), "18 mɔnt");
    }

    #[test]
    fn words_fit_the_screens_that_show_them() {
        let words = words();
        let most = |kind| match kind {
            WordKind::Diagnosis => (28, 44),
            WordKind::Medicine => (43, 43),
            WordKind::Purpose | WordKind::Visit => (23, 23),
            WordKind::Consent => (33, 33),
            WordKind::Look => (12, 12),
            WordKind::Actor => (20, 20),
            WordKind::Age => (11, 11),
        };
        for word in &words.words {
            let (short, full) = most(word.kind);
            assert!(word.name.chars().count() <= 30, "{}", word.name);
            for language in ["en", "kri"] {
                let lengths = [word.short(language), word.full(language)].map(|text| text.chars().count());
                assert!(lengths[0] <= short && lengths[1] <= full, "{} {lengths:?}", word.full(language));
            }
        }
    }

    #[test]
    fn krio_lines_hold_no_english_words_that_mean_something_else() {
        let words = words();
        let false_friends = ["no", "wet", "yes", "at"];
        for word in &words.words {
            let found = word
                .kri
                .split(|letter: char| !letter.is_alphabetic())
                .find(|part| false_friends.contains(part));
            assert_eq!(found, None, "{}", word.kri);
        }
    }
}
