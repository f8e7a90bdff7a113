//! `/healthz`: the process lives. `/readyz`: its parts work, and which do not. `/metrics`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics::gauge;
use serde::Serialize;
use sqlx::PgPool;

use super::metrics::Metrics;
use super::migrations::{self, Migrations};
use super::outbox::OutboxStatus;

/// Who asks whether we are ready does not wait longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What `/readyz` says of the menus.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct MenuStatus {
    /// The version that new sessions begin with.
    pub version: String,
    /// Why the files as they are now are not served, where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// What the pages ask.
pub struct Health {
    /// The database.
    pub pool: PgPool,
    /// The menus.
    pub menus: Box<dyn Fn() -> MenuStatus + Send + Sync>,
    /// Turns under way.
    pub in_flight: Box<dyn Fn() -> u32 + Send + Sync>,
    /// Who carries messages.
    pub outbox: Box<dyn Fn() -> OutboxStatus + Send + Sync>,
    /// The numbers.
    pub metrics: Metrics,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    database: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    migrations: Option<Migrations>,
    menu: MenuStatus,
    messages: OutboxStatus,
}

/// The three pages.
pub fn router(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(numbers))
        .with_state(Arc::new(health))
}

/// 503 where a turn would fail. A refused edit of the menus is told, and no reason to be unready:
/// the version before it is served. Nor is a provider of messages that is down: they wait.
async fn ready(State(health): State<Arc<Health>>) -> Response {
    let (menu, messages) = ((health.menus)(), (health.outbox)());
    let asked = async { migrations::of(&mut *health.pool.acquire().await?).await };
    let readiness = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(found)) => {
            let ready = found.pending == 0;
            Readiness { ready, database: "answers", migrations: Some(found), menu, messages }
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            Readiness { ready: false, database: "away", migrations: None, menu, messages }
        }
        Err(_) => Readiness { ready: false, database: "slow", migrations: None, menu, messages },
    };
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

async fn numbers(State(health): State<Arc<Health>>) -> Response {
    gauge!("mamacare_turns_in_flight").set(f64::from((health.in_flight)()));
    let text = health.metrics.render(&health.pool);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
