//! argon2id (RFC 9106, version 0x13) in pieces: after every half of a millisecond or so the caller says how to
//! pause.
//!
//! Libraries compute a hash in one go. Where that takes 20 ms, whoever shares the processor waits for the kernel's
//! next tick (4 ms on Debian) before it is their turn, whatever the priorities are, as soon as they are in another
//! group (sched(7): autogroups, control groups). A pause lets them on at once.
//!
//! The tests hold it against the `argon2` crate and against the figures of the reference implementation.

#[expect(
    clippy::inline_always,
    reason = "so that it is compiled for the processor that its caller is compiled for"
)]
mod block;
mod hash;
mod segment;

use zeroize::Zeroize;

pub use block::Block;

use segment::{SLICES, Shape};

/// Octets of a hash.
pub const OUTPUT: usize = 32;

/// What a hash costs (RFC 9106, section 3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Costs {
    /// Memory in KiB (m), at least 8 for each lane.
    pub memory_kib: u32,
    /// Passes over it (t), at least one.
    pub passes: u32,
    /// Lanes (p), from 1 to 2^24 - 1. They are computed one after the other.
    pub lanes: u32,
}

/// Why nothing was computed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// Costs outside of what RFC 9106, section 3.1, allows.
    #[error("argon2id needs a pass, a lane, and 8 KiB for each lane")]
    Costs,
    /// A password or a salt of 4 GiB or more, or a salt of fewer than 8 octets.
    #[error("argon2id needs a salt of 8 octets")]
    Length,
}

/// The argon2id hash of a password, computed in memory that grows as it must and is kept for the next. Calls `pause`
/// after every piece of it.
pub fn argon2id(
    password: &[u8],
    salt: &[u8],
    costs: Costs,
    memory: &mut Vec<Block>,
    mut pause: impl FnMut(),
) -> Result<[u8; OUTPUT], Refused> {
    let shape = Shape::of(costs).ok_or(Refused::Costs)?;
    let first = hash::first(password, salt, costs).filter(|_| salt.len() >= 8);
    let mut first = first.ok_or(Refused::Length)?;
    if memory.len() < shape.blocks() {
        memory.resize(shape.blocks(), Block::ZERO);
    }
    let (memory, _) = memory.split_at_mut(shape.blocks());
    segment::begin(memory, shape, &first);
    first.zeroize();
    for pass in 0..costs.passes {
        for slice in 0..SLICES {
            for lane in 0..shape.lanes {
                segment::fill(memory, shape, (pass, slice, lane), &mut pause);
            }
        }
    }
    let mut last = Block::ZERO;
    for end in memory.chunks_exact(shape.lane).filter_map(<[Block]>::last) {
        last ^= end;
    }
    Ok(hash::last(&last.to_octets()))
}

#[cfg(test)]
mod tests;
