//! Settings: `mamacare.toml`, over it the environment. A wrong one stops the start with a message
//! that names the key.

mod check;
mod environment;
mod messages;
mod secrets;
mod sections;
mod web;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};
use serde::Deserialize;

use crate::privacy::MasterKey;

pub use environment::FILE_VARIABLE;
pub use messages::{Messages, Provider, ProviderType, RouteRule};
pub use secrets::{Secret, SecretList};
pub use sections::{
    Channel, Channels, Database, Limits, Log, LogFormat, Menu, Pin, Reminders, Secrets, Server, Ussd,
};
pub use web::Web;

use environment::Environment;

/// The example file: every key with its default and what it means.
pub const EXAMPLE: &str = include_str!("../../../mamacare.example.toml");

/// The file that is read where none is named.
pub const DEFAULT_FILE: &str = "mamacare.toml";

/// Keys that hold a secret: never in the settings file.
const SECRET_KEYS: [&str; 4] =
    ["secrets.master_key", "database.url", "channels.africastalking.secrets", "channels.json.secrets"];

/// The same of every provider.
const SECRET_KEYS_OF_PROVIDERS: [&str; 2] = ["secret", "callback_secrets"];

/// Whether that key holds a secret.
fn is_secret(key: &str) -> bool {
    let of_provider = key.strip_prefix("providers.").and_then(|rest| rest.split_once('.'));
    SECRET_KEYS.contains(&key) || of_provider.is_some_and(|(_, key)| SECRET_KEYS_OF_PROVIDERS.contains(&key))
}

/// All settings.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The HTTP server.
    pub server: Server,
    /// PostgreSQL.
    pub database: Database,
    /// Sessions.
    pub ussd: Ussd,
    /// Operators and aggregators.
    pub channels: Channels,
    /// Menu files.
    pub menu: Menu,
    /// PINs.
    pub pin: Pin,
    /// The plan of reminders.
    pub reminders: Reminders,
    /// Keys.
    pub secrets: Secrets,
    /// Messages that go out.
    pub messages: Messages,
    /// Who carries them.
    pub providers: BTreeMap<String, Provider>,
    /// Floods.
    pub limits: Limits,
    /// REST for staff, patients and their programs.
    pub api: Web,
    /// The log.
    pub log: Log,
}

/// What is wrong with the settings; all that could be found, one a line.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct SettingsError(Vec<String>);

impl SettingsError {
    pub(super) fn one(problem: impl Into<String>) -> Self {
        Self(vec![problem.into()])
    }
}

/// Where settings come from, the later over the earlier.
#[derive(Clone, Debug, Default)]
pub struct Sources<'a> {
    /// A layer under the file, as TOML: what the demo presets.
    pub base: &'a str,
    /// The settings file.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
}

impl<'a> Sources<'a> {
    /// The process's environment, over the file named there or given, or over `mamacare.toml` in
    /// the working folder where there is one.
    pub fn of_process(file: Option<PathBuf>, base: &'a str) -> Self {
        let file = file.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists()));
        // A variable that is no Unicode cannot be one of ours.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { base, file, environment }
    }
}

impl Settings {
    /// Reads all layers, and the files that hold secrets, and checks every value.
    pub fn load(sources: &Sources<'_>) -> Result<Self, SettingsError> {
        let mut figment = Figment::from(Toml::string(sources.base));
        if let Some(file) = &sources.file {
            figment = figment.merge(file_layer(file)?);
        }
        let figment = figment.merge(Environment(&sources.environment));
        let mut settings: Self = figment.extract().map_err(|errors| explain(&errors))?;
        settings.read_secret_files()?;
        settings.check()?;
        Ok(settings)
    }

    /// The keys that all others are drawn from; the first seals.
    pub fn master_keys(&self) -> Result<Vec<MasterKey>, SettingsError> {
        let given = self.secrets.master_key.as_ref().ok_or_else(|| SettingsError::one(MISSING_MASTER_KEY))?;
        secrets::master_keys(given.reveal()).ok_or_else(|| SettingsError::one(WRONG_MASTER_KEY))
    }

    fn read_secret_files(&mut self) -> Result<(), SettingsError> {
        let read = |key: &str, file: &Path| {
            Secret::read(file).map_err(|error| {
                SettingsError::one(format!("{key}: {} cannot be read: {error}", file.display()))
            })
        };
        if let Some(file) = &self.secrets.master_key_file {
            self.secrets.master_key = Some(read("secrets.master_key_file", file)?);
        } else if let Some(command) = &self.secrets.master_key_command {
            self.secrets.master_key = Some(Secret::asked_of(command).map_err(|reason| {
                SettingsError::one(format!("secrets.master_key_command: {command:?} {reason}"))
            })?);
        }
        if let Some(file) = &self.database.url_file
            && self.database.url.is_none()
        {
            self.database.url = Some(read("database.url_file", file)?);
        }
        let channels = &mut self.channels;
        for (name, channel) in
            [("africastalking", &mut channels.africastalking), ("json", &mut channels.json)]
        {
            if let Some(file) = &channel.secrets_file {
                let listed = read(&format!("channels.{name}.secrets_file"), file)?;
                channel.secrets.0.extend(SecretList::parse(listed.reveal()).0);
            }
        }
        for (name, provider) in &mut self.providers {
            if let Some(file) = &provider.secret_file {
                provider.secret = Some(read(&format!("providers.{name}.secret_file"), file)?);
            }
            if let Some(file) = &provider.callback_secrets_file {
                let listed = read(&format!("providers.{name}.callback_secrets_file"), file)?;
                provider.callback_secrets.0.extend(SecretList::parse(listed.reveal()).0);
            }
        }
        Ok(())
    }
}

const WRONG_MASTER_KEY: &str = "secrets.master_key: expected 64 hexadecimal digits (openssl rand -hex 32), or several \
     of them, one a line, each with its own number before it: 2:…";

const MISSING_MASTER_KEY: &str = "secrets.master_key: none given; put 64 hexadecimal digits (openssl rand -hex 32) into a file \
     and name it as secrets.master_key_file, or set MAMACARE_SECRETS__MASTER_KEY";

/// The settings file as a layer; refused where it holds a secret.
fn file_layer(file: &Path) -> Result<figment::providers::Data<Toml>, SettingsError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| SettingsError::one(format!("{} cannot be read: {error}", file.display())))?;
    let alone = Figment::from(Toml::string(&text));
    let providers = alone.find_value("providers").ok().and_then(figment::value::Value::into_dict);
    let of_providers = providers.iter().flat_map(|providers| providers.keys()).flat_map(|name| {
        SECRET_KEYS_OF_PROVIDERS.into_iter().map(move |key| format!("providers.{name}.{key}"))
    });
    for key in SECRET_KEYS.into_iter().map(str::to_owned).chain(of_providers) {
        if alone.find_value(&key).is_ok() {
            let variable = if key == "database.url" {
                "DATABASE_URL".to_owned()
            } else {
                format!("MAMACARE_{}", key.replace('.', "__").to_ascii_uppercase())
            };
            return Err(SettingsError::one(format!(
                "{key} stands in {}: a secret comes from {variable} or from the file that {key}_file names",
                file.display()
            )));
        }
    }
    Ok(Toml::file_exact(file))
}

/// Figment's errors in our words: which key, where from, what was expected.
fn explain(errors: &figment::Error) -> SettingsError {
    let explained = errors.clone().into_iter().map(|error| {
        let path = error.path.join(".");
        let place = error.metadata.as_ref().map_or_else(String::new, |metadata| {
            let source =
                metadata.source.as_ref().map_or_else(|| metadata.name.to_string(), ToString::to_string);
            format!(" (in {source})")
        });
        match &error.kind {
            figment::error::Kind::UnknownField(name, known) => {
                let key = if path.is_empty() { name } else { &path };
                format!("{key}: no such key{place}; there are {}", known.join(", "))
            }
            kind if path.is_empty() => format!("{kind}{place}"),
            kind => format!("{path}: {kind}{place}"),
        }
    });
    SettingsError(explained.collect())
}

#[cfg(test)]
mod tests;
