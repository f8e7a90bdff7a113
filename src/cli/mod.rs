//! The commands. Each says in its exit code how it went: 0 well, 1 not, 2 wrongly called.

mod admin;
mod audit;
mod demo;
mod desk;
mod dial;
mod health;
mod menu;
mod migrate;
mod outbox;
mod person;
mod reminders;
mod retention;
mod rotate_keys;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::settings::{FILE_VARIABLE, Settings, Sources};

/// A USSD and SMS health gateway for mothers with basic phones.
#[derive(Parser)]
#[command(name = "mamacare", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Admin(admin::Admin),
    Audit(audit::Audit),
    Demo(demo::Demo),
    Desk(desk::Desk),
    Dial(dial::Dial),
    Health(health::Health),
    Menu(menu::Menu),
    Migrate(migrate::Migrate),
    Outbox(outbox::Outbox),
    Person(person::Person),
    Reminders(reminders::Reminders),
    Retention(retention::Retention),
    RotateKeys(rotate_keys::RotateKeys),
    Serve(serve::Serve),
}

/// Where a command's settings come from.
#[derive(Clone, clap::Args)]
struct SettingsFile {
    /// The settings file; mamacare.toml in the working folder where none is named.
    #[arg(long, value_name = "FILE", env = FILE_VARIABLE)]
    settings: Option<PathBuf>,
}

impl SettingsFile {
    fn load(self) -> anyhow::Result<Settings> {
        Ok(Settings::load(&Sources::of_process(self.settings, ""))?)
    }
}

/// Runs the command line; the exit code is honest.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Admin(admin) => admin.run(),
        Command::Audit(audit) => audit.run(),
        Command::Demo(demo) => demo.run(),
        Command::Desk(desk) => desk.run(),
        Command::Dial(dial) => dial.run(),
        Command::Health(health) => health.run(),
        Command::Menu(menu) => menu.run(),
        Command::Migrate(migrate) => migrate.run(),
        Command::Outbox(outbox) => outbox.run(),
        Command::Person(person) => person.run(),
        Command::Reminders(reminders) => reminders.run(),
        Command::Retention(retention) => retention.run(),
        Command::RotateKeys(rotation) => rotation.run(),
        Command::Serve(serve) => serve.run(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("mamacare: {}", explained(&error));
        ExitCode::FAILURE
    })
}

/// The error and what it comes from, leaving out a cause that is told already.
fn explained(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        match told.as_str() {
            "" => cause,
            told if told.contains(&cause) => told.to_owned(),
            told => format!("{told}: {cause}"),
        }
    })
}

/// A runtime for commands that do one thing after the other.
fn small_runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let reason = error.to_string();
        let told =
            anyhow::Error::new(error).context(format!("no file ({reason}): make one")).context("no start");
        assert_eq!(explained(&told), format!("no start: no file ({reason}): make one"));
    }
}
