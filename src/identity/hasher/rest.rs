//! How long a desk rests between two checks, so that what is left over of the processors is left to others too: a
//! check at idle priority is not free for them. It empties caches, and the kernel minds it when it shares out work.

use std::time::Duration;

/// A check that is kept from the processor for no longer than this has no busy machine beside it: its pauses end a
/// little late on any.
const HARDLY: Duration = Duration::from_millis(7);
/// A desk rests for so many times as long as the check was kept beyond that.
const TIMES_KEPT: u32 = 2;
/// But no longer than this: it may be any program that keeps it, and a mother waits.
const LONGEST_BESIDE_ANYBODY: Duration = Duration::from_millis(100);

/// A node that takes no more turns than this for each processor, while a check goes on, has time for both. Counted
/// by checks it is the same on a slow machine and on a quick one: on two of today's processors a thousand a second.
const FEW: f64 = 15.0;
/// So many more, and a desk rests for as long as the check took; for twice as many twice as long.
const MORE: f64 = 5.0;
/// But no longer than this: beside more turns than a quarter of what the machine can do, each desk makes two checks
/// a second.
const LONGEST_BESIDE_TURNS: Duration = Duration::from_millis(500);

/// A check that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    pub(super) took: Duration,
    /// How long others kept it from the processor.
    pub(super) kept: Duration,
    /// Turns that the node took meanwhile, for each processor.
    pub(super) turns: f64,
}

impl Checked {
    pub(super) fn rest(self) -> Duration {
        self.beside_anybody().max(self.beside_turns())
    }

    fn beside_anybody(self) -> Duration {
        self.kept.saturating_sub(HARDLY).saturating_mul(TIMES_KEPT).min(LONGEST_BESIDE_ANYBODY)
    }

    fn beside_turns(self) -> Duration {
        let times = (self.turns - FEW).max(0.0) / MORE;
        Duration::try_from_secs_f64(self.took.as_secs_f64() * times)
            .map_or(LONGEST_BESIDE_TURNS, |rest| rest.min(LONGEST_BESIDE_TURNS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(kept: u64, turns: f64) -> u128 {
        let [took, kept] = [20, kept].map(Duration::from_millis);
        Checked { took, kept, turns }.rest().as_millis()
    }

    #[test]
    fn the_busier_the_machine_the_longer_the_rest() {
        assert_eq!([0, 7, 17, 52, 400].map(|kept| rest(kept, 0.0)), [0, 0, 20, 90, 100]);
    }

    #[test]
    fn the_more_turns_there_are_the_longer_the_rest() {
        assert_eq!([0.0, 15.0, 20.0, 75.0, 175.0].map(|turns| rest(0, turns)), [0, 0, 20, 240, 500]);
    }

    #[test]
    fn the_longer_of_both_counts() {
        assert_eq!([rest(52, 20.0), rest(52, 75.0)], [90, 240]);
    }

    #[test]
    fn no_figure_is_too_large() {
        let most = Checked { took: Duration::MAX, kept: Duration::MAX, turns: f64::MAX };
        assert_eq!(most.rest().as_millis(), 500);
    }
}
