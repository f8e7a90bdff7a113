//! `mamacare demo`: everything on this machine, with nothing configured.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::app::clock::Clock;
use crate::app::demo::{self, MOST_PATIENTS, Options, default_folder};
use crate::app::logging;
use crate::app::serve::Stop;
use crate::app::settings::Log;

/// Run everything on this machine, with nothing configured.
///
/// Starts a PostgreSQL of its own from the programs on this machine, loads a demo country with
/// invented people, serves, and says how to dial. Ctrl-C stops it all; the next start goes on with
/// the same data. Its SMS are shown in its log, PINs and all, instead of being sent: it is for trying
/// out, never for the public.
#[derive(Args)]
pub(super) struct Demo {
    /// Port to listen on, on this machine alone; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    port: u16,

    /// Folder of its data [default: /var/lib/mamacare/demo for root, else
    /// ~/.local/share/mamacare/demo].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Have so many synthetic patients beside the demo's own people, as for load tests.
    #[arg(long, value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u64).range(..=MOST_PATIENTS))]
    patients: u64,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let quiet = Log { level: "info,sqlx=error".to_owned(), ..Log::default() };
        logging::start(&quiet)?;
        let options = Options {
            port: self.port,
            data: self.data.unwrap_or_else(default_folder),
            patients: self.patients,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut stop = Stop::listen()?;
            demo::run(options, Clock::system(), stop.wait()).await?;
            Ok(ExitCode::SUCCESS)
        })
    }
}
