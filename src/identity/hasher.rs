//! Checks PINs with argon2id on threads of its own. A check costs some 15 ms of a core and 19 MiB, so
//! there are few threads, each keeps its memory between checks, and they yield to everything else;
//! who would wait too long is told so at once instead.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::oneshot;

/// More than this is no hash of ours (256 MiB), whatever a row in the database says.
const MOST_MEMORY_KIB: u32 = 262_144;

/// How much weaker than the rest of the program the threads are scheduled.
const NICE: i32 = 10;

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
    shared: Arc<Shared>,
    _close: Arc<CloseOnDrop>,
    salts: Arc<Salts>,
    pepper: Hmac<Sha256>,
}

struct Shared {
    params: Params,
    threads: usize,
    max_wait: Duration,
    queue: Mutex<Queue>,
    arrived: Condvar,
}

struct Queue {
    waiting: VecDeque<Job>,
    /// Checks that a thread is working on.
    running: usize,
    /// Moving mean of what a check takes.
    mean: Duration,
    closed: bool,
}

struct Job {
    keyed: [u8; 32],
    task: Task,
    since: Instant,
}

enum Task {
    Hash(Salt, oneshot::Sender<String>),
    Verify(Box<PasswordHash>, oneshot::Sender<bool>),
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
        let threads = settings.threads.max(1);
        let queue =
            Queue { waiting: VecDeque::new(), running: 0, mean: Duration::from_millis(15), closed: false };
        let shared = Arc::new(Shared {
            params,
            threads,
            max_wait: settings.max_wait,
            queue: Mutex::new(queue),
            arrived: Condvar::new(),
        });
        let close = Arc::new(CloseOnDrop(Arc::clone(&shared)));
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name(format!("pin-{number}")).spawn(move || shared.work())?;
        }
        Ok(Self { shared, _close: close, salts: Arc::new(salts), pepper: keyed_with(pepper) })
    }

    /// A PHC string for a new PIN.
    pub async fn hash(&self, pin: &str) -> Result<String, HasherBusy> {
        let salt = Salt::new(&(self.salts)()).map_err(|_| HasherBusy)?;
        let (sender, receiver) = oneshot::channel();
        self.shared.submit(self.key(pin), Task::Hash(salt, sender))?;
        receiver.await.map_err(|_| HasherBusy)
    }

    /// Whether the PIN is the one of that PHC string. One that cannot be read fits no PIN.
    pub async fn verify(&self, pin: &str, phc: &str) -> Result<bool, HasherBusy> {
        let Some(stored) = readable(phc) else {
            tracing::error!("a stored PIN hash is not an argon2id string of ours; no PIN fits it");
            return Ok(false);
        };
        let (sender, receiver) = oneshot::channel();
        self.shared.submit(self.key(pin), Task::Verify(Box::new(stored), sender))?;
        receiver.await.map_err(|_| HasherBusy)
    }

    /// Whether a hash was made with other costs than those set now; hash the PIN again when it is
    /// next typed.
    pub fn needs_rehash(&self, phc: &str) -> bool {
        readable(phc).and_then(|stored| Params::try_from(&stored).ok()).is_none_or(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                != (self.shared.params.m_cost(), self.shared.params.t_cost(), self.shared.params.p_cost())
        })
    }

    /// Checks that wait for a thread now.
    pub fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
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

/// The hash, where it is argon2id with parameters within reason.
fn readable(phc: &str) -> Option<PasswordHash> {
    let stored = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&stored).ok()?;
    let ours = stored.algorithm == ARGON2ID_IDENT
        && stored.salt.is_some()
        && stored.hash.is_some()
        && params.m_cost() <= MOST_MEMORY_KIB;
    ours.then_some(stored)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(&self, keyed: [u8; 32], task: Task) -> Result<(), HasherBusy> {
        let mut queue = self.lock();
        if queue.expected_wait(self.threads) > self.max_wait {
            metrics::counter!("mamacare_pin_shed_total").increment(1);
            return Err(HasherBusy);
        }
        queue.waiting.push_back(Job { keyed, task, since: Instant::now() });
        gauge_depth(&queue);
        drop(queue);
        self.arrived.notify_one();
        Ok(())
    }

    /// One thread's life.
    fn work(&self) {
        if let Err(error) = rustix::process::nice(NICE) {
            tracing::warn!(%error, "PIN checks run at normal priority");
        }
        let mut memory = vec![Block::new(); self.params.block_count()];
        while let Some(job) = self.next() {
            let started = Instant::now();
            metrics::histogram!("mamacare_pin_wait_seconds").record(started.duration_since(job.since));
            // Who has given up waiting needs no answer, and the next in the queue does.
            let worked = job.task.wanted();
            if worked {
                job.run(&self.params, &mut memory);
                metrics::histogram!("mamacare_pin_check_seconds").record(started.elapsed());
            }
            let mut queue = self.lock();
            queue.running -= 1;
            if worked {
                queue.mean = (queue.mean * 7 + started.elapsed()) / 8;
            }
        }
    }

    /// The next job; `None` when the pool closes.
    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if let Some(job) = queue.waiting.pop_front() {
                queue.running += 1;
                gauge_depth(&queue);
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Queue {
    /// How long one that joins now would wait for a thread.
    fn expected_wait(&self, threads: usize) -> Duration {
        let ahead = self.waiting.len() + usize::from(self.running >= threads);
        let rounds = u32::try_from(ahead / threads.max(1)).unwrap_or(u32::MAX);
        self.mean.saturating_mul(rounds)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge; the queue is short")]
fn gauge_depth(queue: &Queue) {
    metrics::gauge!("mamacare_pin_queue_depth").set(queue.waiting.len() as f64);
}

impl Job {
    fn run(self, params: &Params, memory: &mut Vec<Block>) {
        match self.task {
            Task::Hash(salt, reply) => {
                if let Some(phc) = hash_with(&self.keyed, salt, params, memory) {
                    // Who has given up in the meantime misses nothing.
                    let _ = reply.send(phc);
                }
            }
            Task::Verify(stored, reply) => {
                let _ = reply.send(matches(&self.keyed, &stored, memory));
            }
        }
    }
}

impl Task {
    fn wanted(&self) -> bool {
        match self {
            Self::Hash(_, reply) => !reply.is_closed(),
            Self::Verify(_, reply) => !reply.is_closed(),
        }
    }
}

/// The PHC string; `None` only where argon2 refuses parameters that it took at the start.
fn hash_with(keyed: &[u8; 32], salt: Salt, params: &Params, memory: &mut Vec<Block>) -> Option<String> {
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

fn matches(keyed: &[u8; 32], stored: &PasswordHash, memory: &mut Vec<Block>) -> bool {
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

struct CloseOnDrop(Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.arrived.notify_all();
    }
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
        ] {
            assert_eq!(hasher.verify("739150", phc).await, Ok(false), "{phc}");
            assert!(hasher.needs_rehash(phc), "{phc}");
        }
    }

    #[tokio::test]
    async fn who_would_wait_too_long_is_shed_and_the_rest_are_served() {
        let hasher = PinHasher::start(
            HasherSettings { memory_kib: 4096, ..cheap(1, Duration::from_millis(60)) },
            b"p",
            || [1; 16],
        )
        .unwrap();
        let phc = hasher.hash("1357").await.unwrap();
        let checks: Vec<_> = (0..200)
            .map(|_| {
                let (hasher, phc) = (hasher.clone(), phc.clone());
                tokio::spawn(async move { hasher.verify("1357", &phc).await })
            })
            .collect();
        let mut served = 0;
        let mut shed = 0;
        for check in checks {
            match check.await.unwrap() {
                Ok(fits) => {
                    assert!(fits);
                    served += 1;
                }
                Err(HasherBusy) => shed += 1,
            }
        }
        assert!(served > 0 && shed > 0, "served {served}, shed {shed}");
        assert_eq!(hasher.waiting(), 0);
        assert!(hasher.verify("1357", &phc).await.unwrap());
    }

    #[tokio::test]
    async fn costs_that_argon2_refuses_stop_the_start() {
        let wrong = HasherSettings { memory_kib: 1, ..HasherSettings::default() };
        assert!(matches!(PinHasher::start(wrong, b"p", || [1; 16]), Err(HasherError::Cost(_))));
    }
}
