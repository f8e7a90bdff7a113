//! Connections to PostgreSQL, as the settings say.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};

use super::settings::{Database, SettingsError};
use crate::store::roles;

/// A connection answers within this time, or is closed.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection that was used so lately is thought to work.
const RECENTLY: Duration = Duration::from_secs(1);

/// How to connect as the service: whoever signs in, row-level security takes for a node.
pub fn options(database: &Database) -> Result<PgConnectOptions, SettingsError> {
    Ok(owner_options(database)?.options([("role", roles::APPLICATION)]))
}

/// How to connect as whom the address names, to change tables and roles.
pub fn owner_options(database: &Database) -> Result<PgConnectOptions, SettingsError> {
    let url = database.url.as_ref().ok_or_else(|| {
        SettingsError::one(
            "database.url: none given; set DATABASE_URL, such as postgres://mamacare@localhost/mamacare",
        )
    })?;
    // The error of the parser may show the URL, and with it a password.
    PgConnectOptions::from_str(url.reveal())
        .map(|options| options.application_name("mamacare"))
        .map_err(|_| SettingsError::one("database.url: this address of PostgreSQL cannot be read"))
}

/// Whether a connection still answers. The pool asks too when one is given back, but would wait for
/// ever, and keep its place, where the machine at the other end was lost without a word.
async fn still_there(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let late = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(PATIENCE, connection.ping()).await.map_err(late)?.map(|()| true)
}

/// A node's connections; they are made when they are needed, and made again when they break.
pub fn pool(database: &Database) -> Result<PgPool, SettingsError> {
    Ok(lazily(options(database)?, database, database.connections))
}

/// The connections of a node's API: it sees of patients what a transaction's scope opens.
pub fn scoped_pool(database: &Database) -> Result<PgPool, SettingsError> {
    let options = owner_options(database)?.options([("role", roles::API)]);
    Ok(lazily(options, database, database.api_connections))
}

/// Whether a connection of the API is bound by row-level security: what stands between may have left out
/// what was said at its beginning.
pub async fn is_scoped(scoped: &PgPool) -> Result<bool, sqlx::Error> {
    let asked = sqlx::query_scalar("SELECT current_user = $1").bind(roles::API);
    asked.fetch_one(scoped).await
}

/// Whether somebody was refused because a role is missing, or not granted to whom signed in.
pub fn lacks_role(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    // The first where it is missing, the second where it is not granted.
    matches!(error.code().as_deref(), Some("22023" | "42501"))
}

fn lazily(options: PgConnectOptions, database: &Database, connections: u32) -> PgPool {
    let timeout = database.statement_timeout_ms.to_string();
    PgPoolOptions::new()
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                // One that worked a moment ago is not asked first: that costs every turn a round trip.
                if metadata.idle_for < RECENTLY { Ok(true) } else { still_there(connection).await }
            })
        })
        .after_release(|connection, _| Box::pin(still_there(connection)))
        .max_connections(connections)
        .acquire_timeout(Duration::from_millis(database.acquire_timeout_ms))
        .connect_lazy_with(options.options([("statement_timeout", timeout)]))
}
