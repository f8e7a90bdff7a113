//! The provider: takes the generic form, answers after 50 ms, counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const ANSWERS_AFTER: Duration = Duration::from_millis(50);

type Count = State<Arc<AtomicU64>>;

pub async fn serve(port: u16) -> Result<()> {
    let router = Router::new()
        .route("/send", post(take))
        .route("/taken", get(async |State(count): Count| count.load(Ordering::Relaxed).to_string()))
        .with_state(Arc::default());
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, router).await?;
    Ok(())
}

async fn take(State(count): Count, Json(message): Json<Value>) -> Json<Value> {
    tokio::time::sleep(ANSWERS_AFTER).await;
    count.fetch_add(1, Ordering::Relaxed);
    Json(
        json!({"id": format!("peer-{}", message.get("id").and_then(Value::as_str).unwrap_or_default()), "status": "accepted"}),
    )
}

/// How many it has taken.
pub async fn taken(client: &reqwest::Client, port: u16) -> Result<u64> {
    let text = client.get(format!("http://127.0.0.1:{port}/taken")).send().await?.text().await?;
    Ok(text.parse()?)
}
