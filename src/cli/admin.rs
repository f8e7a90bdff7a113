//! `mamacare admin`: accounts of those who run the service.

use std::io::BufRead;
use std::process::ExitCode;

use anyhow::Context;
use rand::RngExt;
use sqlx::Connection;

use crate::app::clock::{self, Clock};
use crate::app::{database, keys};
use crate::identity::{Password, PinHasher};
use crate::store::staff::{Role, StaffAccount};

use super::{SettingsFile, small_runtime};

/// Accounts of those who run the service
#[derive(clap::Args)]
pub(super) struct Admin {
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(clap::Subcommand)]
enum AdminCommand {
    Create(Create),
}

/// Make an administrator's account.
///
/// Its password is drawn and shown once, on standard output; or read from standard input.
#[derive(clap::Args)]
struct Create {
    /// E-mail address to sign in with.
    email: String,
    /// Name to show; the address where none is given.
    #[arg(long)]
    name: Option<String>,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    settings: SettingsFile,
}

impl Admin {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            AdminCommand::Create(create) => create.run(),
        }
    }
}

impl Create {
    fn run(self) -> anyhow::Result<ExitCode> {
        let email = self.email.trim();
        let parts = email.split_once('@');
        anyhow::ensure!(
            parts
                .is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.') && email.len() <= 254)
                && !email.contains(char::is_whitespace),
            "{email:?} is no e-mail address: expected one like name@example.org"
        );
        let name = self.name.as_deref().unwrap_or(email);
        let password = if self.password_stdin { read_password(&[name, email])? } else { draw_password() };
        let settings = self.settings.load()?;
        let added = small_runtime()?.block_on(async {
            let mut connection = sqlx::PgConnection::connect_with(&database::options(&settings.database)?)
                .await
                .context("the database of DATABASE_URL does not answer")?;
            let keys = keys::open(&settings, &mut connection).await?;
            let hasher = PinHasher::start(settings.pin.hasher(), keys.pepper(), clock::octets)?;
            let account = StaffAccount {
                id: uuid::Builder::from_random_bytes(clock::octets()).into_uuid(),
                role: Role::Administrator,
                email: email.to_owned(),
                name: name.to_owned(),
                profession: None,
                facility: None,
                password_hash: hasher.hash(&password).await?,
                synthetic: false,
            };
            let added = account.add(&keys, Clock::system().now(), &mut connection).await?;
            connection.close().await?;
            anyhow::Ok(added)
        })?;
        anyhow::ensure!(added, "{email} has an account already; nothing was changed");
        println!("Made an administrator's account for {email}.");
        if !self.password_stdin {
            println!("Password, shown this once: {password}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// By the rule that holds for every account.
fn read_password(personal: &[&str]) -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = Password::chosen(line.trim_end_matches(['\r', '\n']), personal)?;
    Ok(password.reveal().to_owned())
}

/// Five groups of four letters and digits that are not mistaken for each other: some 99 bits.
fn draw_password() -> String {
    const LETTERS: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut generator = clock::generator();
    let mut letter =
        || LETTERS.get(generator.random_range(0..LETTERS.len())).copied().map_or('x', char::from);
    let groups: Vec<String> = (0..5).map(|_| (0..4).map(|_| letter()).collect()).collect();
    groups.join("-")
}
