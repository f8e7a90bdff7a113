//! What all routes stand on: who asks, what she sends, what she is answered, and how that is
//! described.

pub mod answer;
pub mod body;
mod describe;
pub mod field;
pub mod gate;
mod limits;
pub mod once;
pub mod page;
mod path;
mod problem;
pub mod records;
mod routes;
mod state;
pub mod version;
mod witness;

pub use describe::{CLASHES, OUT_OF_REACH, Part, Sheet};
pub use limits::{Limits, Rate, Rates};
pub use path::At;
use problem::Shown;
pub use problem::{FieldProblem, Problem};
pub use routes::{Listed, Routes};
pub use state::{About, Api, ApiParts, ApiSettings, EnglishTexts, Texts};
