//! `mamacare reminders`: what is planned for whom.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::NaiveDate;
use sqlx::postgres::PgPoolOptions;

use crate::app::clock::Clock;
use crate::app::menus::MenuSource;
use crate::app::reminders::{Line, PreviewParts, ReminderSettings, check_texts, preview};
use crate::app::settings::Settings;
use crate::app::{database, demo, keys};
use crate::care::Country;
use crate::care::calendar::{add_days, local_day};
use crate::menu::{LoadOptions, Menu, load};
use crate::messages::schedule::Schedule;
use crate::privacy::Vault;
use crate::store::facilities::Directory;
use crate::ussd::catalog::CATALOG;

use super::{SettingsFile, small_runtime};

/// Days that are shown where no last one is named, the first included.
const USUAL_DAYS: i64 = 7;

/// Reminders: who would get what, when
#[derive(clap::Args)]
pub(super) struct Reminders {
    #[command(subcommand)]
    command: RemindersCommand,
}

#[derive(clap::Subcommand)]
enum RemindersCommand {
    Preview(Preview),
    Check(Check),
}

/// Show who would get what, when, as things stand now. Nothing is written or sent.
///
/// A line is a day, the time from which the message may go, the end of her id, the end of her number, the
/// row of the schedule (country/reminders.csv) and the message's name. "staff" stands for the time where
/// it goes to the list of staff.
#[derive(clap::Args)]
struct Preview {
    /// First day (2026-12-01); today where none is named.
    #[arg(long, value_name = "DAY")]
    from: Option<NaiveDate>,
    /// Last day; six days after the first where none is named.
    #[arg(long, value_name = "DAY")]
    to: Option<NaiveDate>,
    /// Show what each message says.
    #[arg(long)]
    texts: bool,
    /// Show the sums alone.
    #[arg(long)]
    sums: bool,
    /// Folder of a demo that runs; its database is looked at.
    #[arg(long, value_name = "DIR", conflicts_with = "settings")]
    data: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsFile,
}

/// Check a schedule of reminders and its texts; needs no database.
#[derive(clap::Args)]
struct Check {
    /// The schedule; the one in this program where none is named.
    file: Option<PathBuf>,
    /// Folder of the menus.
    #[arg(long, value_name = "DIR")]
    menus: Option<PathBuf>,
}

impl Reminders {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            RemindersCommand::Preview(preview) => preview.run(),
            RemindersCommand::Check(check) => check.run(),
        }
    }
}

impl Preview {
    fn run(self) -> anyhow::Result<ExitCode> {
        let today = local_day(Clock::system().now());
        let from = self.from.unwrap_or(today);
        let to = self.to.unwrap_or_else(|| add_days(from, USUAL_DAYS - 1));
        let settings = match &self.data {
            Some(folder) => demo::settings_of(folder)?,
            None => self.settings.load()?,
        };
        let lines = small_runtime()?.block_on(lines(&settings, from, to, today))?;
        if !self.sums {
            for line in &lines {
                println!("{}", shown(line, self.texts));
            }
        }
        println!("{}", sums(&lines, from, to));
        Ok(ExitCode::SUCCESS)
    }
}

async fn lines(
    settings: &Settings,
    from: NaiveDate,
    to: NaiveDate,
    today: NaiveDate,
) -> anyhow::Result<Vec<Line>> {
    let menu = menu(settings)?;
    let (country, schedule) = (Country::shipped()?, Schedule::shipped()?);
    check_texts(&schedule, &menu)?;
    // A look at everybody takes longer than a turn may.
    let pool =
        PgPoolOptions::new().max_connections(2).connect_lazy_with(database::options(&settings.database)?);
    let keys =
        keys::open(settings, &mut *pool.acquire().await.context("the database does not answer")?).await?;
    let vault = Vault::new(keys);
    let directory = Directory::open(&pool).await.context("the database does not answer")?;
    let places = directory.places();
    let parts = PreviewParts {
        pool: &pool,
        vault: &vault,
        menu: &menu,
        places: &places,
        country: &country,
        schedule: &schedule,
        settings: &ReminderSettings::of(settings),
    };
    Ok(preview(&parts, from, to, today).await?)
}

fn menu(settings: &Settings) -> anyhow::Result<Menu> {
    let sources = MenuSource::choose(settings.menu.dir.as_deref()).read()?;
    let options = LoadOptions {
        serve_unreviewed: settings.menu.serve_unreviewed.clone(),
        constants: settings.menu.constants.clone(),
        ..LoadOptions::default()
    };
    load(&sources, &CATALOG, &options).map_err(|report| anyhow::anyhow!("the menus have mistakes:\n{report}"))
}

fn shown(line: &Line, texts: bool) -> String {
    let from = line.from.map_or_else(|| "staff".to_owned(), |time| time.format("%H:%M").to_string());
    let number = line.number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let Line { day, person, rule, text_name, text, .. } = line;
    let head = format!("{day} {from:>5}  {person}  {number:>4}  {rule:<8}  {text_name}");
    if texts && !text.is_empty() { format!("{head}\n    {text}") } else { head }
}

/// How many of each row, and on how many days.
fn sums(lines: &[Line], from: NaiveDate, to: NaiveDate) -> String {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines {
        *rules.entry(&line.rule).or_default() += 1;
    }
    let people: std::collections::BTreeSet<&str> = lines.iter().map(|line| line.person.as_str()).collect();
    let staff = lines.iter().filter(|line| line.from.is_none()).count();
    let each: Vec<String> = rules.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    format!(
        "{from} to {to}: {} messages and {staff} for staff, to {} people. {}",
        lines.len() - staff,
        people.len(),
        each.join(", ")
    )
}

impl Check {
    fn run(self) -> anyhow::Result<ExitCode> {
        let schedule = match &self.file {
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("{} cannot be read", file.display()))?;
                Schedule::read(&text)?
            }
            None => Schedule::shipped()?,
        };
        let sources = MenuSource::choose(self.menus.as_deref()).read()?;
        let menu = load(&sources, &CATALOG, &LoadOptions::default());
        check_texts(
            &schedule,
            &menu.map_err(|report| anyhow::anyhow!("the menus have mistakes:\n{report}"))?,
        )?;
        println!("{} rows, and the menus have their texts", schedule.rules().len());
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_the_end_of_a_number_alone() {
        let line = Line {
            day: "2026-12-01".parse().unwrap(),
            from: chrono::NaiveTime::from_hms_opt(9, 5, 0),
            person: "abcdef01".to_owned(),
            number: Some("+23276000001".parse().unwrap()),
            rule: "V1/0".to_owned(),
            text_name: "visit_soon".to_owned(),
            text: "Please remember your visit".to_owned(),
        };
        assert_eq!(shown(&line, false), "2026-12-01 09:05  abcdef01   …01  V1/0      visit_soon");
        assert!(shown(&line, true).ends_with("\n    Please remember your visit"));
        let staff = Line { from: None, number: None, ..line.clone() };
        assert!(shown(&staff, false).starts_with("2026-12-01 staff  abcdef01     -"));
        let (from, to) = (line.day, line.day);
        assert_eq!(
            sums(&[line, staff], from, to),
            "2026-12-01 to 2026-12-01: 1 messages and 1 for staff, to 1 people. V1/0 2"
        );
    }
}
