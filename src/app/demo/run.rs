//! A demo from its start to its end.

use std::sync::Arc;

use super::error::DemoError;
use super::facts::Load;
use super::prepare::{DATABASE, Options, Prepared};
use super::present::{banner, facts};
use super::secrets::DemoSecrets;
use super::sms_log::show_messages;
use crate::app::clock::Clock;
use crate::app::serve::Foundation;
use crate::store::private::PrivateServer;

/// Runs a demo until `stop`.
pub async fn run(options: Options, clock: Clock, stop: impl Future<Output = ()>) -> Result<(), DemoError> {
    let mut stop = std::pin::pin!(stop);
    let prepared = tokio::select! {
        prepared = Prepared::new(&options, &clock) => prepared?,
        () = &mut stop => return Ok(()),
    };
    let Prepared { server, secrets, foundation, load } = prepared;
    let served = serve(foundation, load, &secrets, &server, stop).await;
    server.stop().await;
    served
}

async fn serve(
    foundation: Foundation,
    load: Option<Load>,
    secrets: &DemoSecrets,
    server: &PrivateServer,
    stop: impl Future<Output = ()>,
) -> Result<(), DemoError> {
    let (pool, vault) = (foundation.pool.clone(), Arc::clone(&foundation.vault));
    let (settings, clock) = (foundation.settings.clone(), foundation.clock.clone());
    let node = foundation.start().await?;
    let mut connection = pool.acquire().await?;
    let facts = facts(&settings, secrets, server.url(DATABASE), load, &mut connection).await?;
    drop(connection);
    let folder = server.folder();
    let published =
        facts.publish(folder).map_err(|source| DemoError::Facts { path: folder.to_owned(), source })?;
    println!("{}", banner(&facts, folder));
    let showing = tokio::spawn(show_messages(pool, vault, clock));
    stop.await;
    println!("Stopping.");
    drop(published);
    showing.abort();
    node.stop().await;
    Ok(())
}
