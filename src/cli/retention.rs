//! `mamacare retention`: what is forgotten by itself, and what was.

use std::process::ExitCode;

use anyhow::Context;
use chrono::TimeDelta;
use sqlx::{Connection, PgConnection};

use crate::app::clock::Clock;
use crate::app::database;
use crate::store::retention::{RULES, report};

use super::{SettingsFile, small_runtime};

/// What is forgotten by itself, and how much of it was
///
/// Nodes run each rule once a day. The health record, what people agreed to and the audit trail are not
/// taken away by age.
#[derive(clap::Args)]
pub(super) struct Retention {
    /// Days to report on.
    #[arg(long, default_value_t = 7)]
    days: u16,
    #[command(flatten)]
    settings: SettingsFile,
}

impl Retention {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.settings.load()?;
        let since = (Clock::system().now() - TimeDelta::days(self.days.into())).date_naive();
        let runs = small_runtime()?.block_on(async {
            let mut connection = PgConnection::connect_with(&database::options(&settings.database)?)
                .await
                .context("the database of DATABASE_URL does not answer")?;
            anyhow::Ok(report(&mut connection, since).await?)
        })?;
        for rule in &RULES {
            println!("{:<15} after {:>4} days: {}", rule.name, rule.days, rule.what);
        }
        println!();
        for run in &runs {
            println!(
                "{}  {:<15} {:>8} rows older than {}",
                run.day,
                run.rule,
                run.rows,
                run.before.date_naive()
            );
        }
        if runs.is_empty() {
            println!("No rule has run since {since}: a node runs them.");
        }
        Ok(ExitCode::SUCCESS)
    }
}
