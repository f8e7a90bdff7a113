//! `mamacare menu check`.

use std::process::ExitCode;

use clap::Args;

use crate::menu::check;
use crate::menu::script::read_scripts;
use crate::ussd::catalog::CATALOG;

use super::{Folder, FoldingChoice, Format, code, colours, options};

/// Look for mistakes, in the menus and in the scripts beside them; exit code 1 where there is an error.
#[derive(Args)]
pub(super) struct Check {
    #[command(flatten)]
    folder: Folder,

    /// How to tell what was found.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// How the channel shows ɛ, ɔ and ŋ; it decides what fits on a screen.
    #[arg(long, value_enum, default_value_t = FoldingChoice::Accent)]
    folding: FoldingChoice,

    /// Count warnings as errors.
    #[arg(long)]
    strict: bool,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let sources = self.folder.read()?;
        let mut checked = check(&sources, &CATALOG, &options(self.folding.display()));
        checked.report.join(read_scripts(&sources, &CATALOG).report);
        let report = &checked.report;
        let (errors, warnings) = (report.errors(), report.warnings());
        match self.format {
            Format::Json => println!("{}", serde_json::to_string_pretty(&report.to_json())?),
            Format::Text => {
                print!("{}", report.render(colours(&std::io::stdout())));
                if let (Some(menu), 0) = (&checked.menu, errors) {
                    println!(
                        "{}: {} flows, {} states, {} languages; version {:016x}",
                        if warnings == 0 { "all well" } else { "can be served" },
                        menu.flows.len(),
                        menu.states.len(),
                        menu.languages.len(),
                        menu.version.0
                    );
                }
            }
        }
        Ok(code(errors == 0 && (warnings == 0 || !self.strict)))
    }
}
