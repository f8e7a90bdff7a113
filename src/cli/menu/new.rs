//! `mamacare menu new`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use crate::menu::{SCHEMA, STARTER};

/// Write a small set of menus that works, to begin with.
#[derive(Args)]
pub(super) struct New {
    /// A new folder, or an empty one.
    #[arg(default_value = "menus", value_name = "DIR")]
    folder: PathBuf,
}

impl New {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let folder = &self.folder;
        let taken = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        if taken || folder.is_file() {
            bail!("{} is there already and not empty; name a new folder", folder.display());
        }
        for (name, text) in STARTER.iter().copied().chain([("schema.json", SCHEMA)]) {
            let path = folder.join(name);
            let parent = path.parent().unwrap_or(folder);
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let shown = folder.display();
        println!("A first set of menus is in {shown}. Next:");
        println!("  mamacare menu check {shown}    look for mistakes");
        println!("  mamacare menu test {shown}     play the conversations in {shown}/tests");
        println!("  mamacare menu graph {shown} --output menus.svg");
        Ok(ExitCode::SUCCESS)
    }
}
