//! A country as data: places, schedules, limits and words, read from the files under `country/`.

mod table;

use std::collections::BTreeSet;

use super::antenatal::{AntenatalSchedule, Contact};
use super::immunisation::{Dose, ImmunisationSchedule};
use super::limits::{Limit, Limits};
use super::place::{District, Facility};
use super::words::{Word, Words};
pub(crate) use table::{Row, rows};

/// Longest names that fit the screens that show them.
const DISTRICT_NAME: usize = 18;
const REGION_NAME: usize = 12;
const FACILITY_NAME: usize = 40;
const TOWN_NAME: usize = 20;

/// All that one country sets. [`Country::shipped`] is Sierra Leone.
#[derive(Clone, Debug)]
pub struct Country {
    /// In the order of the file.
    pub districts: Vec<District>,
    /// Those that are publicly known, in the order of the file.
    pub facilities: Vec<Facility>,
    /// When a pregnant woman is seen.
    pub antenatal: AntenatalSchedule,
    /// When a child gets what.
    pub immunisation: ImmunisationSchedule,
    /// What a measurement can be.
    pub limits: Limits,
    /// Words in place of codes.
    pub words: Words,
}

/// A mistake in a file of the country.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{file}, line {line}: {problem}")]
pub struct CountryError {
    /// Its name.
    pub file: &'static str,
    /// The line, from 1; 0 where the file as a whole is meant.
    pub line: u64,
    /// What is wrong there.
    pub problem: CountryProblem,
}

/// What is wrong with a file of the country.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CountryProblem {
    /// The file is not there, or not to be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// A row that is not as the columns ask; the reason names the column.
    #[error("{0}")]
    Row(String),
    /// The file has no rows.
    #[error("the file has a heading and no rows; write at least one")]
    Empty,
    /// Two rows with one key.
    #[error("`{0}` is given twice; keep one of the rows")]
    Twice(String),
    /// A name for something that no row has.
    #[error("there is no {what} `{name}`; add it or name another")]
    Missing {
        /// What kind of thing.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name that no screen shows whole.
    #[error("`{text}` has {found} characters; at most {most} fit the screens that show it")]
    TooLong {
        /// The name.
        text: String,
        /// How many it has.
        found: usize,
        /// How many it may have.
        most: usize,
    },
    /// A row that does not fit the one before it.
    #[error("{0}")]
    Order(&'static str),
    /// A row that breaks a rule of its file.
    #[error("{0}")]
    Rule(String),
}

impl Country {
    /// The names of the files.
    pub const FILES: [&'static str; 6] = [
        "districts.csv",
        "facilities.csv",
        "antenatal.csv",
        "immunisation.csv",
        "limits.csv",
        "plain_words.csv",
    ];

    /// Sierra Leone, from the files in this program.
    pub fn shipped() -> Result<Self, CountryError> {
        Self::read(|file| {
            Ok::<_, std::convert::Infallible>(match file {
                "districts.csv" => include_str!("../../../country/districts.csv"),
                "facilities.csv" => include_str!("../../../country/facilities.csv"),
                "antenatal.csv" => include_str!("../../../country/antenatal.csv"),
                "immunisation.csv" => include_str!("../../../country/immunisation.csv"),
                "limits.csv" => include_str!("../../../country/limits.csv"),
                _ => include_str!("../../../country/plain_words.csv"),
            })
        })
    }

    /// From the texts that `read` gives for the names in [`Self::FILES`]. For a folder:
    /// `Country::read(|file| std::fs::read_to_string(folder.join(file)))`.
    pub fn read<Text, Error>(read: impl Fn(&'static str) -> Result<Text, Error>) -> Result<Self, CountryError>
    where
        Text: AsRef<str>,
        Error: std::fmt::Display,
    {
        let [districts, facilities, antenatal, immunisation, limits, words] = Self::FILES;
        let text = |file| {
            read(file).map_err(|error| CountryError {
                file,
                line: 0,
                problem: CountryProblem::Unreadable(error.to_string()),
            })
        };
        let districts = rows::<District>(districts, text(districts)?.as_ref())?;
        let facilities = rows::<Facility>(facilities, text(facilities)?.as_ref())?;
        check_places(&districts, &facilities)?;
        let contacts = rows::<Contact>(antenatal, text(antenatal)?.as_ref())?;
        let doses = rows::<Dose>(immunisation, text(immunisation)?.as_ref())?;
        check_doses(&doses, &districts)?;
        let limits = rows::<Limit>(limits, text(limits)?.as_ref())?;
        unique(&limits, |limit| format!("{:?}", limit.measure))?;
        let words = rows::<Word>(words, text(words)?.as_ref())?;
        unique(&words, |word| format!("{},{}", word.kind, word.code))?;

        Ok(Self {
            districts: values(districts),
            facilities: values(facilities),
            antenatal: schedule(contacts)?,
            immunisation: ImmunisationSchedule::new(values(doses)),
            limits: Limits::new(values(limits)),
            words: Words::new(values(words)),
        })
    }

    /// The district of that id.
    pub fn district(&self, id: &str) -> Option<&District> {
        self.districts.iter().find(|district| district.id == id)
    }

    /// The facility of that number.
    pub fn facility(&self, id: u32) -> Option<&Facility> {
        self.facilities.iter().find(|facility| facility.id == id)
    }
}

fn values<T>(rows: Vec<Row<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.value).collect()
}

fn unique<T>(rows: &[Row<T>], key: impl Fn(&T) -> String) -> Result<(), CountryError> {
    let mut seen = BTreeSet::new();
    for row in rows {
        let key = key(&row.value);
        if !seen.insert(key.clone()) {
            return Err(row.error(CountryProblem::Twice(key)));
        }
    }
    Ok(())
}

fn check_places(districts: &[Row<District>], facilities: &[Row<Facility>]) -> Result<(), CountryError> {
    unique(districts, |district| district.id.clone())?;
    unique(facilities, |facility| facility.id.to_string())?;
    for row in districts {
        row.fits(&row.value.name, DISTRICT_NAME)?;
        row.fits(&row.value.id, DISTRICT_NAME)?;
        row.fits(&row.value.region, REGION_NAME)?;
        let referral = row.value.referral;
        if !facilities.iter().any(|facility| facility.value.id == referral) {
            return Err(row.missing("facility", &referral.to_string()));
        }
    }
    for row in facilities {
        row.fits(&row.value.name, FACILITY_NAME)?;
        row.fits(&row.value.town, TOWN_NAME)?;
        row.names_a_district(&row.value.district, districts)?;
    }
    Ok(())
}

fn check_doses(doses: &[Row<Dose>], districts: &[Row<District>]) -> Result<(), CountryError> {
    unique(doses, |dose| dose.code.clone())?;
    for row in doses {
        for district in row.value.districts.named() {
            row.names_a_district(district, districts)?;
        }
    }
    for (earlier, row) in doses.iter().zip(doses.iter().skip(1)) {
        if row.value.age.order() < earlier.value.age.order() {
            return Err(row.error(CountryProblem::Order(
                "this age is less than the one of the row before; sort the rows by age",
            )));
        }
    }
    Ok(())
}

fn schedule(contacts: Vec<Row<Contact>>) -> Result<AntenatalSchedule, CountryError> {
    let growing = "the weeks must grow, contacts count from 1 with `then_weeks` in all but the last, \
                   and contact 0 stands at the end";
    let mut week = 0;
    let last = contacts.iter().filter(|row| row.value.contact > 0).count();
    for (at, row) in (1..).zip(&contacts) {
        let contact = &row.value;
        let number = if at <= last { at } else { 0 };
        let well = contact.week > week
            && usize::from(contact.contact) == number
            && contact.then_weeks.is_some() == (at < last);
        if !well {
            return Err(row.error(CountryProblem::Order(growing)));
        }
        week = contact.week;
    }
    Ok(AntenatalSchedule::new(values(contacts)))
}

impl<T> Row<T> {
    fn names_a_district(&self, id: &str, districts: &[Row<District>]) -> Result<(), CountryError> {
        if districts.iter().any(|district| district.value.id == id) {
            Ok(())
        } else {
            Err(self.missing("district", id))
        }
    }
}

#[cfg(test)]
mod tests;
