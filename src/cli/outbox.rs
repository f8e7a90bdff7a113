//! `mamacare outbox`: what happens to messages, and what to do about it. It shows no recipient and no
//! text.

use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Connection, PgConnection};

use crate::app::clock::Clock;
use crate::app::database;
use crate::app::settings::Settings;
use crate::messages::Kind;
use crate::store::outbox::{self, Change, Selection, Shown};

use super::{SettingsFile, small_runtime};

/// Messages that go out: what waits, what failed and why
#[derive(clap::Args)]
pub(super) struct Outbox {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Status(Status),
    Show(Show),
    Retry(Retry),
    Cancel(Cancel),
}

/// Count messages by kind and state, and say which workers live.
#[derive(clap::Args)]
struct Status {
    /// Count ended messages of so many hours back.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8760))]
    hours: u32,
    #[command(flatten)]
    settings: SettingsFile,
}

/// Show one message's history: each state, its time, the provider's words.
#[derive(clap::Args)]
struct Show {
    /// The message's number, as the log names it.
    id: i64,
    #[command(flatten)]
    settings: SettingsFile,
}

/// Queue refused messages again, once what was wrong is put right.
///
/// Their text is kept for `messages.keep_refused_days`; that of a PIN is not: its owner asks for another.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
struct Retry {
    /// This message.
    #[arg(group = "which")]
    id: Option<i64>,
    /// All refused messages of this kind (reminder, answer, …).
    #[arg(long, group = "which", value_parser = kind)]
    kind: Option<Kind>,
    /// All that this provider refused.
    #[arg(long, group = "which")]
    provider: Option<String>,
    /// They are of use for so many hours more.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=168))]
    hours: u32,
    #[command(flatten)]
    settings: SettingsFile,
}

/// Cancel messages that wait. What a worker has already goes out.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
struct Cancel {
    /// This message.
    #[arg(group = "which")]
    id: Option<i64>,
    /// All that wait of this kind (reminder, broadcast, …).
    #[arg(long, group = "which", value_parser = kind)]
    kind: Option<Kind>,
    #[command(flatten)]
    settings: SettingsFile,
}

fn kind(name: &str) -> Result<Kind, String> {
    let names: Vec<&str> = Kind::ALL.into_iter().map(Kind::name).collect();
    Kind::of_name(name).ok_or_else(|| format!("expected one of {}", names.join(", ")))
}

impl Outbox {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = small_runtime()?;
        let now = Clock::system().now();
        match self.command {
            Command::Status(status) => {
                let settings = status.settings.load()?;
                let since = now - TimeDelta::hours(status.hours.into());
                print!("{}", runtime.block_on(status_of(&settings, since, now))?);
                Ok(ExitCode::SUCCESS)
            }
            Command::Show(show) => {
                let settings = show.settings.load()?;
                let found = runtime.block_on(async {
                    let mut connection = connect(&settings).await?;
                    Ok::<_, anyhow::Error>(outbox::show(&mut connection, show.id).await?)
                })?;
                let (shown, history) = found.with_context(|| format!("there is no message {}", show.id))?;
                print!("{}", told(&shown, &history));
                Ok(ExitCode::SUCCESS)
            }
            Command::Retry(retry) => {
                let settings = retry.settings.load()?;
                let selection = Selection {
                    id: retry.id,
                    kind: retry.kind.map(Kind::name),
                    provider: retry.provider.as_deref(),
                };
                let until = now + TimeDelta::hours(retry.hours.into());
                let count = runtime.block_on(async {
                    let mut connection = connect(&settings).await?;
                    Ok::<_, anyhow::Error>(outbox::retry(&mut connection, &selection, now, until).await?)
                })?;
                println!("{count} messages are queued again.");
                Ok(if count > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Command::Cancel(cancel) => {
                let settings = cancel.settings.load()?;
                let selection =
                    Selection { id: cancel.id, kind: cancel.kind.map(Kind::name), provider: None };
                let count = runtime.block_on(async {
                    let mut connection = connect(&settings).await?;
                    Ok::<_, anyhow::Error>(outbox::cancel(&mut connection, &selection, now).await?)
                })?;
                println!("{count} messages are cancelled.");
                Ok(if count > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
        }
    }
}

async fn connect(settings: &Settings) -> anyhow::Result<PgConnection> {
    let options = database::options(&settings.database)?;
    PgConnection::connect_with(&options).await.context("the database of DATABASE_URL does not answer")
}

async fn status_of(settings: &Settings, since: DateTime<Utc>, now: DateTime<Utc>) -> anyhow::Result<String> {
    use std::fmt::Write;
    let mut connection = connect(settings).await?;
    let mut text = String::new();
    writeln!(text, "{:<13} {:<10} {:<16} {:>10}", "kind", "state", "provider", "messages")?;
    for row in outbox::tally(&mut connection, since).await? {
        let provider = row.provider.as_deref().unwrap_or("");
        writeln!(text, "{:<13} {:<10} {:<16} {:>10}", row.kind, row.state, provider, row.count)?;
    }
    let workers = outbox::workers(&mut connection).await?;
    if workers.is_empty() {
        writeln!(text, "\nNo worker: nothing is sent. Is a node running, and does it name providers?")?;
    }
    for worker in workers {
        let seconds = (now - worker.seen_at).num_seconds();
        let since = worker.started_at.format("%Y-%m-%d %H:%M");
        writeln!(text, "worker since {since} UTC, seen {seconds} s ago, has {} messages", worker.has)?;
    }
    Ok(text)
}

fn told(shown: &Shown, history: &[Change]) -> String {
    use std::fmt::Write;
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let mut text = String::new();
    let provider = shown.provider.as_deref().unwrap_or("none yet");
    let _ = writeln!(text, "message {}, {}, {}", shown.id, shown.kind, shown.state);
    let _ = writeln!(text, "cause     {}", shown.cause);
    let _ = writeln!(text, "provider  {provider} {}", shown.provider_id.as_deref().unwrap_or(""));
    let _ = writeln!(text, "made      {}, not before {}", time(shown.created_at), time(shown.not_before));
    let _ = writeln!(text, "of use    until {}", time(shown.expires_at));
    let _ = writeln!(
        text,
        "attempts  {} failed, went {} times although it may have arrived",
        shown.attempts, shown.doubts
    );
    for change in history {
        let (provider, words) =
            (change.provider.as_deref().unwrap_or(""), change.words.as_deref().unwrap_or(""));
        let _ = writeln!(text, "{}  {:<10} {provider} {words}", time(change.at), change.state);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_with_its_history_and_nothing_of_hers() {
        let at: DateTime<Utc> = "2026-11-24T10:00:00Z".parse().unwrap();
        let shown = Shown {
            id: 7,
            cause: "visit/1".to_owned(),
            kind: "reminder".to_owned(),
            state: "delivered".to_owned(),
            attempts: 1,
            doubts: 0,
            provider: Some("kannel".to_owned()),
            provider_id: None,
            created_at: at,
            not_before: at,
            expires_at: at,
        };
        let change = Change {
            at,
            state: "sent".to_owned(),
            provider: Some("kannel".to_owned()),
            words: Some("202 0: Accepted for delivery".to_owned()),
        };
        let told = told(&shown, &[change]);
        assert!(told.starts_with("message 7, reminder, delivered\n"), "{told}");
        assert!(told.contains("10:00:00 UTC  sent       kannel 202 0: Accepted for delivery"), "{told}");
    }

    #[test]
    fn kinds_are_named_in_the_error() {
        assert_eq!(kind("reminder"), Ok(Kind::Reminder));
        assert!(kind("reminders").unwrap_err().contains("broadcast"));
    }
}
