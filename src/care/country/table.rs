//! Rows of a CSV file, each with its line, so that a mistake can be found.

use csv::{ReaderBuilder, Trim};
use serde::de::DeserializeOwned;

use super::{CountryError, CountryProblem};

/// A row and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Row<T> {
    pub value: T,
    file: &'static str,
    line: u64,
}

impl<T> Row<T> {
    /// Its line, from 1.
    pub const fn line(&self) -> u64 {
        self.line
    }

    pub fn error(&self, problem: CountryProblem) -> CountryError {
        CountryError { file: self.file, line: self.line, problem }
    }

    pub fn missing(&self, what: &'static str, name: &str) -> CountryError {
        self.error(CountryProblem::Missing { what, name: name.to_owned() })
    }

    pub fn fits(&self, text: &str, most: usize) -> Result<(), CountryError> {
        let found = text.chars().count();
        if found <= most {
            return Ok(());
        }
        Err(self.error(CountryProblem::TooLong { text: text.to_owned(), found, most }))
    }
}

/// Reads all rows; lines that begin with `#` are remarks.
pub(crate) fn rows<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<Row<T>>, CountryError> {
    let mut reader = ReaderBuilder::new().comment(Some(b'#')).trim(Trim::All).from_reader(text.as_bytes());
    let headings = reader.headers().map_err(|error| wrong(file, 1, &error, None))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(file, 0, &error, Some(&headings)))?;
        let line = record.position().map_or(0, csv::Position::line);
        let value = record
            .deserialize(Some(&headings))
            .map_err(|error| wrong(file, line, &error, Some(&headings)))?;
        rows.push(Row { value, file, line });
    }
    if rows.is_empty() {
        return Err(CountryError { file, line: 0, problem: CountryProblem::Empty });
    }
    Ok(rows)
}

fn wrong(
    file: &'static str,
    line: u64,
    error: &csv::Error,
    headings: Option<&csv::StringRecord>,
) -> CountryError {
    let line = error.position().map_or(line, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let field = err.field().and_then(|at| usize::try_from(at).ok());
            match field.and_then(|at| headings?.get(at)) {
                Some(column) => format!("column `{column}`: {}", err.kind()),
                None => err.kind().to_string(),
            }
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} columns, but the heading has {expected_len}; quote a text that holds a comma")
        }
        _ => error.to_string(),
    };
    CountryError { file, line, problem: CountryProblem::Row(reason) }
}
