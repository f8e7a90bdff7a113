//! What reads what comes from outside, given anything at all: each target is a function of some octets that
//! holds what must be true of them, whatever they are.
//!
//! The tests try what is kept under `corpus/` and edits of it, the same ones each time. `make fuzz` builds
//! the same targets with libFuzzer, which looks for edits that reach new code, for as long as it is given.
//! An input that was found is kept under `corpus/TARGET/` by a name of its own.

#![cfg_attr(fuzzing, no_main)]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it does not expect has failed"
)]

#[cfg(not(fuzzing))]
mod edits;
mod targets;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| targets::chosen()(octets));
