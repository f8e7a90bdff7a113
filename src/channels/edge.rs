//! What all channels share: the driver that takes turns, the limits, and who may knock.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::text::Display;
use crate::ussd::{Event, SessionKey, Taken, Turn};

use super::auth::{Access, source};
use super::body::BodyLimits;
use super::flood::Flood;
use super::problem::Problem;
use super::seldom::Seldom;
use super::tally::Tally;
use super::{africastalking, json};

/// Takes turns to their answers. It does not fail: the phone always gets something to show.
pub trait TurnTaker: Send + Sync + 'static {
    /// Key of a session, from the channel and the operator's own id of it.
    fn session_key(&self, channel: &'static str, id: &str) -> SessionKey;

    /// Carries one turn through the engine and the store; `display` is how the channel shows text.
    fn take(&self, turn: Turn, display: Display) -> impl Future<Output = Taken> + Send;

    /// The polite end for who comes while too much is under way. It asks nothing of the store.
    fn busy(&self, turn: &Turn, display: Display) -> Taken;
}

/// What all channels share.
pub struct Edge<T> {
    /// The driver.
    pub taker: Arc<T>,
    /// How much is let in.
    pub flood: Flood,
    /// How large and how slow a body may be.
    pub body: BodyLimits,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// One channel's way in.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// Who may use it.
    pub access: Access,
    /// How it shows text.
    pub display: Display,
}

/// The channels that are open; the others answer 404.
#[derive(Clone, Debug, Default)]
pub struct Entrances {
    /// Africa's Talking.
    pub africastalking: Option<Entrance>,
    /// The generic JSON form.
    pub json: Option<Entrance>,
}

/// The addresses of all open channels.
pub fn router<T: TurnTaker>(edge: &Arc<Edge<T>>, entrances: Entrances) -> Router {
    let mut router = Router::new();
    if let Some(entrance) = entrances.africastalking {
        router = router.merge(africastalking::router(Door::new(edge, africastalking::NAME, entrance)));
    }
    if let Some(entrance) = entrances.json {
        router = router.merge(json::router(Door::new(edge, json::NAME, entrance)));
    }
    router
}

/// What the handlers of one channel share.
pub(super) struct Door<T> {
    pub(super) edge: Arc<Edge<T>>,
    pub(super) channel: &'static str,
    entrance: Entrance,
    tally: Tally,
    refusals: Seldom,
    mistakes: Seldom,
}

impl<T: TurnTaker> Door<T> {
    fn new(edge: &Arc<Edge<T>>, channel: &'static str, entrance: Entrance) -> Arc<Self> {
        Arc::new(Self {
            edge: Arc::clone(edge),
            channel,
            entrance,
            tally: Tally::new(channel),
            refusals: Seldom::new(),
            mistakes: Seldom::new(),
        })
    }

    /// Refuses who is not the operator, before anything of the body is read.
    pub(super) fn authenticate(&self, parts: &Parts, in_path: Option<&str>) -> Result<(), Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let from = self.source_of(peer, &parts.headers);
        let checked = self.entrance.access.check(in_path, &parts.headers, from);
        if let Err(problem) = &checked {
            self.tally.refused();
            if let Some(more) = self.refusals.say() {
                tracing::warn!(channel = self.channel, source = ?from, status = problem.status(), more, "a callback was not let in");
            }
        }
        checked
    }

    fn source_of(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        peer.map(|peer| source(peer, headers, &self.edge.trusted_proxies))
    }

    /// Counts a request that is not in the channel's form.
    pub(super) fn malformed(&self, problem: Problem) -> Problem {
        self.tally.malformed();
        if let Some(more) = self.mistakes.say() {
            tracing::warn!(
                channel = self.channel,
                status = problem.status(),
                reason = problem.detail(),
                more,
                "a callback was malformed"
            );
        }
        problem
    }

    /// Hands a turn to the driver, unless too much is under way.
    pub(super) async fn take(&self, turn: Turn) -> Taken {
        match self.edge.flood.admit(turn.msisdn, &turn.network) {
            Ok(_permit) => self.edge.taker.take(turn, self.entrance.display).await,
            Err(shed) => {
                self.tally.shed(shed);
                tracing::debug!(channel = self.channel, session = turn.session.reference(), %shed, "a turn was shed");
                // A notice that is not heard costs nothing: the session times out instead.
                if turn.event == Event::Turn { self.busy(&turn) } else { Taken::Noted }
            }
        }
    }

    fn busy(&self, turn: &Turn) -> Taken {
        self.edge.taker.busy(turn, self.entrance.display)
    }
}
