//! What all channels share: the driver that takes turns, the limits, and who may knock.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::ussd::{Event, Reply, SessionKey, Turn};

use super::auth::{Access, source};
use super::body::BodyLimits;
use super::flood::Flood;
use super::problem::Problem;
use super::tally::Tally;
use super::{africastalking, json};

/// What became of a turn.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Taken {
    /// What the phone shows; also where something failed.
    Reply(Reply),
    /// Its number is not the next one (channels that number their turns).
    OutOfOrder {
        /// The number that would be.
        expected: u32,
    },
    /// A notice that needs no answer.
    Ignored,
}

/// Takes turns to their answers. It does not fail: the phone always gets something to show.
pub trait TurnTaker: Send + Sync + 'static {
    /// Key of a session, from the channel and the operator's own id of it.
    fn session_key(&self, channel: &'static str, id: &str) -> SessionKey;

    /// Carries one turn through the engine and the store.
    fn take(&self, turn: Turn) -> impl Future<Output = Taken> + Send;

    /// The polite end for who comes while too much is under way. It costs nothing to make.
    fn busy(&self, channel: &'static str) -> Reply;
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

/// Who may use which channel; a channel without an entry answers 404.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    /// Africa's Talking.
    pub africastalking: Option<Access>,
    /// The generic JSON form.
    pub json: Option<Access>,
}

/// The addresses of all open channels.
pub fn router<T: TurnTaker>(edge: &Arc<Edge<T>>, doors: Doors) -> Router {
    let mut router = Router::new();
    if let Some(access) = doors.africastalking {
        router = router.merge(africastalking::router(Door::new(edge, africastalking::NAME, access)));
    }
    if let Some(access) = doors.json {
        router = router.merge(json::router(Door::new(edge, json::NAME, access)));
    }
    router
}

/// One channel's way in.
pub(super) struct Door<T> {
    pub(super) edge: Arc<Edge<T>>,
    pub(super) channel: &'static str,
    access: Access,
    tally: Tally,
}

impl<T: TurnTaker> Door<T> {
    pub(super) fn new(edge: &Arc<Edge<T>>, channel: &'static str, access: Access) -> Arc<Self> {
        Arc::new(Self { edge: Arc::clone(edge), channel, access, tally: Tally::new(channel) })
    }

    /// Refuses who is not the operator, before anything of the body is read.
    pub(super) fn authenticate(&self, parts: &Parts, in_path: Option<&str>) -> Result<(), Problem> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let from = self.source_of(peer, &parts.headers);
        let checked = self.access.check(in_path, &parts.headers, from);
        if let Err(problem) = &checked {
            self.tally.refused();
            tracing::warn!(channel = self.channel, source = ?from, status = problem.status(), "a callback was not let in");
        }
        checked
    }

    fn source_of(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        peer.map(|peer| source(peer, headers, &self.edge.trusted_proxies))
    }

    /// Counts a request that is not in the channel's form.
    pub(super) fn malformed(&self, problem: Problem) -> Problem {
        self.tally.malformed();
        tracing::info!(
            channel = self.channel,
            status = problem.status(),
            reason = problem.detail(),
            "a callback was malformed"
        );
        problem
    }

    /// Hands a turn to the driver, unless too much is under way.
    pub(super) async fn take(&self, turn: Turn) -> Taken {
        let started = std::time::Instant::now();
        let _permit = match self.edge.flood.admit(turn.msisdn, &turn.network) {
            Ok(permit) => permit,
            Err(shed) => {
                self.tally.shed(shed);
                tracing::debug!(channel = self.channel, session = turn.session.reference(), %shed, "a turn was shed");
                // A notice that is not heard costs nothing: the session times out instead.
                let notice = turn.event != Event::Turn;
                return if notice {
                    Taken::Ignored
                } else {
                    Taken::Reply(self.edge.taker.busy(self.channel))
                };
            }
        };
        let session = turn.session;
        let taken = self.edge.taker.take(turn).await;
        self.tally.taken(&taken, started.elapsed());
        tracing::debug!(channel = self.channel, session = session.reference(), taken = taken.name(), "turn");
        taken
    }
}

impl Taken {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Reply(Reply { more: true, .. }) => "continue",
            Self::Reply(Reply { more: false, .. }) => "end",
            Self::OutOfOrder { .. } => "out_of_order",
            Self::Ignored => "notice",
        }
    }
}
