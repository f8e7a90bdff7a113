//! `BLAKE2b` (RFC 7693) as argon2 uses it.

use blake2::{Blake2b256, Blake2b512, Digest};

use super::block::OCTETS;
use super::{Costs, OUTPUT};

/// Octets of the longest `BLAKE2b`.
const LONGEST: usize = 64;
/// Version of argon2 (`v`), the only one that RFC 9106 has.
const VERSION: u32 = 0x13;
/// Type (`y`) of argon2id.
pub(super) const ARGON2ID: u32 = 2;

/// H0: what all of a hash depends on (RFC 9106, section 3.2, step 1), with neither secret nor associated data.
/// `None` where a length does not fit.
pub(super) fn first(password: &[u8], salt: &[u8], costs: Costs) -> Option<[u8; LONGEST]> {
    let length = |octets: usize| u32::try_from(octets).ok();
    let mut hasher = Blake2b512::new();
    let Costs { memory_kib, passes, lanes } = costs;
    for number in [lanes, length(OUTPUT)?, memory_kib, passes, VERSION, ARGON2ID, length(password.len())?] {
        hasher.update(number.to_le_bytes());
    }
    hasher.update(password);
    hasher.update(length(salt.len())?.to_le_bytes());
    hasher.update(salt);
    hasher.update([0; 2 * size_of::<u32>()]);
    Some(hasher.finalize().into())
}

/// H' (section 3.3) of as many octets as a hash has.
pub(super) fn last(block: &[u8; OCTETS]) -> [u8; OUTPUT] {
    Blake2b256::new().chain_update(length_of::<OUTPUT>()).chain_update(block).finalize().into()
}

/// H' of as many octets as a block has: a chain of hashes, each of the whole one before it, of which all but the last
/// give their first half.
pub(super) fn block(first: &[u8], number: u32, lane: u32) -> [u8; OCTETS] {
    let mut link = Blake2b512::new()
        .chain_update(length_of::<OCTETS>())
        .chain_update(first)
        .chain_update(number.to_le_bytes())
        .chain_update(lane.to_le_bytes())
        .finalize();
    let mut octets = [0; OCTETS];
    let (halves, _) = octets.as_chunks_mut::<{ LONGEST / 2 }>();
    if let Some((end, halves)) = halves.split_last_chunk_mut::<2>().map(|(halves, end)| (end, halves)) {
        for half in halves {
            half.copy_from_slice(link.split_at(LONGEST / 2).0);
            link = Blake2b512::digest(link);
        }
        end.as_flattened_mut().copy_from_slice(&link);
    }
    octets
}

#[expect(clippy::cast_possible_truncation, reason = "of a hash and of a block, both short")]
const fn length_of<const LENGTH: usize>() -> [u8; 4] {
    (LENGTH as u32).to_le_bytes()
}
