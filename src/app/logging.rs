//! The log: one line an event, on standard error. What it may hold is decided where it is written:
//! session references and the last digits of a number, never a PIN, a token or a medical value.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use super::settings::{Log, LogFormat, SettingsError};

/// Starts the log of this process. A second call changes nothing.
pub fn start(log: &Log) -> Result<(), SettingsError> {
    let filter = EnvFilter::try_new(&log.level).map_err(|error| {
        SettingsError::one(format!("log.level: {error}; expected info, or mamacare=debug,sqlx=warn"))
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only the first subscriber of a process counts; tests start several nodes in one.
    let _ = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).finish().try_init(),
    };
    Ok(())
}
