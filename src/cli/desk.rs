//! `mamacare desk`: what staff are to do about messages that came in.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};

use crate::app::clock::Clock;
use crate::app::desk::{Desk as Staffed, OpenTask};
use crate::app::{database, demo, keys};
use crate::privacy::Vault;
use crate::store::tasks::Task;

use super::{SettingsFile, small_runtime};

/// Characters of an id's end that tell tasks of a list apart.
const ID_END: usize = 8;

/// The help desk: messages to answer, women to call
#[derive(clap::Args)]
pub(super) struct Desk {
    #[command(subcommand)]
    command: DeskCommand,
}

#[derive(clap::Subcommand)]
enum DeskCommand {
    List(List),
    Show(Show),
    Done(Done),
}

/// List what is to be done, the urgent first. It shows nobody's name, number or words.
///
/// A line is the end of the task's id, whether it is urgent, what is to be done, by when, and for which
/// facility (its number; "desk" where it is nobody's).
#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    who: Who,
}

/// Show one task: why, the message and its sender, her name and numbers. It is noted in her record that you
/// looked.
#[derive(clap::Args)]
struct Show {
    /// End of the task's id, as the list shows it.
    id: String,
    #[command(flatten)]
    who: Who,
}

/// Close a task.
#[derive(clap::Args)]
struct Done {
    /// End of the task's id, as the list shows it.
    id: String,
    /// What came of it; kept sealed.
    #[arg(long, value_name = "TEXT")]
    result: String,
    /// LOST was a mistake: messages to her go on from today.
    #[arg(long)]
    release: bool,
    #[command(flatten)]
    who: Who,
}

#[derive(clap::Args)]
struct Who {
    /// Address of your staff account; you see the tasks of its facility, an administrator all.
    #[arg(long, value_name = "EMAIL")]
    by: String,
    /// Folder of a demo that runs; its database is looked at.
    #[arg(long, value_name = "DIR", conflicts_with = "settings")]
    data: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsFile,
}

impl Desk {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (DeskCommand::List(List { who })
        | DeskCommand::Show(Show { who, .. })
        | DeskCommand::Done(Done { who, .. })) = &self.command;
        small_runtime()?.block_on(async {
            let (vault, mut connection) = who.connect().await?;
            let now = Clock::system().now();
            let desk = Staffed::open(&mut connection, &vault, &who.by, now).await?;
            match &self.command {
                DeskCommand::List(_) => {
                    let tasks = desk.list(&mut connection).await?;
                    for task in &tasks {
                        println!("{}", line(task));
                    }
                    println!("{} to do", tasks.len());
                }
                DeskCommand::Show(Show { id, .. }) => {
                    print!("{}", told(&desk.show(&mut connection, id).await?));
                }
                DeskCommand::Done(Done { id, result, release, .. }) => {
                    let task = desk.finish(&mut connection, id, result, *release).await?;
                    println!("{} is done", end_of(&task));
                }
            }
            anyhow::Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Who {
    async fn connect(&self) -> anyhow::Result<(Vault, PgConnection)> {
        let settings = match &self.data {
            Some(folder) => demo::settings_of(folder)?,
            None => self.settings.clone().load()?,
        };
        let connection = PgConnection::connect_with(&database::options(&settings.database)?).await;
        let mut connection = connection.context("the database of DATABASE_URL does not answer")?;
        let keys = keys::open(&settings, &mut connection).await?;
        Ok((Vault::new(keys), connection))
    }
}

fn end_of(task: &Task) -> String {
    let id = task.id.to_string();
    id.get(id.len().saturating_sub(ID_END)..).unwrap_or(&id).to_owned()
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

fn line(task: &Task) -> String {
    let facility = task.facility.map_or_else(|| "desk".to_owned(), |facility| facility.to_string());
    let urgent = if task.urgent { "urgent" } else { "" };
    let end = end_of(task);
    format!("{end}  {urgent:<6}  {:<11}  by {}  {facility}", task.kind.name(), minute(task.due_at))
}

fn told(open: &OpenTask) -> String {
    use std::fmt::Write;
    let OpenTask { task, message, about, held } = open;
    let mut text = format!("{}\nsince {}\n", line(task), minute(task.opened_at));
    if let Some(message) = message {
        // Somebody else's text on a terminal: nothing in it moves the cursor.
        let body: String = message.body.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let _ = writeln!(text, "from  {} at {}\nsays  {body}", message.sender, minute(message.received_at));
    }
    if let Some(about) = about {
        let numbers: Vec<String> = about.numbers.iter().map(|number| number.e164()).collect();
        let _ = writeln!(text, "about {}, {}", about.name, numbers.join(", "));
    }
    if !task.note.is_empty() {
        let _ = writeln!(text, "why   {}", task.note);
    }
    if *held {
        text.push_str("      Messages to her are held; `mamacare desk done --release` lets them go on.\n");
    }
    text
}
