//! Accounts of staff as their administration and their signing in need them: the account itself, what
//! guards it, its sign-ins, and the tokens that go out by e-mail.

mod guards;
mod mailed_tokens;
mod sign_ins;
mod staff;

pub use guards::{
    Guard, clear_tries, hold, reserve, set_totp, signed_in, take_code, verified, withdraw, withdraw_totp,
};
pub use mailed_tokens::{
    MailedPurpose, issue as issue_mailed, take as take_mailed, withdraw as withdraw_mailed,
};
pub use sign_ins::{Ended, Live, Rotated, Subject, end, end_all, live, rotate, start};
pub(super) use staff::AccountRow;
pub use staff::{
    Account, AccountFilter, Change, NewAccount, active_administrators, add, find, find_by_email, list,
    rehash, remove, set_password, update,
};
