//! A thread that works on what others leave of the processors.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};

/// Work goes there and comes back done.
///
/// The thread has no lock in common with any but the one that asks: on a busy machine it may be kept from going
/// on for a long while, and with it whoever waits for what it holds. So it also neither counts nor wakes anybody
/// else, and what it is given it gives back to be freed.
pub(super) struct Quiet<W> {
    to_do: SyncSender<W>,
    done: Receiver<Done<W>>,
    /// It is still at a piece that nobody waits for any more.
    behind: bool,
}

/// A piece that is done.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Done<W> {
    pub(super) piece: W,
    /// How long it was kept from the processor meanwhile, beyond its own pauses.
    pub(super) kept: Duration,
}

/// How much of the processors a thread has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Share {
    /// What is left over, and nothing of a machine that is busy throughout (`SCHED_IDLE`, sched(7)). A turn that
    /// wakes up beside it goes on at once: beside one that is merely nice it would wait for a slice to end.
    Leftover,
    /// About a quarter of a processor that somebody else wants as well (a nice value of 5, nice(2)).
    Quarter,
}

/// Why a piece did not come back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unfinished {
    /// The thread has no time for it.
    Late,
    /// The thread has broken down.
    Broken,
}

impl<W: Send + 'static> Quiet<W> {
    /// Starts the thread; it ends with this. The work says for how long it paused of itself.
    pub(super) fn start(
        name: String,
        share: Share,
        mut work: impl FnMut(&mut W) -> Duration + Send + 'static,
    ) -> std::io::Result<Self> {
        let (to_do, taken) = sync_channel::<W>(1);
        let (given, done) = sync_channel(1);
        std::thread::Builder::new().name(name).spawn(move || {
            if let Err(error) = share.take() {
                tracing::warn!(%error, "PIN checks run at normal priority");
            }
            while let Ok(mut piece) = taken.recv() {
                let (begun, worked) = (Instant::now(), worked_so_far());
                let paused = work(&mut piece);
                let busy = worked_so_far().saturating_sub(worked) + paused;
                let kept = begun.elapsed().saturating_sub(busy);
                if given.send(Done { piece, kept }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { to_do, done, behind: false })
    }

    /// Waits until a piece is done, but no longer than that. One that is late is done in vain, and
    /// the next ones are late at once until it is.
    pub(super) fn ask(&mut self, piece: W, patience: Duration) -> Result<Done<W>, Unfinished> {
        if self.behind {
            match self.done.try_recv() {
                Ok(_) => self.behind = false,
                Err(TryRecvError::Empty) => return Err(Unfinished::Late),
                Err(TryRecvError::Disconnected) => return Err(Unfinished::Broken),
            }
        }
        self.to_do.send(piece).map_err(|_| Unfinished::Broken)?;
        self.done.recv_timeout(patience).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                self.behind = true;
                Unfinished::Late
            }
            RecvTimeoutError::Disconnected => Unfinished::Broken,
        })
    }
}

/// How long this thread has had a processor since it began.
fn worked_so_far() -> Duration {
    // The clock of a thread runs from zero on: what does not fit is not to be had.
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

impl Share {
    /// From now on this thread has no more than that.
    fn take(self) -> Result<(), String> {
        match self {
            Self::Leftover => set_thread_priority_and_policy(
                thread_native_id(),
                ThreadPriority::Min,
                ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle),
            )
            .map_err(|error| error.to_string()),
            // On Linux a nice value is a thread's own.
            Self::Quarter => rustix::process::setpriority_process(Some(rustix::thread::gettid()), 5)
                .map_err(|error| error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVER: Duration = Duration::MAX;

    /// What a thread sees of its own place: its policy, and its nice value.
    fn seen(share: Share) -> (Option<ThreadSchedulePolicy>, Option<i32>) {
        let mut quiet = Quiet::start("quiet".to_owned(), share, |seen: &mut (_, _)| {
            *seen = (
                thread_priority::unix::thread_schedule_policy().ok(),
                rustix::process::getpriority_process(Some(rustix::thread::gettid())).ok(),
            );
            Duration::ZERO
        });
        quiet.as_mut().unwrap().ask((None, None), EVER).unwrap().piece
    }

    #[test]
    fn one_has_what_nobody_else_wants_and_the_other_its_share() {
        let (idle, _) = seen(Share::Leftover);
        assert_eq!(idle, Some(ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle)));
        let (policy, nice) = seen(Share::Quarter);
        assert_eq!(policy, Some(ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other)));
        assert_eq!(nice, Some(5));
    }

    #[test]
    fn one_that_broke_down_answers_no_more() {
        let divide = |divisor: &mut u32| {
            *divisor = 1 / *divisor;
            Duration::ZERO
        };
        let mut quiet = Quiet::start("quiet".to_owned(), Share::Leftover, divide).unwrap();
        assert_eq!(quiet.ask(1, EVER).unwrap().piece, 1);
        assert_eq!(quiet.ask(0, EVER), Err(Unfinished::Broken));
        assert_eq!(quiet.ask(1, EVER), Err(Unfinished::Broken));
    }

    #[test]
    fn one_that_has_no_time_is_not_asked_again_until_it_is_done() {
        let (open, gate) = sync_channel::<()>(0);
        let wait = move |_: &mut u32| {
            gate.recv().unwrap();
            Duration::ZERO
        };
        let mut quiet = Quiet::start("quiet".to_owned(), Share::Leftover, wait).unwrap();
        assert_eq!(quiet.ask(1, Duration::ZERO), Err(Unfinished::Late));
        assert_eq!(quiet.ask(2, EVER), Err(Unfinished::Late));
        open.send(()).unwrap();
        // The first comes back some time; then the next is taken, and comes back itself.
        drop(std::thread::spawn(move || open.send(())));
        let mut third = Err(Unfinished::Late);
        while third == Err(Unfinished::Late) {
            third = quiet.ask(3, EVER);
        }
        assert_eq!(third.unwrap().piece, 3);
    }

    #[test]
    fn one_that_gets_no_processor_says_how_long() {
        let kept = |work: fn(&mut ()) -> Duration| {
            let began = Instant::now();
            let mut quiet = Quiet::start("quiet".to_owned(), Share::Leftover, work).unwrap();
            (quiet.ask((), EVER).unwrap().kept, began.elapsed())
        };
        let (kept_asleep, _) = kept(|()| {
            std::thread::sleep(Duration::from_millis(20));
            Duration::ZERO
        });
        assert!(kept_asleep > Duration::from_millis(15), "{kept_asleep:?}");
        let (kept_beside_pauses, took) = kept(|()| {
            std::thread::sleep(Duration::from_millis(20));
            Duration::from_millis(20)
        });
        assert!(kept_beside_pauses + Duration::from_millis(20) <= took, "{kept_beside_pauses:?} of {took:?}");
        let (kept_at_work, took) = kept(|()| {
            let begun = worked_so_far();
            while worked_so_far() < begun + Duration::from_millis(20) {}
            Duration::ZERO
        });
        assert!(kept_at_work + Duration::from_millis(20) <= took, "{kept_at_work:?} of {took:?}");
    }
}
