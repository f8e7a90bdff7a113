//! `mamacare audit`: whether the trail of who read and changed what is as it was written.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use sqlx::Connection;

use crate::app::audit::{kept_head, verify};
use crate::app::settings::Settings;
use crate::app::{database, demo, keys};
use crate::privacy::KeptHead;

use super::{SettingsFile, small_runtime};

/// The audit trail: whether it is as it was written
#[derive(clap::Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(clap::Subcommand)]
enum AuditCommand {
    Head(Head),
    Verify(Verify),
}

/// Print the signed head of the chain, to be kept away from the database.
///
/// Who holds the database can throw away the end of the trail, and with an old copy also the head that
/// tells of it: with a head kept elsewhere, `mamacare audit verify --head FILE` tells all the same.
#[derive(clap::Args)]
struct Head {
    #[command(flatten)]
    of: Which,
}

/// Look at every line of the trail, and name the first link that is broken.
///
/// Exits with 1 where a line was changed, taken out, put in or moved, where the end is missing, or where
/// the head is not ours.
#[derive(clap::Args)]
struct Verify {
    /// A head that was kept elsewhere.
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    #[command(flatten)]
    of: Which,
}

/// Whose trail.
#[derive(clap::Args)]
struct Which {
    /// Folder of a demo that runs; its trail is looked at.
    #[arg(long, value_name = "DIR", conflicts_with = "settings")]
    data: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsFile,
}

impl Which {
    fn settings(self) -> anyhow::Result<Settings> {
        match &self.data {
            Some(folder) => Ok(demo::settings_of(folder)?),
            None => self.settings.load(),
        }
    }
}

impl Audit {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            AuditCommand::Head(head) => head.run(),
            AuditCommand::Verify(verify) => verify.run(),
        }
    }
}

async fn connect(settings: &Settings) -> anyhow::Result<sqlx::PgConnection> {
    let options = database::options(&settings.database)?;
    sqlx::PgConnection::connect_with(&options).await.context("the database of DATABASE_URL does not answer")
}

impl Head {
    fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.of.settings()?;
        let head = small_runtime()?.block_on(async {
            let mut connection = connect(&settings).await?;
            let keys = keys::open(&settings, &mut connection).await?;
            anyhow::Ok(kept_head(&mut connection, &keys).await??)
        })?;
        println!("{}", serde_json::to_string(&head)?);
        Ok(ExitCode::SUCCESS)
    }
}

impl Verify {
    fn run(self) -> anyhow::Result<ExitCode> {
        let kept: Option<KeptHead> = match &self.head {
            None => None,
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("{} cannot be read", file.display()))?;
                let head = serde_json::from_str(&text).with_context(|| {
                    format!("{} is no head: expected what `mamacare audit head` prints", file.display())
                })?;
                Some(head)
            }
        };
        let settings = self.of.settings()?;
        let report = small_runtime()?.block_on(async {
            let mut connection = connect(&settings).await?;
            let keys = keys::open(&settings, &mut connection).await?;
            anyhow::Ok(verify(&mut connection, &keys, kept.as_ref()).await?)
        })?;
        for found in &report.breaks {
            println!("{found}");
        }
        if report.count > report.breaks.len() {
            println!("and {} more", report.count - report.breaks.len());
        }
        let state = if report.count == 0 { "whole" } else { "BROKEN" };
        println!(
            "The trail is {state}: {} lines chained, {} wait to be chained.",
            report.links, report.waiting
        );
        Ok(if report.count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
