//! Connections to PostgreSQL, as the settings say.

use std::str::FromStr;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::settings::{Database, SettingsError};

/// Where and how to connect.
pub fn options(database: &Database) -> Result<PgConnectOptions, SettingsError> {
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

/// A node's connections; they are made when they are needed, and made again when they break.
pub fn pool(database: &Database) -> Result<PgPool, SettingsError> {
    let timeout = database.statement_timeout_ms.to_string();
    let options = options(database)?.options([("statement_timeout", timeout)]);
    Ok(PgPoolOptions::new()
        .max_connections(database.connections)
        .acquire_timeout(Duration::from_millis(database.acquire_timeout_ms))
        .connect_lazy_with(options))
}
