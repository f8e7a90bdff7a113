//! argon2id over memory that is kept between checks, and its PHC strings.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};

/// More than this is no hash of ours (256 MiB), whatever a row in the database says.
const MOST_MEMORY_KIB: u32 = 262_144;

/// The hash, where it is argon2id with parameters within reason.
pub(super) fn readable(phc: &str) -> Option<PasswordHash> {
    let stored = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&stored).ok()?;
    let ours = stored.algorithm == ARGON2ID_IDENT
        && stored.salt.is_some()
        && stored.hash.is_some()
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
    version: Version,
    params: Params,
    /// `None` before it is computed, and where argon2 refuses the parameters.
    pub(super) output: Option<Output>,
}

impl Sum {
    /// That of a new hash.
    pub(super) fn of(keyed: [u8; 32], salt: Salt, params: &Params) -> Self {
        Self { keyed, salt, version: Version::default(), params: params.clone(), output: None }
    }

    /// That which has the output of a stored hash if the PIN is the same; `None` where none can have it.
    pub(super) fn again(keyed: [u8; 32], stored: &PasswordHash) -> Option<Self> {
        let version = stored.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
        let params = Params::try_from(stored).ok()?;
        Some(Self { keyed, salt: stored.salt?, version, params, output: None })
    }

    /// Computes it in memory that grows as it must, and is kept for the next.
    pub(super) fn compute(&mut self, memory: &mut Vec<Block>) {
        self.output = self.output_in(memory);
    }

    fn output_in(&self, memory: &mut Vec<Block>) -> Option<Output> {
        let blocks = self.params.block_count();
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        let length = self.params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut output = [0_u8; Output::MAX_LENGTH];
        let output = output.get_mut(..length)?;
        Argon2::new(Algorithm::Argon2id, self.version, self.params.clone())
            .hash_password_into_with_memory(&self.keyed, &self.salt, output, memory.get_mut(..blocks)?)
            .ok()?;
        Output::new(output).ok()
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
