//! Finds the names in a template and checks them against what the catalogue publishes: fields,
//! filters, and whether a value can be shown as it is.

mod filters;
mod fit;
mod kinds;
mod scan;
mod token;
mod value;

pub(super) use kinds::{Names, Record, Type};
pub(super) use scan::{Found, Problem, Reference, scan_condition, scan_template};
pub(super) use token::{Tag, Token, tags};
