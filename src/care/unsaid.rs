//! Words that no SMS says: phones are shared.

use serde::Deserialize;

use super::country::{CountryError, CountryProblem, rows};

const FILE: &str = "unsaid.csv";

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Always,
    Open,
}

#[derive(Deserialize)]
struct Line {
    kind: Kind,
    #[serde(rename = "language")]
    _language: String,
    words: String,
}

/// The words, in two lists. A `*` at the end of one: also where the word goes on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Unsaid {
    /// Never: illness, loss, violence.
    pub always: Vec<String>,
    /// Only to those who chose open wording: pregnancy, birth, child.
    pub unless_open: Vec<String>,
}

impl Unsaid {
    /// Those in this program.
    pub fn shipped() -> Result<Self, CountryError> {
        Self::read(include_str!("../../country/unsaid.csv"))
    }

    /// From the text of a file.
    pub fn read(text: &str) -> Result<Self, CountryError> {
        let mut unsaid = Self::default();
        for row in rows::<Line>(FILE, text)? {
            if !row.value.words.chars().any(char::is_alphanumeric) {
                return Err(row.error(CountryProblem::Row("column `words`: expected a word".to_owned())));
            }
            let words = row.value.words.clone();
            if unsaid.always.contains(&words) || unsaid.unless_open.contains(&words) {
                return Err(row.error(CountryProblem::Twice(words)));
            }
            match row.value.kind {
                Kind::Always => unsaid.always.push(words),
                Kind::Open => unsaid.unless_open.push(words),
            }
        }
        Ok(unsaid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_words_are_read() {
        let unsaid = Unsaid::shipped().unwrap();
        assert!(unsaid.always.contains(&"HIV*".to_owned()));
        assert!(unsaid.unless_open.contains(&"pregnan*".to_owned()));
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let read =
            |rows: &str| Unsaid::read(&format!("kind,language,words\n{rows}")).unwrap_err().to_string();
        assert!(read("never,en,HIV\n").starts_with("unsaid.csv, line 2: "));
        assert!(read("always,en,HIV\nopen,en,HIV\n").contains("line 3: `HIV` is given twice"));
        assert!(read("always,en,*\n").contains("expected a word"));
    }
}
