//! Who somebody is: PINs and their checking.

mod hasher;
mod pin;
mod tries;

pub use hasher::{HasherBusy, HasherError, HasherSettings, PinHasher};
pub use pin::{NotAPin, Pin, PinOwner, PinPolicy, PinRefused, Weakness};
pub use tries::{Admission, Tries, TryLimits};
