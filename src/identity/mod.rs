//! Who somebody is: PINs and their checking.

mod hasher;

pub use hasher::{HasherBusy, HasherError, HasherSettings, PinHasher};
