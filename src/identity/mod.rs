//! Who somebody is and what she may do: PINs, passwords, one-time codes, tokens, roles and the one
//! table of permissions. Pure but for the threads that check PINs and passwords.

mod guard;
mod hasher;
mod password;
mod permission;
mod pin;
mod token;
mod totp;
mod tries;

pub use guard::{Changes, GuardTimes, Held};
pub use hasher::{HasherBusy, HasherError, HasherSettings, PinHasher};
pub use password::{LONGEST_PASSWORD, Password, PasswordError, SHORTEST_PASSWORD};
pub use permission::{Grant, Permission, Role, grants};
pub use pin::{NotAPin, Pin, PinOwner, PinPolicy, PinRefused, Weakness};
pub use token::{AccessTokens, Claims, Handle, HandleError, TokenError};
pub use totp::{TotpCode, TotpSecret};
pub use tries::{Admission, Counters, Tries, TryLimits};
