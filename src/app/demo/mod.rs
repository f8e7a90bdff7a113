//! `mamacare demo`: everything on one machine with nothing configured. A private PostgreSQL, a demo
//! country, and a node that serves it.

mod error;
mod facts;
mod folder;
mod load;
mod people;
mod places;
mod prepare;
mod present;
mod run;
mod running;
mod secrets;
mod seed;
mod staff;

pub use error::DemoError;
pub use folder::default_folder;
pub use load::MOST_PATIENTS;
pub use prepare::Options;
pub use run::run;
pub use running::{NotRunning, settings_of};
