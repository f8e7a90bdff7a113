//! The audit trail's chain: nodes make it in the background, `mamacare audit` looks at it.

mod chain;
mod verify;

pub use chain::{Chainer, Looked};
pub use verify::{Break, Report, kept_head, verify};
