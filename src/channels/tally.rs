//! Counts of one channel: what did not become a turn. The driver counts the turns.

use metrics::{Counter, counter};

use super::flood::Shed;

pub(super) struct Tally {
    channel: &'static str,
    refused: Counter,
    malformed: Counter,
}

impl Tally {
    pub(super) fn new(channel: &'static str) -> Self {
        let turned_away = |reason: &'static str| counter!("mamacare_callbacks_refused_total", "channel" => channel, "reason" => reason);
        Self { channel, refused: turned_away("stranger"), malformed: turned_away("malformed") }
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
