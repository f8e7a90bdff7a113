//! The domain, pure: phone numbers, people, pregnancies, antenatal contacts, vaccines, facilities.
//! Leans on nothing of ours.

pub mod calendar;
mod msisdn;

pub use msisdn::{Msisdn, MsisdnError, Operator};
