//! A table of patients in CSV, read row by row: what an import takes in.

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use crate::api::frame::Problem;
use crate::api::frame::field::{Day, Email, Maybe, Name, Phone};
use crate::care::Msisdn;
use crate::store::sealed::Identity;

/// A patient as a row tells of her.
#[derive(Clone)]
pub struct Entrant {
    /// Her name and birth.
    pub identity: Identity,
    /// Her language, ISO code.
    pub language: String,
    /// Her number.
    pub phone: Option<Msisdn>,
    /// Her e-mail address.
    pub email: Option<String>,
}

/// One row as this service names its columns, or as the system before it did.
#[derive(Debug, Deserialize)]
struct Row {
    #[serde(alias = "Name")]
    given_name: String,
    #[serde(default)]
    family_name: Option<String>,
    #[serde(default, alias = "Date of Birth")]
    birth_date: Option<String>,
    #[serde(default, alias = "Phone")]
    phone: Option<String>,
    #[serde(default, alias = "Language")]
    language: Option<String>,
    #[serde(default, alias = "Email")]
    email: Option<String>,
    #[serde(default)]
    consent: Option<String>,
}

/// The rows of a table, each read or refused by itself. The first line names the columns.
pub fn entrants(table: &[u8], today: NaiveDate) -> impl Iterator<Item = Result<Entrant, Problem>> {
    let reader = csv::ReaderBuilder::new().flexible(false).trim(csv::Trim::All).from_reader(table);
    reader.into_deserialize::<Row>().map(move |row| match row {
        Ok(row) => row.read(today),
        Err(error) => Err(Problem::malformed(reason_of(&error))),
    })
}

fn reason_of(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("expected {expected_len} cells as in the heading, found {len}")
        }
        csv::ErrorKind::Utf8 { .. } => "expected text in UTF-8".to_owned(),
        csv::ErrorKind::Deserialize { err, .. } => format!("a column is missing or wrong: {}", err.kind()),
        _ => "this row cannot be read".to_owned(),
    }
}

impl Row {
    fn read(&self, today: NaiveDate) -> Result<Entrant, Problem> {
        let (given, family) = match &self.family_name {
            Some(family) => (self.given_name.as_str(), family.as_str()),
            None => self.given_name.rsplit_once(' ').unwrap_or((&self.given_name, "")),
        };
        let given: Name = given.try_into().map_err(|reason: String| Problem::field("given_name", reason))?;
        let family: Maybe =
            family.try_into().map_err(|reason: String| Problem::field("family_name", reason))?;
        let filled = |cell: &Option<String>| cell.clone().filter(|text| !text.is_empty());
        let day = |text: String| serde_json::from_value::<Day>(text.into());
        let birth_date = filled(&self.birth_date).map(day).transpose();
        let birth_date = birth_date.map_err(|error| Problem::field("birth_date", error.to_string()))?;
        let birth_date = birth_date.map(|day| day.past("birth_date", today, 100)).transpose()?;
        // Spreadsheets keep a number's zero by an apostrophe before it.
        let phone = filled(&self.phone).map(|text| text.trim_start_matches('\'').parse().map(Phone));
        let phone = phone.transpose().map_err(|error| Problem::field("phone", error.to_string()))?;
        let email = filled(&self.email).map(|text| Email::try_from(text.as_str())).transpose();
        let email = email.map_err(|reason| Problem::field("email", reason))?;
        let language = filled(&self.language).unwrap_or_else(|| "en".to_owned());
        if !matches!(language.as_str(), "en" | "kri" | "men" | "tem" | "lim") {
            return Err(Problem::field("language", "expected en, kri, men, tem or lim"));
        }
        if !matches!(filled(&self.consent).as_deref(), Some("yes" | "true" | "1")) {
            return Err(Problem::field("consent", "expected yes: without her consent nothing may be kept"));
        }
        Ok(Entrant {
            identity: Identity {
                given: given.0,
                family: family.0,
                birth_year: birth_date.and_then(|day| i16::try_from(day.year()).ok()),
                birth_date,
            },
            language,
            phone: phone.map(|Phone(number)| number),
            email: email.map(|Email(address)| address),
        })
    }
}
