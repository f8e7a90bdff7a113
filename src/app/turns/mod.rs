//! The driver of turns: let one turn of a session in at a time, load the session, run the engine,
//! commit, answer. Never fails toward the phone: every fault becomes a short screen.

mod cache;
mod gate;
mod port;
mod run;
mod taker;

use std::sync::Arc;
use std::time::Duration;

use crate::menu::{LanguageId, Menu, MenuVersion, Standard, TextContext};
use crate::privacy::Keyring;
use crate::text::Display;
use crate::ussd::engine::EngineError;
use crate::ussd::{Taken, Turn, closing};

use super::clock::Clock;
use cache::Sessions;
use gate::Gate;
pub use port::{Committed, DataPort, PortError, TurnWrite};

/// The menus of this node.
pub trait MenuShelf: Send + Sync + 'static {
    /// The menu that new sessions begin with.
    fn current(&self) -> Arc<Menu>;

    /// The menu of a session that began with another; `None` where no node has kept it.
    fn version(&self, version: MenuVersion) -> impl Future<Output = Option<Arc<Menu>>> + Send;
}

/// What the driver is set to.
#[derive(Clone, Debug)]
pub struct TurnSettings {
    /// A session without a turn for so long is over.
    pub session_timeout: Duration,
    /// The phone has its answer by then, whatever happens.
    pub deadline: Duration,
    /// Sessions kept in memory. Where more are live, those without a turn for longest are read.
    pub cached_sessions: u64,
}

impl Default for TurnSettings {
    fn default() -> Self {
        Self {
            session_timeout: Duration::from_mins(3),
            deadline: Duration::from_millis(1_900),
            cached_sessions: 50_000,
        }
    }
}

/// The driver.
pub struct Turns<P, M> {
    port: P,
    menus: M,
    keys: Arc<Keyring>,
    clock: Clock,
    settings: TurnSettings,
    sessions: Sessions,
    gate: Gate,
}

/// Why a turn got no screen of the menu.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the menu that this session began with is gone")]
    MenuGone,
    #[error("other nodes were faster three times in a row")]
    Overtaken,
}

impl<P: DataPort, M: MenuShelf> Turns<P, M> {
    /// A driver over that store and those menus.
    pub fn new(port: P, menus: M, keys: Arc<Keyring>, clock: Clock, settings: TurnSettings) -> Self {
        let sessions = Sessions::new(settings.cached_sessions, settings.session_timeout);
        Self { port, menus, keys, clock, settings, sessions, gate: Gate::new() }
    }

    /// Takes a turn to its end: the screen is given only when it is durable.
    pub async fn take(&self, turn: Turn, display: Display) -> Taken {
        let started = std::time::Instant::now();
        let channel = turn.channel;
        let under_way = async {
            let _pass = self.gate.enter(turn.session).await;
            self.run(&turn, display).await
        };
        let (taken, result) = match tokio::time::timeout(self.settings.deadline, under_way).await {
            Ok(Ok((taken, result))) => (taken, result),
            Ok(Err(failure)) => self.fail(&turn, display, &failure),
            Err(_) => {
                self.sessions.forget(turn.session);
                tracing::warn!(session = turn.session.reference(), channel, "no answer within the deadline");
                (self.say(Standard::Busy, &turn, display), "late")
            }
        };
        metrics::histogram!("mamacare_turn_duration_seconds", "channel" => channel).record(started.elapsed());
        metrics::counter!("mamacare_turns_total", "channel" => channel, "result" => result).increment(1);
        taken
    }

    fn fail(&self, turn: &Turn, display: Display, failure: &Failure) -> (Taken, &'static str) {
        // What this node remembers may be behind what is stored: read it afresh next time.
        self.sessions.forget(turn.session);
        let reference = turn.session.reference();
        match failure {
            Failure::Port(PortError::Away(_)) => {
                tracing::error!(session = reference, error = %failure, "the database is away");
                (self.say(Standard::Busy, turn, display), "away")
            }
            Failure::Port(PortError::Busy) | Failure::Overtaken => {
                tracing::warn!(session = reference, error = %failure, "busy");
                (self.say(Standard::Busy, turn, display), "busy")
            }
            Failure::MenuGone => {
                tracing::warn!(session = reference, error = %failure, "the session cannot go on");
                (self.say(Standard::TimedOut, turn, display), "menu_gone")
            }
            Failure::Engine(_) | Failure::Port(PortError::Broken(_)) => {
                tracing::error!(session = reference, error = %failure, "a turn failed");
                (self.say(Standard::Apology, turn, display), "failed")
            }
        }
    }

    /// A closing screen of the current menu, in the language of the session where this node
    /// knows it.
    fn say(&self, text: Standard, turn: &Turn, display: Display) -> Taken {
        let menu = self.menus.current();
        let known = self.sessions.get(turn.session).map(|stored| stored.session.language);
        let language = known.filter(|id| usize::from(id.0) < menu.languages.len()).unwrap_or(LanguageId(0));
        say(&menu, text, language, turn, display)
    }
}

fn say(menu: &Menu, text: Standard, language: LanguageId, turn: &Turn, display: Display) -> Taken {
    let mut scope = TextContext::new();
    scope.insert("service_code", &turn.service_code.0);
    scope.insert("reference", &turn.session.reference());
    // A menu without this text does not pass its check; an empty screen would be worse than plain words.
    let words = menu.texts.standard(text, language, &scope);
    let words = words.as_deref().unwrap_or("Please dial again later.");
    Taken::Reply(closing(words, &display))
}
