//! The domain, pure: phone numbers, people, pregnancies, antenatal contacts, vaccines, facilities.
//! What a country sets (places, schedules, limits, words) is data under `country/`.
//! Leans on nothing of ours.

mod age;
mod antenatal;
pub mod calendar;
mod consent;
mod country;
mod immunisation;
mod limits;
mod msisdn;
mod place;
mod pregnancy;
mod unsaid;
mod words;

pub use age::{Age, AgeError};
pub use antenatal::{AntenatalSchedule, Attended, Contact, NextContact};
pub use consent::ConsentPurpose;
pub use country::{Country, CountryError, CountryProblem};
pub(crate) use country::{Row, rows};
pub use immunisation::{
    Child, Districts, Dose, DoseKind, DoseState, Given, ImmunisationSchedule, VaccineVisit, VisitState,
};
pub use limits::{Alert, BloodPressure, Impossible, Limit, Limits, Measure, Plausibility};
pub use msisdn::{Msisdn, MsisdnError, Operator};
pub use place::{District, Facility, FacilityKind, Service};
pub use pregnancy::{DatedBy, Dating, DatingError, GestationalAge, Precision};
pub use unsaid::Unsaid;
pub use words::{Word, WordKind, Words};
