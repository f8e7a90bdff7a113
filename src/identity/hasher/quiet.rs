//! A thread that works on what nobody else wants of the processors.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

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
    done: Receiver<W>,
}

impl<W: Send + 'static> Quiet<W> {
    /// Starts the thread; it ends with this.
    pub(super) fn start(
        name: String,
        mut work: impl FnMut(&mut W) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (to_do, taken) = sync_channel::<W>(1);
        let (given, done) = sync_channel(1);
        std::thread::Builder::new().name(name).spawn(move || {
            if let Err(error) = yield_to_all() {
                tracing::warn!(%error, "PIN checks run at normal priority");
            }
            while let Ok(mut piece) = taken.recv() {
                work(&mut piece);
                if given.send(piece).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { to_do, done })
    }

    /// Waits until a piece is done; `None` where the thread has broken down.
    pub(super) fn ask(&self, piece: W) -> Option<W> {
        self.to_do.send(piece).ok()?;
        self.done.recv().ok()
    }
}

/// From now on this thread has what is left over (`SCHED_IDLE`, sched(7)): being nice is not enough, since a
/// turn that wakes up beside a check that runs would wait for its slice to end.
fn yield_to_all() -> Result<(), thread_priority::Error> {
    set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Min,
        ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_what_nobody_else_wants() {
        let quiet = Quiet::start("quiet".to_owned(), |policy: &mut Option<ThreadSchedulePolicy>| {
            *policy = thread_priority::unix::thread_schedule_policy().ok();
        });
        let policy = quiet.unwrap().ask(None).unwrap();
        assert_eq!(policy, Some(ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle)));
    }

    #[test]
    fn one_that_broke_down_answers_no_more() {
        let quiet = Quiet::start("quiet".to_owned(), |divisor: &mut u32| *divisor = 1 / *divisor).unwrap();
        assert_eq!(quiet.ask(1), Some(1));
        assert_eq!(quiet.ask(0), None);
        assert_eq!(quiet.ask(1), None);
    }
}
