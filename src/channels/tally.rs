//! Counts of one channel. The handles are made once: a turn costs a few atomic additions.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

use super::edge::Taken;
use super::flood::Shed;

pub(super) struct Tally {
    channel: &'static str,
    continued: Counter,
    ended: Counter,
    out_of_order: Counter,
    notices: Counter,
    refused: Counter,
    malformed: Counter,
    seconds: Histogram,
}

impl Tally {
    pub(super) fn new(channel: &'static str) -> Self {
        let turns =
            |result: &'static str| counter!("mamacare_turns_total", "channel" => channel, "result" => result);
        Self {
            channel,
            continued: turns("continue"),
            ended: turns("end"),
            out_of_order: turns("out_of_order"),
            notices: turns("notice"),
            refused: turns("refused"),
            malformed: turns("malformed"),
            seconds: histogram!("mamacare_turn_seconds", "channel" => channel),
        }
    }

    pub(super) fn taken(&self, taken: &Taken, after: Duration) {
        match taken {
            Taken::Reply(reply) if reply.more => &self.continued,
            Taken::Reply(_) => &self.ended,
            Taken::OutOfOrder { .. } => &self.out_of_order,
            Taken::Ignored => &self.notices,
        }
        .increment(1);
        self.seconds.record(after);
    }

    pub(super) fn refused(&self) {
        self.refused.increment(1);
    }

    pub(super) fn malformed(&self) {
        self.malformed.increment(1);
    }

    pub(super) fn shed(&self, shed: Shed) {
        counter!("mamacare_turns_shed_total", "channel" => self.channel, "reason" => shed.name())
            .increment(1);
    }
}
