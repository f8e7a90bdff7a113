//! `mamacare rotate-keys`: seals everything anew under a new master key.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::Context;
use sqlx::{Connection, PgConnection};

use crate::app::{database, keys};
use crate::store::rotation::{self, Left, Progress};

use super::{SettingsFile, small_runtime};

/// Seal everything anew under a new master key, while the service runs.
///
/// Put the new key beside the old one (1:OLD, 2:NEW, one a line) and restart every node; put it first and
/// restart every node; then run this. It may be stopped, or killed, and run again: it goes on with what is
/// left. Once it says that nothing stands under another key, take the old one away and restart every node.
#[derive(clap::Args)]
pub(super) struct RotateKeys {
    /// Only say what stands under another key than the first.
    #[arg(long)]
    status: bool,
    #[command(flatten)]
    settings: SettingsFile,
}

impl RotateKeys {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.settings.load()?;
        let (number, left) = small_runtime()?.block_on(async {
            let mut connection = PgConnection::connect_with(&database::options(&settings.database)?)
                .await
                .context("the database of DATABASE_URL does not answer")?;
            let keyring = keys::open(&settings, &mut connection).await?;
            if !self.status {
                let _: ControlFlow<()> = rotation::rotate(&mut connection, &keyring, progress()).await?;
            }
            let left = rotation::left(&mut connection, &keyring).await?;
            connection.close().await?;
            anyhow::Ok((keyring.number(), left))
        })?;
        for Left { table, column, values } in &left {
            println!("{table}.{column}: {values} not under key {number}");
        }
        Ok(if left.is_empty() {
            println!("Everything is sealed under key {number}; no other is needed any more.");
            ExitCode::SUCCESS
        } else {
            println!("Keep every key that is given, and run this again.");
            ExitCode::FAILURE
        })
    }
}

/// One line that is written over on a terminal; elsewhere a line for each column.
fn progress() -> impl FnMut(&Progress) -> ControlFlow<()> {
    let terminal = std::io::stderr().is_terminal();
    move |now: &Progress| {
        let done = now.looked_through == now.blocks;
        if terminal || done {
            let percent = (now.looked_through * 100).checked_div(now.blocks).unwrap_or(100);
            let (start, end) = if terminal { ("\r\x1b[K", if done { "\n" } else { "" }) } else { ("", "\n") };
            eprint!("{start}{}.{}: {percent} %, {} sealed anew{end}", now.table, now.column, now.sealed);
        }
        ControlFlow::Continue(())
    }
}
