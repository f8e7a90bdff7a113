//! A taker for the tests of providers: it keeps what it was handed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use chrono::{DateTime, Utc};
use ipnet::IpNet;
use secrecy::SecretString;
use tower::ServiceExt;

use crate::care::Msisdn;
use crate::channels::{Access, BodyLimits, FloodLimits};

use super::{Callbacks, InboundDesk, InboundLimits, InboundTaker, NotStored, Received, SmsDoor, router};

pub(super) const SECRET: &str = "test-secret-of-it";
pub(super) const ORIGIN: &str = "https://sms.example.org";
pub(super) const NOW: &str = "2026-11-24T08:00:00Z";

pub(super) use crate::channels::testing::form;

pub(super) struct Fake {
    taker: Arc<Taker>,
    desk: Arc<InboundDesk<Taker>>,
    /// Where calls come from; empty: anywhere.
    pub(super) networks: Vec<IpNet>,
}

struct Taker {
    away: bool,
    taken: Mutex<Vec<Received>>,
    opted_out: Mutex<Vec<String>>,
}

impl InboundTaker for Taker {
    async fn take(&self, message: Received) -> Result<(), NotStored> {
        if self.away {
            return Err(NotStored);
        }
        self.taken.lock().unwrap().push(message);
        Ok(())
    }

    async fn opted_out(&self, _: &str, number: Msisdn) -> Result<(), NotStored> {
        self.opted_out.lock().unwrap().push(number.e164());
        Ok(())
    }

    fn now(&self) -> DateTime<Utc> {
        NOW.parse().unwrap()
    }
}

impl Default for Fake {
    fn default() -> Self {
        Self::new(false)
    }
}

impl Fake {
    /// A taker whose database is away.
    pub(super) fn away() -> Self {
        Self::new(true)
    }

    fn new(away: bool) -> Self {
        let taker = Arc::new(Taker { away, taken: Mutex::default(), opted_out: Mutex::default() });
        let limits = InboundLimits {
            body: BodyLimits { octets: 8192, time: Duration::from_secs(5) },
            flood: FloodLimits {
                number_per_second: 1,
                number_burst: 10,
                number_in_flight: 4,
                in_flight: 100,
                network_share_percent: 100,
            },
        };
        let desk = Arc::new(InboundDesk::new(Arc::clone(&taker), limits, vec![]));
        Self { taker, desk, networks: vec![] }
    }

    pub(super) fn taken(&self) -> Vec<Received> {
        self.taker.taken.lock().unwrap().clone()
    }

    pub(super) fn opted_out(&self) -> Vec<String> {
        self.taker.opted_out.lock().unwrap().clone()
    }

    pub(super) async fn call(&self, request: Request<Body>) -> Answer {
        let secrets = || vec![SecretString::from(SECRET)];
        let doors = [
            ("africastalking", Callbacks::AfricasTalking),
            ("twilio", Callbacks::Twilio { origin: ORIGIN.to_owned(), tokens: secrets() }),
            ("kannel", Callbacks::Kannel),
            ("http", Callbacks::Generic { secrets: secrets() }),
        ]
        .map(|(name, callbacks)| SmsDoor {
            name: name.to_owned(),
            access: Access::new([SECRET], self.networks.clone()),
            callbacks,
        });
        let response = router(&self.desk, &doors).oneshot(request).await.unwrap();
        let header = |name| {
            response
                .headers()
                .get(name)
                .map_or("", |value: &axum::http::HeaderValue| value.to_str().unwrap())
                .to_owned()
        };
        let (status, kind) = (response.status().as_u16(), header(header::CONTENT_TYPE));
        let retry_after = header(header::RETRY_AFTER);
        let octets = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, kind, retry_after, body: String::from_utf8(octets.to_vec()).unwrap() }
    }
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) retry_after: String,
    pub(super) body: String,
}
