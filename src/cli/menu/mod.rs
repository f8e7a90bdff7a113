//! `mamacare menu`: the programme officer's tools. None needs a database.

mod catalog;
mod check;
mod graph;
mod new;
mod test;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use crate::care::Unsaid;
use crate::menu::{LoadOptions, Sources};
use crate::text::{Display, Folding, Phrases};

/// Check, try and draw menus.
#[derive(Args)]
pub(super) struct Menu {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Check),
    Test(test::Test),
    Graph(graph::Graph),
    New(new::New),
    Catalog(catalog::CatalogCommand),
}

impl Menu {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Check(check) => check.run(),
            Command::Test(test) => test.run(),
            Command::Graph(graph) => graph.run(),
            Command::New(new) => new.run(),
            Command::Catalog(catalog) => catalog.run(),
        }
    }
}

/// How a command tells what it found.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Where the menus are.
#[derive(Args)]
struct Folder {
    /// The folder of the menus.
    #[arg(default_value = "menus", value_name = "DIR")]
    folder: PathBuf,
}

impl Folder {
    fn read(&self) -> anyhow::Result<Sources> {
        Ok(Sources::from_dir(&self.folder)?)
    }

    fn path(&self) -> &Path {
        &self.folder
    }
}

/// What becomes of ɛ, ɔ and ŋ.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FoldingChoice {
    /// ɛ as è, ɔ as ò, ŋ as ng.
    Accent,
    /// As e, o and ng.
    Plain,
    /// As they are: such a screen holds 80 letters.
    Off,
}

impl FoldingChoice {
    const fn display(self) -> Display {
        let folding = match self {
            Self::Accent => Folding::Accent,
            Self::Plain => Folding::Plain,
            Self::Off => Folding::Off,
        };
        Display { folding, ucs2: true }
    }
}

/// All languages that are complete are served here, reviewed or not.
fn options(display: Display) -> LoadOptions {
    // The words are in this program, and a test reads them.
    let unsaid = Unsaid::shipped().unwrap_or_default();
    LoadOptions {
        display,
        unsaid: Phrases::new(unsaid.always.iter().map(String::as_str)),
        unsaid_unless_open: Phrases::new(unsaid.unless_open.iter().map(String::as_str)),
        ..LoadOptions::all_languages()
    }
}

/// Whether a stream takes colours: a terminal, and nobody has said no.
fn colours(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

const fn code(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
