//! The file of keywords, and its one promise: no word is near two meanings.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer};

use super::Programme;
use super::spelling::{plain, slips, within_one_slip};
use crate::care::{CountryError, CountryProblem, Row, rows};

const FILE: &str = "keywords.csv";

/// What a word of the file means.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Meaning {
    Stop,
    Start,
    Pin,
    Help,
    Next,
    Clinic,
    Baby,
    Lost,
    Yes,
    No,
    Visits,
    Advice,
    Child,
    Medicine,
    All,
    Loss,
    Filler,
}

/// Where in a message a word is looked for. Words of one field must not be mixed up.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Field {
    /// At its beginning.
    Keyword,
    /// After STOP and START.
    Scope,
    /// After LOST.
    Loss,
    /// Anywhere.
    Filler,
}

impl Meaning {
    const fn field(self) -> Field {
        match self {
            Self::Visits | Self::Advice | Self::Child | Self::Medicine | Self::All => Field::Scope,
            Self::Loss => Field::Loss,
            Self::Filler => Field::Filler,
            _ => Field::Keyword,
        }
    }

    /// The programme that it names.
    pub(super) const fn programme(self) -> Option<Programme> {
        match self {
            Self::Visits => Some(Programme::Visits),
            Self::Advice => Some(Programme::Advice),
            Self::Child => Some(Programme::Child),
            Self::Medicine => Some(Programme::Medicine),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Line {
    means: Meaning,
    language: String,
    word: String,
    #[serde(deserialize_with = "yes_or_no")]
    near: bool,
}

/// One word.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) means: Meaning,
    /// None where several languages have it.
    pub(super) language: Option<String>,
    /// In plain letters.
    pub(super) word: String,
    /// Whether one slip in it is allowed.
    pub(super) near: bool,
}

/// The words that people send, in every language.
#[derive(Clone, Debug)]
pub struct Keywords {
    entries: Vec<Entry>,
    exact: HashMap<(Field, String), usize>,
}

impl Keywords {
    /// Those in this program.
    pub fn shipped() -> Result<Self, CountryError> {
        Self::read(include_str!("../../../country/keywords.csv"))
    }

    /// From the text of a file.
    pub fn read(text: &str) -> Result<Self, CountryError> {
        let lines = rows::<Line>(FILE, text)?;
        let mut entries: Vec<Entry> = Vec::with_capacity(lines.len());
        let mut exact: HashMap<(Field, String), usize> = HashMap::new();
        for row in &lines {
            let entry = entry(row)?;
            let field = entry.means.field();
            if let Some(&at) = exact.get(&(field, entry.word.clone())) {
                join(row, entries.get_mut(at), &entry)?;
                continue;
            }
            for other in entries.iter().filter(|other| other.means.field() == field) {
                check_apart(row, &entry, other)?;
            }
            exact.insert((field, entry.word.clone()), entries.len());
            entries.push(entry);
        }
        Ok(Self { entries, exact })
    }

    /// The word, as it is written.
    pub(super) fn exact(&self, field: Field, word: &str) -> Option<&Entry> {
        self.exact.get(&(field, word.to_owned())).and_then(|&at| self.entries.get(at))
    }

    /// The word, with one slip at most where it allows one.
    pub(super) fn near(&self, field: Field, word: &str) -> Option<&Entry> {
        self.exact(field, word).or_else(|| {
            let mut near = self.of(field).filter(|entry| entry.near && within_one_slip(word, &entry.word));
            near.next()
        })
    }

    /// All words of a field.
    pub(super) fn of(&self, field: Field) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.means.field() == field)
    }

    /// Whether a word says nothing by itself.
    pub(super) fn is_filler(&self, word: &str) -> bool {
        self.exact(Field::Filler, word).is_some()
    }
}

fn entry(row: &Row<Line>) -> Result<Entry, CountryError> {
    let line = &row.value;
    let word = plain(&line.word);
    if word.is_empty() || line.word.contains(char::is_whitespace) {
        let problem = format!("`{}`: expected one word, with a letter or a digit in it", line.word);
        return Err(row.error(CountryProblem::Rule(problem)));
    }
    let known = line.language == "any" || (2..=3).contains(&line.language.len());
    if !known {
        let problem = format!("`{}`: expected `any` or the code of a language, like `kri`", line.language);
        return Err(row.error(CountryProblem::Rule(problem)));
    }
    let language = Some(line.language.clone()).filter(|language| language != "any");
    Ok(Entry { means: line.means, language, word, near: line.near })
}

/// The same word in two languages is one; two meanings of it are a mistake.
fn join(row: &Row<Line>, known: Option<&mut Entry>, entry: &Entry) -> Result<(), CountryError> {
    let Some(known) = known else { return Ok(()) };
    if known.means != entry.means || known.language == entry.language {
        return Err(row.error(CountryProblem::Twice(entry.word.clone())));
    }
    known.language = None;
    known.near |= entry.near;
    Ok(())
}

/// One slip from a word reaches others up to that far away; what two meanings reach alike would be
/// read as either.
fn check_apart(row: &Row<Line>, entry: &Entry, other: &Entry) -> Result<(), CountryError> {
    let reach = usize::from(entry.near) + usize::from(other.near);
    if entry.means == other.means || slips(&entry.word, &other.word) > reach {
        return Ok(());
    }
    let problem = format!(
        "`{}` is so near to `{}`, which means something else, that one slip could mean both; write `no` \
         under near for the shorter of them, or choose another word",
        entry.word, other.word
    );
    Err(row.error(CountryProblem::Rule(problem)))
}

fn yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(serde::de::Error::custom(format!("`{other}`: expected yes or no"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str = "means,language,word,near,source\n";

    fn problem(lines: &str) -> String {
        Keywords::read(&format!("{HEADING}{lines}")).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_words_are_apart() {
        let keywords = Keywords::shipped().unwrap_or_else(|error| panic!("{error}"));
        assert!(keywords.of(Field::Keyword).count() > 25);
    }

    #[test]
    fn words_that_one_slip_could_mix_up_are_refused_with_their_line() {
        assert!(
            problem("stop,en,stop,yes,P\nstart,kri,stat,yes,M\n")
                .starts_with("keywords.csv, line 3: `stat` is so near to `stop`")
        );
        assert!(problem("yes,en,yes,yes,P\nstop,kri,lɛf,yes,P\n").contains("`lef` is so near to `yes`"));
        assert!(Keywords::read(&format!("{HEADING}stop,en,stop,yes,P\nstart,kri,stat,no,M\n")).is_ok());
    }

    #[test]
    fn a_word_has_one_meaning_in_its_field() {
        assert_eq!(
            problem("yes,en,ok,no,P\nno,kri,ɔk,no,P\n"),
            "keywords.csv, line 3: `ok` is given twice; keep one of the rows"
        );
        assert_eq!(
            problem("yes,en,ok,no,P\nyes,en,OK,no,P\n"),
            "keywords.csv, line 3: `ok` is given twice; keep one of the rows"
        );
        // After STOP it is another word.
        assert!(Keywords::read(&format!("{HEADING}baby,en,baby,yes,P\nchild,en,baby,yes,P\n")).is_ok());
    }

    #[test]
    fn mistakes_name_their_line() {
        for (lines, expected) in [
            ("halt,en,stop,yes,P\n", "line 2: unknown variant `halt`"),
            ("stop,en,stop,maybe,P\n", "line 2: `maybe`: expected yes or no"),
            ("stop,en,st op,yes,P\n", "line 2: `st op`: expected one word"),
            ("stop,en,!,yes,P\n", "line 2: `!`: expected one word"),
            ("stop,english,stop,yes,P\n", "line 2: `english`: expected `any` or the code"),
            ("stop,en,stop\n", "line 2: 3 columns"),
        ] {
            assert!(problem(lines).contains(expected), "{lines}: {}", problem(lines));
        }
    }
}
