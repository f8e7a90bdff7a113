//! When a child gets which vaccine: the national schedule, and what of it a child has had.

mod plan;
mod schedule;

pub use plan::{Child, DoseState, Given, VaccineVisit, VisitState};
pub use schedule::{Districts, Dose, DoseKind, ImmunisationSchedule};
