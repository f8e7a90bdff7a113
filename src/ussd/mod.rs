//! The session engine: (menu, session, input, answers of the data port) → screen and effects.
//! Pure: it says what it needs, its driver fetches it. Leans on `menu`, `care` and `text`.

pub mod catalog;
pub mod engine;
mod input;
mod intake;
mod kept_facts;
pub mod play;
pub mod port;
mod session;
mod turn;

pub use engine::closing;
pub use intake::{Intake, first_mark, intake};
pub use port::{Answer, Caller, Effect, Opening, Outcome, PhoneFacts, Proof};
pub use session::{Frame, Mark, Notice, Session, SessionKey, Status, Step, Suspended};
pub use turn::{Event, Input, Network, Reply, ServiceCode, Taken, Turn};
