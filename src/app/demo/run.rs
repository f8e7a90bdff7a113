//! A demo from its start to its end.

use std::pin::Pin;

use tokio::net::TcpListener;

use super::error::DemoError;
use super::facts::Load;
use super::prepare::{Begun, DATABASE, Options, Preparation};
use super::present::{banner, facts, say};
use super::secrets::DemoSecrets;
use crate::app::clock::Clock;
use crate::app::serve::Foundation;
use crate::store::private::{Durability, PrivateServer};

/// Runs a demo until `stop`. However it ends, its PostgreSQL is down when this returns.
pub async fn run(options: Options, clock: Clock, stop: impl Future<Output = ()>) -> Result<(), DemoError> {
    let mut stop = std::pin::pin!(stop);
    let Begun { claim, listener, secrets } = Begun::new(&options)?;
    let server = tokio::select! {
        started = claim.start(Durability::Durable) => started?,
        () = &mut stop => return Ok(()),
    };
    let preparation =
        Preparation { server: &server, secrets: &secrets, patients: options.patients, clock: &clock };
    let ended = live(preparation, listener, stop).await;
    server.stop().await;
    ended
}

async fn live(
    preparation: Preparation<'_>,
    listener: TcpListener,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<(), DemoError> {
    let (foundation, load) = tokio::select! {
        prepared = preparation.run(listener) => prepared?,
        () = &mut stop => return Ok(()),
    };
    serve(foundation, load, preparation.secrets, preparation.server, stop).await
}

async fn serve(
    foundation: Foundation,
    load: Option<Load>,
    secrets: &DemoSecrets,
    server: &PrivateServer,
    stop: impl Future<Output = ()>,
) -> Result<(), DemoError> {
    let (pool, settings) = (foundation.pool.clone(), foundation.settings.clone());
    let node = foundation.start().await?;
    let mut connection = pool.acquire().await?;
    let facts = facts(&settings, secrets, server.url(DATABASE), load, &mut connection).await?;
    drop(connection);
    let folder = server.folder();
    let published =
        facts.publish(folder).map_err(|source| DemoError::Facts { path: folder.to_owned(), source })?;
    say(&banner(&facts, folder));
    stop.await;
    say("Stopping.");
    drop(published);
    node.stop().await;
    Ok(())
}
