//! `mamacare person`: what one person may ask for about herself.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::app::clock::Clock;
use crate::app::settings::Settings;
use crate::app::{database, demo, keys};
use crate::care::Msisdn;
use crate::privacy::Vault;
use crate::store::access::{self, ServiceAccess};
use crate::store::{erasure, export, people};

use super::{SettingsFile, small_runtime};

/// One person's data: a copy of all of it, or its end
#[derive(clap::Args)]
pub(super) struct Person {
    #[command(subcommand)]
    command: PersonCommand,
}

#[derive(clap::Subcommand)]
enum PersonCommand {
    Find(Find),
    Export(Export),
    Erase(Erase),
}

/// Print the ids of those who use a number.
#[derive(clap::Args)]
struct Find {
    /// The number, in any usual form.
    msisdn: String,
    #[command(flatten)]
    of: Which,
}

/// Print everything that is kept about a person, opened, as JSON on standard output.
///
/// The audit trail keeps that it was done, and why.
#[derive(clap::Args)]
struct Export {
    /// Her id (`mamacare person find`).
    id: Uuid,
    /// Why, such as the number of her request; sealed in the audit trail.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    of: Which,
}

/// Erase a person: her key is destroyed, and everything of hers is gone for good.
///
/// What stays holds no word about her: her id, the audit trail, and when she agreed to what. A backup made
/// before still holds her key: let old backups lapse, and erase her again where one is restored.
#[derive(clap::Args)]
struct Erase {
    /// Her id (`mamacare person find`).
    id: Uuid,
    /// Why, such as the number of her request; sealed in the audit trail.
    #[arg(long)]
    reason: String,
    /// Her id once more: there is no way back.
    #[arg(long, value_name = "ID")]
    confirm: Uuid,
    #[command(flatten)]
    of: Which,
}

/// Whose database.
#[derive(clap::Args)]
struct Which {
    /// Folder of a demo that runs; its database is used.
    #[arg(long, value_name = "DIR", conflicts_with = "settings")]
    data: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsFile,
}

impl Person {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = small_runtime()?;
        match self.command {
            PersonCommand::Find(find) => runtime.block_on(find.run()),
            PersonCommand::Export(export) => runtime.block_on(export.run()),
            PersonCommand::Erase(erase) => runtime.block_on(erase.run()),
        }
    }
}

/// The database and what opens it.
struct Opened {
    connection: PgConnection,
    vault: Vault,
}

impl Which {
    async fn open(self) -> anyhow::Result<Opened> {
        let settings: Settings = match &self.data {
            Some(folder) => demo::settings_of(folder)?,
            None => self.settings.load()?,
        };
        let options = database::options(&settings.database)?;
        let mut connection = PgConnection::connect_with(&options)
            .await
            .context("the database of DATABASE_URL does not answer")?;
        let keys = keys::open(&settings, &mut connection).await?;
        Ok(Opened { connection, vault: Vault::new(keys) })
    }
}

impl Find {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let msisdn: Msisdn = self.msisdn.parse()?;
        let Opened { mut connection, vault } = self.of.open().await?;
        let phone = vault.keyring().phone_index(msisdn);
        let found = people::ids_on_number(&mut connection, &phone).await?;
        for person in &found {
            println!("{person}");
        }
        Ok(if found.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

impl Export {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let Opened { mut connection, vault } = self.of.open().await?;
        let mut work = connection.begin().await?;
        let line =
            ServiceAccess { person: self.id, act: "export", reason: &self.reason, at: Clock::system().now() };
        access::record_service(&mut work, vault.keyring(), &line).await?;
        let whole = export::export(&mut work, &vault, self.id).await?;
        let whole = whole.with_context(|| format!("there is no person {}, or she was erased", self.id))?;
        // No copy leaves without its line in the trail.
        work.commit().await?;
        let mut out = std::io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &whole)?;
        writeln!(out)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Erase {
    async fn run(self) -> anyhow::Result<ExitCode> {
        anyhow::ensure!(self.confirm == self.id, "--confirm names another person; nothing was changed");
        let Opened { mut connection, vault } = self.of.open().await?;
        let now = Clock::system().now();
        let mut work = connection.begin().await?;
        let erased = erasure::erase(&mut work, self.id, now).await?;
        anyhow::ensure!(erased, "there is no person {}, or she was erased before", self.id);
        let line = ServiceAccess { person: self.id, act: "erase", reason: &self.reason, at: now };
        access::record_service(&mut work, vault.keyring(), &line).await?;
        work.commit().await?;
        println!(
            "Erased {}. The audit trail and what she agreed to stay, without a word about her.",
            self.id
        );
        Ok(ExitCode::SUCCESS)
    }
}
