//! A PostgreSQL of a benchmark's own.

use anyhow::{Context, Result};
use mamacare::store::private::{Durability, PrivateServer};

/// Does that with a new server whose fsync is on, and takes the server and its folder away after it.
pub async fn with_server(work: impl AsyncFnOnce(&PrivateServer) -> Result<()>) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("mamacare-bench-{}", std::process::id()));
    let server = PrivateServer::start(&folder, Durability::Durable).await?;
    let worked = work(&server).await;
    server.stop().await;
    std::fs::remove_dir_all(&folder).context("the bench's folder could not be removed")?;
    worked
}
