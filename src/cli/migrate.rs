//! `mamacare migrate`: brings the database to what this binary needs.

use std::process::ExitCode;

use anyhow::Context;
use sqlx::Connection;

use crate::app::{database, migrations};

use super::{SettingsFile, small_runtime};

/// Bring the database to what this version needs.
///
/// The database is the one of `DATABASE_URL`. Applies the migrations that are in this binary and not yet in the database. It is safe to run it
/// again, and from several machines at once. Run it before `mamacare serve` when you upgrade; nodes of
/// the version before go on meanwhile.
#[derive(clap::Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    settings: SettingsFile,
}

impl Migrate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.settings.load()?;
        small_runtime()?.block_on(async {
            let options = database::options(&settings.database)?;
            // One connection of its own: a migration may take longer than a turn's statement may.
            let mut connection = sqlx::PgConnection::connect_with(&options)
                .await
                .context("the database of DATABASE_URL does not answer")?;
            let before = migrations::of(&mut connection).await?;
            let after = migrations::apply(&mut connection).await?;
            connection.close().await?;
            match before.pending {
                0 => println!("The database is up to date (migration {}).", after.applied),
                applied => println!("Applied {applied} migrations; the database is at {}.", after.applied),
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}
