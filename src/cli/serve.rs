//! `mamacare serve`: a production node.

use std::process::ExitCode;

use crate::app::{serve, settings};

use super::SettingsFile;

/// Serve phones: a production node.
///
/// It needs DATABASE_URL, a master key and the secrets of its channels; see the example of all settings
/// (--example). Any number of nodes share one database. SIGTERM finishes what is under way and stops.
#[derive(clap::Args)]
#[expect(clippy::doc_markdown, reason = "this is the text of --help, where backticks stand as they are")]
pub(super) struct Serve {
    #[command(flatten)]
    settings: SettingsFile,
    /// Print all settings with their defaults and what they mean, as a file to begin with.
    #[arg(long)]
    example: bool,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        if self.example {
            print!("{}", settings::EXAMPLE);
            return Ok(ExitCode::SUCCESS);
        }
        let settings = self.settings.load()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serve::run(settings))?;
        // What is left are blocking reads of files; the process need not wait for them.
        runtime.shutdown_background();
        Ok(ExitCode::SUCCESS)
    }
}
