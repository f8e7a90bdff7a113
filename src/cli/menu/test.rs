//! `mamacare menu test`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use clap::Args;

use crate::menu::script::{Failure, Script, play, read_scripts};
use crate::menu::{Kind, Menu, Report, check};
use crate::text::Display;
use crate::ussd::catalog::CATALOG;
use crate::ussd::play::Engine;

use super::{Folder, Format, code, colours, options};

/// Play the conversation scripts in tests/; exit code 1 where one fails.
#[derive(Args)]
pub(super) struct Test {
    #[command(flatten)]
    folder: Folder,

    /// Play only scripts whose name or file has this in it.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// Name each script that is played, and the states whose screen no script has seen.
    #[arg(long, short)]
    verbose: bool,

    /// How to tell how it went.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How one script went.
struct Line<'run> {
    script: &'run Script,
    file: String,
    failure: Option<Failure>,
}

impl Test {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let sources = self.folder.read()?;
        let display = Display::default();
        let checked = check(&sources, &CATALOG, &options(display));
        let Some(menu) = checked.menu else {
            eprint!("{}", checked.report.render(colours(&std::io::stderr())));
            bail!("the menus have mistakes; scripts are played on menus that pass `mamacare menu check`");
        };
        let read = read_scripts(&sources, &CATALOG);
        if read.report.errors() > 0 {
            eprint!("{}", read.report.render(colours(&std::io::stderr())));
            bail!("the scripts have mistakes");
        }
        if read.scripts.is_empty() {
            bail!("no scripts in {}/tests", self.folder.path().display());
        }
        let started = Instant::now();
        let stage = Engine { display };
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut lines = Vec::new();
        for script in read.scripts.iter().filter(|script| self.wanted(script, &read.report)) {
            let played = play(script, &menu, &stage, display);
            seen.extend(played.seen);
            lines.push(Line { script, file: read.report.tell(script.place), failure: played.failure });
        }
        let failed = lines.iter().filter(|line| line.failure.is_some()).count();
        let unseen = unseen(&menu, &seen);
        match self.format {
            Format::Text => {
                self.tell(&lines, &read.report);
                let took = started.elapsed().as_millis();
                println!("{} scripts played in {took} ms, {failed} failed", lines.len());
                if self.only.is_none() && failed == 0 {
                    self.tell_unseen(&menu, &unseen);
                }
            }
            Format::Json => {
                println!("{}", serde_json::to_string_pretty(&to_json(&lines, &read.report, &unseen))?);
            }
        }
        Ok(code(failed == 0))
    }

    fn wanted(&self, script: &Script, report: &Report) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| script.name.contains(only) || report.tell(script.place).contains(only))
    }

    fn tell(&self, lines: &[Line<'_>], report: &Report) {
        let colour = colours(&std::io::stdout());
        let paint = |code: &str, text: &str| {
            if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
        };
        for Line { script, file, failure } in lines {
            let Some(failure) = failure else {
                if self.verbose {
                    println!("{} {} ({file})", paint("32", "ok"), script.name);
                }
                continue;
            };
            println!("{} {}", paint("1;31", "failed"), paint("1", &script.name));
            println!("  {} at {}", failure.message, report.tell(failure.place));
            println!("{}", report.excerpt(failure.place, colour));
            match &failure.difference {
                Some(difference) => {
                    for line in difference.lines() {
                        let code = match line.chars().next() {
                            Some('-') => "31",
                            Some('+') => "32",
                            _ => "0",
                        };
                        println!("  {}", paint(code, line));
                    }
                }
                None => {
                    for line in failure.screen.lines() {
                        println!("  {} {line}", paint("2", "│"));
                    }
                }
            }
            println!();
        }
    }

    fn tell_unseen(&self, menu: &Menu, unseen: &[&str]) {
        let screens = menu.states.iter().filter(|state| has_screen(&state.kind)).count();
        println!("{} of {screens} screens were seen", screens - unseen.len());
        if self.verbose && !unseen.is_empty() {
            println!("not seen: {}", unseen.join(", "));
        }
    }
}

fn has_screen(kind: &Kind) -> bool {
    !matches!(kind, Kind::Branch(_) | Kind::Action(_) | Kind::Call { .. })
}

fn unseen<'menu>(menu: &'menu Menu, seen: &BTreeSet<String>) -> Vec<&'menu str> {
    let screens = menu.states.iter().filter(|state| has_screen(&state.kind));
    screens.map(|state| state.name.as_str()).filter(|name| !seen.contains(*name)).collect()
}

fn to_json(lines: &[Line<'_>], report: &Report, unseen: &[&str]) -> serde_json::Value {
    let scripts: Vec<_> = lines
        .iter()
        .map(|line| {
            let failure = line.failure.as_ref().map(|failure| {
                serde_json::json!({
                    "place": report.tell(failure.place),
                    "message": failure.message,
                    "screen": failure.screen,
                    "difference": failure.difference,
                })
            });
            serde_json::json!({"name": line.script.name, "place": line.file, "failure": failure})
        })
        .collect();
    serde_json::json!({"scripts": scripts, "unseen": unseen})
}
