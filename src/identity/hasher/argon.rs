//! argon2id over memory that is kept between checks, and its PHC strings.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Params, Version};
use piecewise_argon2::{Block, Costs, OUTPUT, argon2id};

/// More than this is no hash of ours (256 MiB), whatever a row in the database says.
const MOST_MEMORY_KIB: u32 = 262_144;

/// The hash, where it is argon2id with parameters within reason.
pub(super) fn readable(phc: &str) -> Option<PasswordHash> {
    let stored = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&stored).ok()?;
    let ours = stored.algorithm == ARGON2ID_IDENT
        && stored.version == Some(Version::default().into())
        && stored.salt.is_some()
        && stored.hash.is_some_and(|output| output.len() == OUTPUT)
        && params.m_cost() <= MOST_MEMORY_KIB;
    ours.then_some(stored)
}

/// argon2 of a PIN: what it is computed from, and the output once it is. Nothing of it is on the heap, so that
/// whoever computes frees nothing.
#[derive(Clone)]
pub(super) struct Sum {
    /// The PIN under the pepper; the PIN itself goes nowhere.
    keyed: [u8; 32],
    salt: Salt,
    costs: Costs,
    /// `None` before it is computed, and where argon2 refuses the costs.
    pub(super) output: Option<Output>,
}

impl Sum {
    /// That of a new hash.
    pub(super) fn of(keyed: [u8; 32], salt: Salt, params: &Params) -> Self {
        let costs = Costs { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() };
        Self { keyed, salt, costs, output: None }
    }

    /// That which has the output of a stored hash if the PIN is the same; `None` where none can have it.
    pub(super) fn again(keyed: [u8; 32], stored: &PasswordHash) -> Option<Self> {
        Some(Self::of(keyed, stored.salt?, &Params::try_from(stored).ok()?))
    }

    /// Computes it in memory that grows as it must, and is kept for the next; with a pause after each piece of it.
    pub(super) fn compute(&mut self, memory: &mut Vec<Block>, pause: impl FnMut()) {
        let output = argon2id(&self.keyed, &self.salt, self.costs, memory, pause);
        self.output = output.ok().and_then(|output| Output::new(&output).ok());
    }
}

/// The PHC string of an output of [`Sum::of`] with that salt.
pub(super) fn phc(salt: Salt, params: &Params, output: Output) -> Option<String> {
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::default().into()),
        params: ParamsString::try_from(params).ok()?,
        salt: Some(salt),
        hash: Some(output),
    };
    Some(hash.to_string())
}
