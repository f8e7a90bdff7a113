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

/// The PHC string; `None` only where argon2 refuses parameters that it took at the start.
pub(super) fn hash_with(
    keyed: &[u8; 32],
    salt: Salt,
    params: &Params,
    memory: &mut Vec<Block>,
) -> Option<String> {
    let hash = output_of(keyed, &salt, Version::default(), params.clone(), memory)?;
    let stored = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::default().into()),
        params: ParamsString::try_from(params).ok()?,
        salt: Some(salt),
        hash: Some(hash),
    };
    Some(stored.to_string())
}

pub(super) fn matches(keyed: &[u8; 32], stored: &PasswordHash, memory: &mut Vec<Block>) -> bool {
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else { return false };
    let Ok(params) = Params::try_from(stored) else { return false };
    let version = match stored.version.map(Version::try_from) {
        Some(Ok(version)) => version,
        Some(Err(_)) => return false,
        None => Version::default(),
    };
    // `Output` compares in constant time.
    output_of(keyed, salt, version, params, memory).is_some_and(|output| output == *expected)
}

fn output_of(
    keyed: &[u8; 32],
    salt: &[u8],
    version: Version,
    params: Params,
    memory: &mut Vec<Block>,
) -> Option<Output> {
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut output = [0_u8; Output::MAX_LENGTH];
    let output = output.get_mut(..length)?;
    Argon2::new(Algorithm::Argon2id, version, params)
        .hash_password_into_with_memory(keyed, salt, output, memory.get_mut(..blocks)?)
        .ok()?;
    Output::new(output).ok()
}
