//! How memory is filled: lane by lane, in segments that a quarter of a pass each ends (RFC 9106, section 3.4).

use super::Costs;
use super::block::{Block, WORDS};
use super::hash::{self, ARGON2ID};

/// Segments of a lane: no lane sees what others compute in the same quarter of a pass.
pub(super) const SLICES: usize = 4;
/// Blocks between two pauses: some 0.4 ms of work.
const PIECE: usize = 1024;

/// How memory is laid out, in blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) lanes: usize,
    /// Length of a lane.
    pub(super) lane: usize,
    /// Length of a segment.
    segment: usize,
    passes: u32,
}

/// Where one segment is: pass, slice and lane.
type Place = (u32, usize, usize);

impl Shape {
    /// `None`: costs that there are not.
    pub(super) fn of(costs: Costs) -> Option<Self> {
        let lanes = usize::try_from(costs.lanes).ok()?;
        let segment = usize::try_from(costs.memory_kib).ok()?.checked_div(lanes.checked_mul(SLICES)?)?;
        let possible = segment >= 2 && lanes < 1 << 24 && costs.passes > 0;
        possible.then_some(Self { lanes, lane: segment * SLICES, segment, passes: costs.passes })
    }

    pub(super) const fn blocks(self) -> usize {
        self.lanes * self.lane
    }

    /// Index of the block that the one of that number in its segment is computed from, beside the one before it
    /// (section 3.4.2).
    const fn reference(self, (pass, slice, lane): Place, number: usize, random: u64) -> usize {
        let first = pass == 0 && slice == 0;
        let of = if first { lane } else { (random >> 32) as usize % self.lanes };
        let whole = if pass == 0 { slice * self.segment } else { self.lane - self.segment };
        // In its own lane all that is computed but the one before; of others what they had at the last slice's end.
        let seen = if of == lane { whole + number - 1 } else { whole - (number == 0) as usize };
        let nearness = ((random & 0xffff_ffff) * (random & 0xffff_ffff)) >> 32;
        let back = ((seen as u64 * nearness) >> 32) as usize;
        let start = if pass == 0 { 0 } else { (slice + 1) * self.segment };
        of * self.lane + (start + seen - 1 - back) % self.lane
    }
}

/// The first two blocks of each lane (section 3.2, steps 3 and 4).
pub(super) fn begin(memory: &mut [Block], shape: Shape, first: &[u8]) {
    for (lane, blocks) in (0_u32..).zip(memory.chunks_exact_mut(shape.lane)) {
        for (number, block) in (0_u32..2).zip(blocks) {
            *block = Block::from_octets(&hash::block(first, number, lane));
        }
    }
}

/// Fills one segment, with a pause after every piece.
pub(super) fn fill(memory: &mut [Block], shape: Shape, place: Place, pause: &mut impl FnMut()) {
    let (pass, slice, _) = place;
    // argon2id chooses blocks blindly at first, so that the password does not show in what is read.
    let mut blind = (pass == 0 && slice < SLICES / 2).then(|| Blind::new(shape, place));
    // The first two blocks of all are there.
    let mut next = if pass == 0 && slice == 0 { 2 } else { 0 };
    while next < shape.segment {
        let end = shape.segment.min(next + PIECE);
        fill_piece(memory, shape, place, blind.as_mut(), (next, end));
        next = end;
        pause();
    }
}

/// Fills the blocks from one number in the segment up to another.
#[multiversion::multiversion(targets("x86_64+avx2", "aarch64+neon"))]
#[expect(clippy::indexing_slicing, reason = "all are indices of blocks in the shape that memory has")]
fn fill_piece(
    memory: &mut [Block],
    shape: Shape,
    place: Place,
    mut blind: Option<&mut Blind>,
    (from, to): (usize, usize),
) {
    let (pass, slice, lane) = place;
    let start = lane * shape.lane;
    for number in from..to {
        let nth = slice * shape.segment + number;
        let before = memory[start + (nth + shape.lane - 1) % shape.lane];
        let random = match &mut blind {
            Some(blind) => blind.random(number),
            None => before.words()[0],
        };
        let mut new = before.compress(&memory[shape.reference(place, number, random)]);
        if pass > 0 {
            new ^= &memory[start + nth];
        }
        memory[start + nth] = new;
    }
}

/// Random numbers that depend on nothing but the costs (section 3.4.1.2).
struct Blind {
    input: Block,
    numbers: Block,
}

impl Blind {
    #[expect(clippy::indexing_slicing, reason = "the first words of a block")]
    fn new(shape: Shape, (pass, slice, lane): Place) -> Self {
        let mut input = Block::ZERO;
        input.words_mut()[..6].copy_from_slice(&[
            u64::from(pass),
            lane as u64,
            slice as u64,
            shape.blocks() as u64,
            u64::from(shape.passes),
            u64::from(ARGON2ID),
        ]);
        Self { input, numbers: Block::ZERO }
    }

    /// That of a block of the segment. They must be asked for in order.
    #[expect(clippy::indexing_slicing, reason = "a word of a block")]
    fn random(&mut self, number: usize) -> u64 {
        const COUNTER: usize = 6;
        if self.input.words()[COUNTER] <= (number / WORDS) as u64 {
            self.input.words_mut()[COUNTER] += 1;
            let once = Block::ZERO.compress(&self.input);
            self.numbers = Block::ZERO.compress(&once);
        }
        self.numbers.words()[number % WORDS]
    }
}
