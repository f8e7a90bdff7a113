//! Who somebody is: PINs and their checking.

mod hasher;
mod tries;

pub use hasher::{HasherBusy, HasherError, HasherSettings, PinHasher};
pub use tries::{Admission, Tries, TryLimits};
