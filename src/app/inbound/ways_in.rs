//! The addresses that providers call with what people send, and what is tidied behind them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chrono::TimeDelta;
use sqlx::PgPool;

use crate::app::clock::Clock;
use crate::app::settings::Settings;
use crate::channels::sms::SmsDoor;
use crate::channels::sms::inbound::{InboundDesk, InboundLimits, InboundTaker, router};
use crate::channels::{BodyLimits, FloodLimits};
use crate::store::forget::forget;

/// Of one number: messages a second in the long run and in a burst, and under way at once. More are a
/// machine's; a provider brings again what was not taken.
const OF_ONE_NUMBER: (u32, u32, u32) = (1, 60, 16);
/// Messages under way at once in all.
const IN_ALL: u32 = 1024;
/// Numbers that have been quiet are forgotten this often.
const TIDYING: Duration = Duration::from_secs(10);
/// What is old is looked for this often, and again at once while there is much.
const FORGETTING: Duration = Duration::from_hours(1);
/// Much.
const MANY: u64 = 1000;

/// The addresses of all providers that call.
pub fn ways_in<T: InboundTaker>(
    settings: &Settings,
    taker: T,
    doors: &[SmsDoor],
) -> (Router, Arc<InboundDesk<T>>) {
    let (number_per_second, number_burst, number_in_flight) = OF_ONE_NUMBER;
    let limits = InboundLimits {
        body: BodyLimits {
            octets: settings.server.max_body_bytes,
            time: Duration::from_secs(settings.server.body_timeout_seconds),
        },
        flood: FloodLimits {
            number_per_second,
            number_burst,
            number_in_flight,
            in_flight: IN_ALL,
            network_share_percent: 100,
        },
    };
    let desk = InboundDesk::new(Arc::new(taker), limits, settings.server.trusted_proxies.clone());
    let desk = Arc::new(desk);
    (router(&desk, doors), desk)
}

/// Forgets numbers that have been quiet, for as long as it is polled.
pub async fn keep_tidy<T: InboundTaker>(desk: Arc<InboundDesk<T>>) {
    let mut ticks = tokio::time::interval(TIDYING);
    loop {
        ticks.tick().await;
        desk.forget_quiet_numbers();
    }
}

/// Forgets what is older than that, for as long as it is polled.
pub async fn keep_forgetting(pool: PgPool, clock: Clock, kept: TimeDelta) {
    let mut ticks = tokio::time::interval(FORGETTING);
    loop {
        ticks.tick().await;
        loop {
            let now = clock.now();
            match forget(&pool, now - kept, now).await {
                Ok(rows) if rows < MANY => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "what people sent long ago was not forgotten; it will be");
                    break;
                }
            }
        }
    }
}
