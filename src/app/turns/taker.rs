//! The driver, as channels see it.

use crate::channels::TurnTaker;
use crate::menu::Standard;
use crate::text::Display;
use crate::ussd::{SessionKey, Taken, Turn};

use super::{DataPort, MenuShelf, Turns};

impl<P: DataPort, M: MenuShelf> TurnTaker for Turns<P, M> {
    fn session_key(&self, channel: &'static str, id: &str) -> SessionKey {
        SessionKey(self.keys.session_key(channel, id))
    }

    async fn take(&self, turn: Turn, display: Display) -> Taken {
        Self::take(self, turn, display).await
    }

    fn busy(&self, turn: &Turn, display: Display) -> Taken {
        self.say(Standard::Busy, turn, display)
    }
}
