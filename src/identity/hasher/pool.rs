//! The queue before the threads that check. Each desk takes from it, tells who waits and counts: it does so
//! at once, while the threads that compute for it give way to everybody.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::{PasswordHash, Salt};
use argon2::{Block, Params};
use tokio::sync::oneshot;

use super::HasherBusy;
use super::argon::{hash_with, matches};
use super::quiet::{Done, Quiet, Share, Unfinished};

/// What a check is thought to take before the first is done.
const FIRST_GUESS: Duration = Duration::from_millis(15);
/// A check that gets next to nothing of a busy machine for so long is given a share of it. It is begun anew then,
/// so that this is for a machine without any rest, not for one with little.
const PATIENCE: Duration = Duration::from_millis(400);

/// A check that is kept from the processor for no longer than this has no busy machine beside it.
const HARDLY: Duration = Duration::from_millis(5);
/// A desk rests after a check for so many times as long as the check was kept beyond that. What others leave of a
/// busy machine is not free: checks without a break between them empty its caches, and where the scheduler shares
/// out among groups before threads (control groups, autogroups: sched(7)) the last thread of one group takes its
/// turn beside the first of another.
const REST: u32 = 2;
/// It rests no longer than this.
const LONGEST_REST: Duration = Duration::from_millis(100);

/// The threads; they end when it is dropped.
pub(super) struct Pool(Arc<Shared>);

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
    /// Hashes and checks that were done.
    done: u64,
    /// Moving mean of what a check takes.
    mean: Duration,
    closed: bool,
}

struct Job {
    keyed: [u8; 32],
    task: Task,
    since: Instant,
}

pub(super) enum Task {
    Hash(Salt, oneshot::Sender<String>),
    Verify(Box<PasswordHash>, oneshot::Sender<bool>),
}

/// What is computed of a job, with the result when it is done.
#[derive(Clone)]
struct Sum {
    keyed: [u8; 32],
    of: Of,
}

#[derive(Clone)]
enum Of {
    Hash(Salt, Option<String>),
    Verify(Box<PasswordHash>, bool),
}

impl Pool {
    pub(super) fn start(params: Params, threads: usize, max_wait: Duration) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(params, threads, max_wait));
        let pool = Self(Arc::clone(&shared));
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            let hands = Hands::new(number, &shared.params)?;
            let life = move || shared.work(hands);
            std::thread::Builder::new().name(format!("pins-{number}")).spawn(life)?;
        }
        Ok(pool)
    }

    pub(super) fn submit(&self, keyed: [u8; 32], task: Task) -> Result<(), HasherBusy> {
        self.0.submit(keyed, task)
    }

    pub(super) fn params(&self) -> &Params {
        &self.0.params
    }

    pub(super) fn waiting(&self) -> usize {
        self.0.lock().waiting.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.is_full()
    }

    pub(super) fn done(&self) -> u64 {
        self.0.lock().done
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.arrived.notify_all();
    }
}

impl Shared {
    const fn new(params: Params, threads: usize, max_wait: Duration) -> Self {
        let queue = Queue { waiting: VecDeque::new(), running: 0, done: 0, mean: FIRST_GUESS, closed: false };
        Self { params, threads, max_wait, queue: Mutex::new(queue), arrived: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(&self, keyed: [u8; 32], task: Task) -> Result<(), HasherBusy> {
        let mut queue = self.lock();
        if queue.expected_wait(self.threads) > self.max_wait {
            count_shed();
            return Err(HasherBusy);
        }
        queue.waiting.push_back(Job { keyed, task, since: Instant::now() });
        gauge_depth(&queue);
        drop(queue);
        self.arrived.notify_one();
        Ok(())
    }

    fn is_full(&self) -> bool {
        let full = self.lock().expected_wait(self.threads) > self.max_wait;
        if full {
            count_shed();
        }
        full
    }

    /// The life of a desk.
    fn work(&self, mut hands: Hands) {
        while let Some(job) = self.next() {
            let started = Instant::now();
            metrics::histogram!("mamacare_pin_wait_seconds").record(started.duration_since(job.since));
            // Who has given up waiting needs no answer, and the next in the queue does.
            let worked = job.task.wanted();
            if worked {
                // Counted before it answers: who has the answer finds it counted.
                self.lock().done += 1;
                let rest = job.run(&mut hands);
                metrics::histogram!("mamacare_pin_check_seconds").record(started.elapsed());
                if let Some(rest) = rest {
                    std::thread::sleep(rest);
                } else {
                    let number = hands.number;
                    tracing::error!(number, "a thread that checks PINs broke down; another begins");
                    let Ok(others) = Hands::new(number, &self.params) else { return };
                    hands = others;
                }
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

fn count_shed() {
    metrics::counter!("mamacare_pin_shed_total").increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge; the queue is short")]
fn gauge_depth(queue: &Queue) {
    metrics::gauge!("mamacare_pin_queue_depth").set(queue.waiting.len() as f64);
}

impl Job {
    /// Computes and tells who waits, and gives how long to rest then. Nobody is told anything, and it gives `None`,
    /// where the thread that computes has broken down.
    fn run(self, hands: &mut Hands) -> Option<Duration> {
        let keyed = self.keyed;
        let mut compute = |of| hands.compute(Sum { keyed, of });
        // Who has given up in the meantime misses nothing.
        let kept = match self.task {
            Task::Hash(salt, reply) => {
                let Done { piece, kept } = compute(Of::Hash(salt, None))?;
                if let Of::Hash(_, Some(phc)) = piece.of {
                    let _ = reply.send(phc);
                }
                kept
            }
            Task::Verify(stored, reply) => {
                let Done { piece, kept } = compute(Of::Verify(stored, false))?;
                if let Of::Verify(_, right) = piece.of {
                    let _ = reply.send(right);
                }
                kept
            }
        };
        Some(rest_after(kept))
    }
}

/// How long a desk rests after a check that was kept from the processor for so long.
fn rest_after(kept: Duration) -> Duration {
    kept.saturating_sub(HARDLY).saturating_mul(REST).min(LONGEST_REST)
}

/// The threads that compute for one desk.
struct Hands {
    number: usize,
    /// Has what is left over, which is enough nearly always and costs a turn nothing.
    idle: Quiet<Sum>,
    /// Takes over where nothing is left over: somebody at a busy machine gets in all the same.
    steady: Quiet<Sum>,
    /// How long the first may take.
    patience: Duration,
}

impl Hands {
    fn new(number: usize, params: &Params) -> std::io::Result<Self> {
        let memory = |params: &Params| vec![Block::new(); params.block_count()];
        let (kept, of_steady) = (params.clone(), params.clone());
        let mut own = memory(params);
        let idle = move |sum: &mut Sum| sum.compute(&kept, &mut own);
        // It is rarely asked, and gives its memory back.
        let steady = move |sum: &mut Sum| sum.compute(&of_steady, &mut memory(&of_steady));
        Ok(Self {
            number,
            idle: Quiet::start(format!("pin-idle-{number}"), Share::Leftover, idle)?,
            steady: Quiet::start(format!("pin-steady-{number}"), Share::Quarter, steady)?,
            patience: PATIENCE,
        })
    }

    /// `None` where a thread has broken down.
    fn compute(&mut self, sum: Sum) -> Option<Done<Sum>> {
        match self.idle.ask(sum.clone(), self.patience) {
            Ok(done) => Some(done),
            Err(Unfinished::Broken) => None,
            Err(Unfinished::Late) => {
                metrics::counter!("mamacare_pin_starved_total").increment(1);
                // Its share is its rest.
                let Done { piece, .. } = self.steady.ask(sum, Duration::MAX).ok()?;
                Some(Done { piece, kept: Duration::ZERO })
            }
        }
    }
}

impl Sum {
    fn compute(&mut self, params: &Params, memory: &mut Vec<Block>) {
        match &mut self.of {
            Of::Hash(salt, phc) => *phc = hash_with(&self.keyed, *salt, params, memory),
            Of::Verify(stored, right) => *right = matches(&self.keyed, stored, memory),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// One thread's queue, with nobody at it: what is let in follows from numbers alone.
    fn idle(max_wait: Duration) -> Shared {
        Shared::new(Params::new(64, 1, 1, Some(32)).unwrap(), 1, max_wait)
    }

    fn ask(shared: &Shared) -> Result<oneshot::Receiver<String>, HasherBusy> {
        let (sender, receiver) = oneshot::channel();
        shared.submit([7; 32], Task::Hash(Salt::new(&[7; 16]).unwrap(), sender))?;
        Ok(receiver)
    }

    fn hands(shared: &Shared) -> Hands {
        Hands::new(0, &shared.params).unwrap()
    }

    #[test]
    fn who_would_wait_too_long_is_shed_and_the_rest_are_served() {
        // The first four guesses fit into the wait, so a fifth may still join behind them.
        let shared = idle(FIRST_GUESS * 4);
        let mut served: Vec<_> = (0..5).map(|_| ask(&shared).unwrap()).collect();
        for _ in 0..200 {
            assert!(shared.is_full());
            assert_eq!(ask(&shared).unwrap_err(), HasherBusy);
        }
        assert_eq!(shared.lock().waiting.len(), 5);
        // A thread that finds the pool closed still does what waits, and ends.
        shared.lock().closed = true;
        shared.work(hands(&shared));
        for receiver in &mut served {
            assert!(receiver.try_recv().unwrap().starts_with("$argon2id$"));
        }
        let queue = shared.lock();
        assert_eq!((queue.waiting.len(), queue.running), (0, 0));
        drop(queue);
        assert!(!shared.is_full() && ask(&shared).is_ok(), "there is room again");
    }

    #[test]
    fn who_would_get_nothing_of_a_busy_machine_is_served_all_the_same() {
        let shared = idle(Duration::from_secs(10));
        let mut served: Vec<_> = (0..3).map(|_| ask(&shared).unwrap()).collect();
        shared.lock().closed = true;
        // As where every check is late on what is left over.
        shared.work(Hands { patience: Duration::ZERO, ..hands(&shared) });
        for receiver in &mut served {
            assert!(receiver.try_recv().unwrap().starts_with("$argon2id$"));
        }
    }

    #[test]
    fn the_busier_the_machine_the_longer_the_rest() {
        let rest = |kept| rest_after(Duration::from_millis(kept)).as_millis();
        assert_eq!([rest(0), rest(5), rest(15), rest(50), rest(400)], [0, 0, 20, 90, 100]);
    }

    #[test]
    fn who_has_given_up_costs_no_check() {
        let shared = idle(Duration::from_secs(10));
        drop(ask(&shared).unwrap());
        shared.lock().closed = true;
        shared.work(hands(&shared));
        assert_eq!(shared.lock().mean, FIRST_GUESS, "nothing was measured");
    }

    #[test]
    fn a_slower_check_lets_fewer_wait() {
        let shared = idle(FIRST_GUESS * 4);
        shared.lock().mean = FIRST_GUESS * 4;
        let waiting = [ask(&shared).unwrap(), ask(&shared).unwrap()];
        assert!(ask(&shared).is_err(), "{}", waiting.len());
    }
}
