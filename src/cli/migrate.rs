//! `mamacare migrate`: brings the database to what this binary needs.

use std::process::ExitCode;

use anyhow::Context;
use sqlx::Connection;

use crate::app::clock::Clock;
use crate::app::{database, migrations};
use crate::care::Country;
use crate::store::places::add_country;
use crate::store::roles;

use super::{SettingsFile, small_runtime};

/// Bring the database to what this version needs.
///
/// Applies to the database of DATABASE_URL the migrations that are in this binary and not yet there, and
/// adds the districts and facilities of the country that are missing, and gives the roles mamacare_app,
/// mamacare_api, mamacare_report and mamacare_backup what each may do, and with whose rows. Connect as the owner of the database. It is safe to run it again, and
/// from several machines at once. Run it before `mamacare serve` when you upgrade; nodes of the version
/// before go on meanwhile.
#[derive(clap::Args)]
#[expect(clippy::doc_markdown, reason = "this is the text of --help, where backticks stand as they are")]
pub(super) struct Migrate {
    #[command(flatten)]
    settings: SettingsFile,
}

impl Migrate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.settings.load()?;
        small_runtime()?.block_on(async {
            let options = database::owner_options(&settings.database)?;
            // One connection of its own: a migration may take longer than a turn's statement may.
            let mut connection = sqlx::PgConnection::connect_with(&options)
                .await
                .context("the database of DATABASE_URL does not answer")?;
            let before = migrations::of(&mut connection).await?;
            let after = migrations::apply(&mut connection).await?;
            let country = Country::shipped()?;
            let mut work = connection.begin().await?;
            add_country(&mut work, &country.districts, &country.facilities, Clock::system().now()).await?;
            work.commit().await?;
            roles::ensure(&mut connection).await?;
            connection.close().await?;
            match before.pending {
                0 => println!("The database is up to date (migration {}).", after.applied),
                applied => println!("Applied {applied} migrations; the database is at {}.", after.applied),
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}
