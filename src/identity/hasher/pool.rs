//! The queue before the threads that check. Each desk takes from it, tells who waits and counts: it does so
//! at once, while the threads that compute for it give way to everybody.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::Output;
use piecewise_argon2::Block;
use tokio::sync::oneshot;

use super::HasherBusy;
use super::argon::Sum;
use super::quiet::{Done, Quiet, Share, Unfinished};
use super::rest::Checked;
use super::turns::Turns;

/// What a check is thought to take before the first is done.
const FIRST_GUESS: Duration = Duration::from_millis(15);
/// A check that gets next to nothing of a busy machine for so long is given a share of it. It is begun anew then,
/// so that this is for a machine without any rest, not for one with little.
const PATIENCE: Duration = Duration::from_millis(400);

/// A check pauses for so long after every piece of it, half of a millisecond or so. Whoever waits for its processor
/// goes on then: to give way is not enough where the scheduler shares out among groups before threads (control
/// groups, autogroups: sched(7)), and PostgreSQL has a group for each connection. Woken beside a check that does not
/// pause, it waits for the kernel's next tick, up to 4 ms.
const PAUSE: Duration = Duration::from_micros(100);

/// The threads; they end when it is dropped.
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    threads: usize,
    /// Memory of a check, in argon2's blocks of 1 KiB.
    blocks: usize,
    max_wait: Duration,
    turns: Turns,
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
    sum: Sum,
    /// Of the output.
    reply: oneshot::Sender<Option<Output>>,
    since: Instant,
}

impl Pool {
    pub(super) fn start(blocks: usize, threads: usize, max_wait: Duration) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(blocks, threads, max_wait));
        let pool = Self(Arc::clone(&shared));
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            let hands = Hands::new(number, shared.blocks)?;
            let life = move || shared.work(hands);
            std::thread::Builder::new().name(format!("pins-{number}")).spawn(life)?;
        }
        Ok(pool)
    }

    /// The output comes there; nothing comes where the thread that computes has broken down.
    pub(super) fn submit(&self, sum: Sum) -> Result<oneshot::Receiver<Option<Output>>, HasherBusy> {
        self.0.submit(sum)
    }

    pub(super) fn waiting(&self) -> usize {
        self.0.lock().waiting.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// The node has taken a turn.
    pub(super) fn count_turn(&self) {
        self.0.turns.count();
    }

    pub(super) fn turns(&self) -> u64 {
        self.0.turns.so_far()
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
    fn new(blocks: usize, threads: usize, max_wait: Duration) -> Self {
        let queue = Queue { waiting: VecDeque::new(), running: 0, done: 0, mean: FIRST_GUESS, closed: false };
        let (turns, queue) = (Turns::default(), Mutex::new(queue));
        Self { threads, blocks, max_wait, turns, queue, arrived: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn submit(&self, sum: Sum) -> Result<oneshot::Receiver<Option<Output>>, HasherBusy> {
        let mut queue = self.lock();
        if queue.expected_wait(self.threads) > self.max_wait {
            count_shed();
            return Err(HasherBusy);
        }
        let (reply, output) = oneshot::channel();
        queue.waiting.push_back(Job { sum, reply, since: Instant::now() });
        gauge_depth(&queue);
        drop(queue);
        self.arrived.notify_one();
        Ok(output)
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
            let worked = job.wanted();
            if worked {
                // Counted before it answers: who has the answer finds it counted.
                self.lock().done += 1;
                let rest = job.run(&mut hands, &self.turns);
                metrics::histogram!("mamacare_pin_check_seconds").record(started.elapsed());
                if let Some(rest) = rest {
                    std::thread::sleep(rest);
                } else {
                    let number = hands.number;
                    tracing::error!(number, "a thread that checks PINs broke down; another begins");
                    let Ok(others) = Hands::new(number, self.blocks) else { return };
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
    fn run(self, hands: &mut Hands, turns: &Turns) -> Option<Duration> {
        let (begun, before) = (Instant::now(), turns.so_far());
        match hands.idle.ask(self.sum.clone(), hands.patience) {
            Ok(Done { piece, kept }) => {
                self.answer(&piece);
                let checked =
                    Checked { took: begun.elapsed(), kept, turns: turns.for_each_processor_since(before) };
                Some(checked.rest())
            }
            Err(Unfinished::Broken) => None,
            Err(Unfinished::Late) => {
                metrics::counter!("mamacare_pin_starved_total").increment(1);
                if self.wanted() {
                    let done = hands.steady.ask(self.sum.clone(), Duration::MAX).ok()?;
                    self.answer(&done.piece);
                }
                // The share that it has of a busy machine is its rest.
                Some(Duration::ZERO)
            }
        }
    }

    fn wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn answer(self, sum: &Sum) {
        // Who has given up in the meantime misses nothing.
        let _ = self.reply.send(sum.output);
    }
}

/// Computes in that memory, and lets others on after each piece; gives for how long in all.
fn compute(sum: &mut Sum, memory: &mut Vec<Block>) -> Duration {
    let mut paused = Duration::ZERO;
    sum.compute(memory, || {
        std::thread::sleep(PAUSE);
        paused += PAUSE;
    });
    paused
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
    fn new(number: usize, blocks: usize) -> std::io::Result<Self> {
        let mut own = vec![Block::ZERO; blocks];
        let idle = move |sum: &mut Sum| compute(sum, &mut own);
        // It is rarely asked, and gives its memory back.
        let steady = |sum: &mut Sum| compute(sum, &mut Vec::new());
        Ok(Self {
            number,
            idle: Quiet::start(format!("pin-idle-{number}"), Share::Leftover, idle)?,
            steady: Quiet::start(format!("pin-steady-{number}"), Share::Quarter, steady)?,
            patience: PATIENCE,
        })
    }
}

#[cfg(test)]
mod tests {
    use argon2::Params;
    use argon2::password_hash::phc::Salt;

    use super::*;

    fn params() -> Params {
        Params::new(64, 1, 1, Some(32)).unwrap()
    }

    /// One thread's queue, with nobody at it: what is let in follows from numbers alone.
    fn idle(max_wait: Duration) -> Shared {
        Shared::new(params().block_count(), 1, max_wait)
    }

    fn ask(shared: &Shared) -> Result<oneshot::Receiver<Option<Output>>, HasherBusy> {
        shared.submit(Sum::of([7; 32], Salt::new(&[7; 16]).unwrap(), &params()))
    }

    /// What comes of it.
    fn output() -> Option<Output> {
        let mut sum = Sum::of([7; 32], Salt::new(&[7; 16]).unwrap(), &params());
        sum.compute(&mut Vec::new(), || ());
        assert!(sum.output.is_some());
        sum.output
    }

    fn hands(shared: &Shared) -> Hands {
        Hands::new(0, shared.blocks).unwrap()
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
            assert_eq!(receiver.try_recv().unwrap(), output());
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
            assert_eq!(receiver.try_recv().unwrap(), output());
        }
    }

    #[test]
    fn beside_many_turns_a_desk_rests() {
        let turns: &Turns = Box::leak(Box::default());
        let rest = |each_check: u32| {
            let shared = idle(Duration::from_secs(10));
            drop(ask(&shared).unwrap());
            let check = move |_: &mut Sum| {
                (0..each_check).for_each(|_| turns.count());
                std::thread::sleep(PAUSE);
                PAUSE
            };
            let idle = Quiet::start("check".to_owned(), Share::Leftover, check).unwrap();
            let job = shared.next().unwrap();
            job.run(&mut Hands { idle, ..hands(&shared) }, turns).unwrap()
        };
        // A check of a ten thousandth of a second or more, beside a hundred thousand turns or more for each processor.
        let processors = u32::try_from(std::thread::available_parallelism().unwrap().get()).unwrap();
        assert!(rest(100_000 * processors) >= Duration::from_millis(500));
        assert!(rest(0) < Duration::from_millis(500), "the turns before it do not count");
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
