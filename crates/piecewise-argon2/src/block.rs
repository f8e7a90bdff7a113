//! A block of argon2's memory, and how two make a third (RFC 9106, sections 3.5 and 3.6).

use std::ops::BitXorAssign;

/// Words of a block.
pub(super) const WORDS: usize = 128;
/// Octets of a block.
pub(super) const OCTETS: usize = 8 * WORDS;

/// Words that take the same steps.
type Four = [u64; 4];
/// What P mixes: a row of a block, or a column of it.
type Sixteen = [Four; 4];

/// 1 KiB: eight rows of sixteen words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(align(64))]
pub struct Block([Sixteen; 8]);

impl Block {
    /// Nothing in it.
    pub const ZERO: Self = Self([[[0; 4]; 4]; 8]);

    /// Its words, in order.
    pub(super) const fn words(&self) -> &[u64] {
        self.0.as_flattened().as_flattened()
    }

    pub(super) const fn words_mut(&mut self) -> &mut [u64] {
        self.0.as_flattened_mut().as_flattened_mut()
    }

    pub(super) fn from_octets(octets: &[u8; OCTETS]) -> Self {
        let mut block = Self::ZERO;
        let (words, _) = octets.as_chunks();
        for (word, octets) in block.words_mut().iter_mut().zip(words) {
            *word = u64::from_le_bytes(*octets);
        }
        block
    }

    pub(super) fn to_octets(self) -> [u8; OCTETS] {
        let mut octets = [0; OCTETS];
        let (words, _) = octets.as_chunks_mut();
        for (octets, word) in words.iter_mut().zip(self.words()) {
            *octets = word.to_le_bytes();
        }
        octets
    }

    /// G: P on each row, then on each column, which is two words wide.
    #[inline(always)]
    pub(super) fn compress(&self, other: &Self) -> Self {
        let mut before = *self;
        before ^= other;
        let mut mixed = before;
        for row in &mut mixed.0 {
            permute(row);
        }
        for four in 0..4 {
            mixed.permute_column(four, 0);
            mixed.permute_column(four, 2);
        }
        mixed ^= &before;
        mixed
    }

    /// P on the column that begins at that word of that four of each row.
    #[expect(
        clippy::indexing_slicing,
        reason = "a row has four fours, and a column that it is asked for two words"
    )]
    #[inline(always)]
    fn permute_column(&mut self, four: usize, word: usize) {
        let mut column: Sixteen = [[0; 4]; 4];
        let (pairs, _) = self.0.as_chunks::<2>();
        for (own, [upper, lower]) in column.iter_mut().zip(pairs) {
            let (upper, lower) = (&upper[four], &lower[four]);
            *own = [upper[word], upper[word + 1], lower[word], lower[word + 1]];
        }
        permute(&mut column);
        let (pairs, _) = self.0.as_chunks_mut::<2>();
        for (own, [upper, lower]) in column.iter().zip(pairs) {
            let (upper, lower) = (&mut upper[four], &mut lower[four]);
            [upper[word], upper[word + 1], lower[word], lower[word + 1]] = *own;
        }
    }
}

impl BitXorAssign<&Self> for Block {
    #[inline(always)]
    fn bitxor_assign(&mut self, other: &Self) {
        for (word, other) in self.words_mut().iter_mut().zip(other.words()) {
            *word ^= other;
        }
    }
}

/// P: GB on the columns of four fours, then on their diagonals.
#[inline(always)]
fn permute(words: &mut Sixteen) {
    mix(words);
    let [_, [b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]] = *words;
    let [_, b, c, d] = words;
    (*b, *c, *d) = ([b1, b2, b3, b0], [c2, c3, c0, c1], [d3, d0, d1, d2]);
    mix(words);
    let [_, [b1, b2, b3, b0], [c2, c3, c0, c1], [d3, d0, d1, d2]] = *words;
    let [_, b, c, d] = words;
    (*b, *c, *d) = ([b0, b1, b2, b3], [c0, c1, c2, c3], [d0, d1, d2, d3]);
}

/// GB four times, side by side.
#[inline(always)]
fn mix([a, b, c, d]: &mut Sixteen) {
    add(a, b);
    rotate::<32>(d, a);
    add(c, d);
    rotate::<24>(b, c);
    add(a, b);
    rotate::<16>(d, a);
    add(c, d);
    rotate::<63>(b, c);
}

/// The step that no circuit computes much faster than a processor multiplies.
#[inline(always)]
fn add(sums: &mut Four, others: &Four) {
    const LOW: u64 = 0xffff_ffff;
    for (sum, other) in sums.iter_mut().zip(others) {
        let product = (*sum & LOW) * (other & LOW);
        *sum = sum.wrapping_add(*other).wrapping_add(product << 1);
    }
}

#[inline(always)]
fn rotate<const BITS: u32>(words: &mut Four, others: &Four) {
    for (word, other) in words.iter_mut().zip(others) {
        *word = (*word ^ other).rotate_right(BITS);
    }
}
