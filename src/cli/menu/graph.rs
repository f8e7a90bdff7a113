//! `mamacare menu graph`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use crate::menu::draw::{mermaid, svg};
use crate::menu::{FlowId, check};
use crate::text::Display;
use crate::ussd::catalog::CATALOG;

use super::{Folder, colours, options};

/// Draw how screens lead to each other.
#[derive(Args)]
pub(super) struct Graph {
    #[command(flatten)]
    folder: Folder,

    /// Draw one flow alone.
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,

    /// SVG for a browser, or Mermaid for a page that draws it.
    #[arg(long, value_enum, default_value_t = Kind::Svg)]
    format: Kind,

    /// Where to write; standard output where it is left out.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Svg,
    Mermaid,
}

impl Graph {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let sources = self.folder.read()?;
        let checked = check(&sources, &CATALOG, &options(Display::default()));
        let Some(menu) = checked.menu else {
            eprint!("{}", checked.report.render(colours(&std::io::stderr())));
            bail!("the menus have mistakes; only menus that pass `mamacare menu check` are drawn");
        };
        let flow = match &self.flow {
            None => None,
            Some(name) => {
                let at = menu.flows.iter().position(|flow| flow.name == *name);
                let known = menu.flows.iter().map(|flow| flow.name.as_str()).collect::<Vec<_>>().join(", ");
                let at = at.with_context(|| format!("no flow `{name}`; there are {known}"))?;
                Some(FlowId(u16::try_from(at)?))
            }
        };
        let drawn = match self.format {
            Kind::Svg => svg(&menu, flow),
            Kind::Mermaid => mermaid(&menu, flow),
        };
        match &self.output {
            None => print!("{drawn}"),
            Some(path) => {
                fs::write(path, drawn).with_context(|| format!("cannot write {}", path.display()))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
