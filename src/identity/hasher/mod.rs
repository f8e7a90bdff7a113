//! Checks PINs with argon2id on threads of its own. A check costs some 15 ms of a core and 19 MiB, so
//! there are few threads, each keeps its memory between checks, and they yield to everything else;
//! who would wait too long is told so at once instead.

mod argon;
mod pool;
mod quiet;
mod rest;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use argon2::Params;
use argon2::password_hash::phc::{Output, Salt};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use argon::{Sum, phc, readable};
use pool::Pool;

/// Cost of a check, and how many may wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HasherSettings {
    /// Memory of one check in KiB (argon2's `m`).
    pub memory_kib: u32,
    /// Passes over it (`t`).
    pub passes: u32,
    /// Lanes (`p`).
    pub lanes: u32,
    /// Threads, each with its own memory; at least one.
    pub threads: usize,
    /// Who would wait longer than this for a thread is shed.
    pub max_wait: Duration,
}

impl Default for HasherSettings {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        Self { memory_kib: 19_456, passes: 2, lanes: 1, threads, max_wait: Duration::from_millis(1200) }
    }
}

/// Too many checks wait already; nothing was checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many PIN checks are waiting; try again shortly")]
pub struct HasherBusy;

/// The pool cannot start.
#[derive(Debug, thiserror::Error)]
pub enum HasherError {
    /// Numbers that argon2 does not accept.
    #[error("pin.memory_kib, pin.passes or pin.lanes: {0}")]
    Cost(argon2::Error),
    /// No thread.
    #[error("a thread for PIN checks could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

type Salts = dyn Fn() -> [u8; 16] + Send + Sync;

/// Hashes and checks PINs. Clone it freely; the threads end with the last clone.
#[derive(Clone)]
pub struct PinHasher {
    pool: Arc<Pool>,
    params: Params,
    salts: Arc<Salts>,
    pepper: Hmac<Sha256>,
}

impl PinHasher {
    /// Starts the threads. `pepper` is the key that the database does not hold; `salts` gives fresh
    /// random octets.
    pub fn start(
        settings: HasherSettings,
        pepper: &[u8],
        salts: impl Fn() -> [u8; 16] + Send + Sync + 'static,
    ) -> Result<Self, HasherError> {
        let params =
            Params::new(settings.memory_kib, settings.passes, settings.lanes, Some(Output::MAX_LENGTH / 2))
                .map_err(HasherError::Cost)?;
        let pool = Pool::start(params.block_count(), settings.threads.max(1), settings.max_wait)?;
        Ok(Self { pool: Arc::new(pool), params, salts: Arc::new(salts), pepper: keyed_with(pepper) })
    }

    /// A PHC string for a new PIN.
    pub async fn hash(&self, pin: &str) -> Result<String, HasherBusy> {
        let salt = Salt::new(&(self.salts)()).map_err(|_| HasherBusy)?;
        let output = self.compute(Sum::of(self.key(pin), salt, &self.params)).await?;
        // argon2 refuses no parameters that it took at the start.
        output.and_then(|output| phc(salt, &self.params, output)).ok_or(HasherBusy)
    }

    /// Whether the PIN is the one of that PHC string. One that cannot be read fits no PIN.
    pub async fn verify(&self, pin: &str, phc: &str) -> Result<bool, HasherBusy> {
        let stored = readable(phc);
        let Some((sum, expected)) =
            stored.and_then(|stored| Sum::again(self.key(pin), &stored).zip(stored.hash))
        else {
            tracing::error!("a stored PIN hash is not an argon2id string of ours; no PIN fits it");
            return Ok(false);
        };
        // `Output` compares in constant time.
        Ok(self.compute(sum).await?.is_some_and(|output| output == expected))
    }

    async fn compute(&self, sum: Sum) -> Result<Option<Output>, HasherBusy> {
        self.pool.submit(sum)?.await.map_err(|_| HasherBusy)
    }

    /// Whether a hash was made with other costs than those set now; hash the PIN again when it is
    /// next typed.
    pub fn needs_rehash(&self, phc: &str) -> bool {
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        let stored = readable(phc).and_then(|stored| Params::try_from(&stored).ok());
        stored.is_none_or(|stored| costs(&stored) != costs(&self.params))
    }

    /// Whether whoever comes now is turned away: asked before a try is counted, so that a crowd that cannot
    /// be served costs the database nothing.
    pub fn is_full(&self) -> bool {
        self.pool.is_full()
    }

    /// The node has taken a turn: beside many, checks rest, so that turns without a PIN stay quick.
    pub fn count_turn(&self) {
        self.pool.count_turn();
    }

    /// Turns that were taken since the start.
    pub fn turns(&self) -> u64 {
        self.pool.turns()
    }

    /// Checks that wait for a thread now.
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// Hashes and checks that were done since the start.
    pub fn done(&self) -> u64 {
        self.pool.done()
    }

    fn key(&self, pin: &str) -> [u8; 32] {
        let mut mac = self.pepper.clone();
        mac.update(pin.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// HMAC takes a key of any length: a short one is padded, a long one hashed.
fn keyed_with(pepper: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC refuses no length of key")]
    Hmac::new_from_slice(pepper).expect("HMAC takes any key")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap(threads: usize, max_wait: Duration) -> HasherSettings {
        HasherSettings { memory_kib: 64, passes: 1, lanes: 1, threads, max_wait }
    }

    fn hasher(pepper: &[u8]) -> PinHasher {
        PinHasher::start(cheap(2, Duration::from_secs(10)), pepper, || [7; 16]).unwrap()
    }

    #[tokio::test]
    async fn the_right_pin_fits_and_no_other() {
        let hasher = hasher(b"pepper");
        let phc = hasher.hash("739150").await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{phc}");
        assert!(hasher.verify("739150", &phc).await.unwrap());
        assert!(!hasher.verify("739151", &phc).await.unwrap());
        assert!(!hasher.verify("", &phc).await.unwrap());
    }

    #[tokio::test]
    async fn another_pepper_fits_nothing() {
        let phc = hasher(b"pepper").hash("739150").await.unwrap();
        assert!(!hasher(b"salt").verify("739150", &phc).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_with_other_costs_is_checked_and_due_for_a_new_one() {
        let old = PinHasher::start(
            HasherSettings { memory_kib: 256, ..cheap(1, Duration::from_secs(10)) },
            b"pepper",
            || [9; 16],
        )
        .unwrap();
        let phc = old.hash("739150").await.unwrap();
        let now = hasher(b"pepper");
        assert!(now.verify("739150", &phc).await.unwrap());
        assert!(now.needs_rehash(&phc));
        assert!(!old.needs_rehash(&phc));
    }

    #[tokio::test]
    async fn what_is_no_hash_of_ours_fits_no_pin() {
        let hasher = hasher(b"pepper");
        for phc in [
            "",
            "739150",
            "$argon2i$v=19$m=64,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "$argon2id$v=19$m=4000000,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "$argon2id$v=16$m=64,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "$argon2id$v=19$m=64,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$aaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(hasher.verify("739150", phc).await, Ok(false), "{phc}");
            assert!(hasher.needs_rehash(phc), "{phc}");
        }
    }

    #[tokio::test]
    async fn costs_that_argon2_refuses_stop_the_start() {
        let wrong = HasherSettings { memory_kib: 1, ..HasherSettings::default() };
        assert!(matches!(PinHasher::start(wrong, b"p", || [1; 16]), Err(HasherError::Cost(_))));
    }
}
