//! What planning reads and writes: who may get something today, what her plan follows from, and what
//! was planned.

mod due;
mod facts;
mod round;
mod write;

pub use due::{candidates, candidates_between};
pub use facts::{PersonFacts, facts};
pub use round::{be_patient, claim_round, enter, hold, settle};
pub use write::{PlannedRow, remember, seen};
