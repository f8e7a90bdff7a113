//! A driver for the tests of channels: it answers what it was told to, and keeps what it was handed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use tower::ServiceExt;

use crate::text::{Display, Encoding};
use crate::ussd::{Reply, SessionKey, Taken, Turn};

use super::{Access, BodyLimits, Edge, Entrance, Entrances, Flood, FloodLimits, TurnTaker, router};

pub(super) const SECRET: &str = "test-secret-of-it";

pub(super) struct Fake {
    taker: Arc<FakeTaker>,
    edge: Arc<Edge<FakeTaker>>,
}

struct FakeTaker {
    answer: Taken,
    turns: Mutex<Vec<Turn>>,
}

impl TurnTaker for FakeTaker {
    fn session_key(&self, channel: &'static str, id: &str) -> SessionKey {
        let mut key = [0; 16];
        for (to, from) in key.iter_mut().zip(channel.bytes().chain(id.bytes())) {
            *to = from;
        }
        SessionKey(key)
    }

    async fn take(&self, turn: Turn, _: Display) -> Taken {
        self.turns.lock().unwrap().push(turn);
        self.answer.clone()
    }

    fn busy(&self, _: &Turn, _: Display) -> Taken {
        Taken::Reply(Fake::reply("Busy", false))
    }
}

impl Default for Fake {
    fn default() -> Self {
        Self::answering(Taken::Reply(Self::reply("Hello", true)))
    }
}

impl Fake {
    pub(super) fn answering(answer: Taken) -> Self {
        Self::new(answer, 100)
    }

    /// The same, for a number that may send that many at once.
    pub(super) fn with_burst(self, burst: u32) -> Self {
        Self::new(self.taker.answer.clone(), burst)
    }

    fn new(answer: Taken, number_burst: u32) -> Self {
        let taker = Arc::new(FakeTaker { answer, turns: Mutex::new(vec![]) });
        let flood = Flood::new(FloodLimits {
            number_per_second: 1,
            number_burst,
            number_in_flight: 10,
            in_flight: 100,
            network_share_percent: 50,
        });
        let body = BodyLimits { octets: 8192, time: Duration::from_secs(5) };
        let edge = Arc::new(Edge { taker: Arc::clone(&taker), flood, body, trusted_proxies: vec![] });
        Self { taker, edge }
    }

    pub(super) fn reply(text: &str, more: bool) -> Reply {
        Reply { text: text.to_owned(), more, encoding: Encoding::Gsm7 }
    }

    pub(super) fn turns(&self) -> Vec<Turn> {
        self.taker.turns.lock().unwrap().clone()
    }
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) body: String,
}

pub(super) async fn call(fake: &Fake, request: Request<Body>) -> Answer {
    let entrance = Entrance { access: Access::new([SECRET], vec![]), display: Display::default() };
    let entrances = Entrances { africastalking: Some(entrance.clone()), json: Some(entrance) };
    let response = router(&fake.edge, entrances).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let kind =
        response.headers().get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let octets = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    Answer { status, kind, body: String::from_utf8(octets.to_vec()).unwrap() }
}

pub(super) fn form(path: &str, body: &str) -> Request<Body> {
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

pub(super) fn json_request(body: &impl ToString) -> Request<Body> {
    Request::post("/ussd/json")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {SECRET}"))
        .body(Body::from(body.to_string()))
        .unwrap()
}
