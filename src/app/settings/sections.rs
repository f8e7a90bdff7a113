//! The sections of the settings file and their defaults. `mamacare.example.toml` says what each key
//! means to who runs the service; a test holds the two together.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use ipnet::IpNet;
use serde::Deserialize;

use crate::identity::{GuardTimes, HasherSettings, TryLimits};
use crate::text::{Display, Folding};

use super::secrets::{Secret, SecretList, plain_text_map};

/// `[server]`: the HTTP server.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The service's address as others reach it.
    pub public_url: String,
    /// The certificate of this service and those of who signed it, in PEM; without it it speaks plain HTTP.
    pub tls_certificate: Option<PathBuf>,
    /// The certificate's private key, in PEM.
    pub tls_key: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Most octets of a callback's body.
    pub max_body_bytes: usize,
    /// A request's head must be complete within this time, also on an idle connection.
    pub head_timeout_seconds: u64,
    /// A request's body must be complete within this time.
    pub body_timeout_seconds: u64,
    /// Most connections at once; more wait to be accepted.
    pub max_connections: usize,
    /// What is under way at SIGTERM may take this long to finish.
    pub drain_seconds: u64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            public_url: "http://127.0.0.1:8080".to_owned(),
            tls_certificate: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
            max_body_bytes: 8192,
            head_timeout_seconds: 30,
            body_timeout_seconds: 5,
            max_connections: 4096,
            drain_seconds: 10,
        }
    }
}

/// `[database]`: PostgreSQL.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// Its URL; `DATABASE_URL` in the environment wins.
    pub url: Option<Secret>,
    /// A file that holds the URL.
    pub url_file: Option<PathBuf>,
    /// Most connections of this node, for phones and workers.
    pub connections: u32,
    /// Most connections of this node's API, beside them.
    pub api_connections: u32,
    /// Longest wait for a free connection.
    pub acquire_timeout_ms: u64,
    /// The server cuts a statement of a turn that takes longer.
    pub statement_timeout_ms: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: None,
            url_file: None,
            connections: 16,
            api_connections: 8,
            acquire_timeout_ms: 1200,
            statement_timeout_ms: 1500,
        }
    }
}

/// `[ussd]`: sessions.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Ussd {
    /// What people dial.
    pub service_code: String,
    /// A session that hears nothing for this long is over.
    pub session_timeout_seconds: u64,
    /// A session that was cut may be taken up again for this long.
    pub resume_window_seconds: u64,
    /// The phone has its answer within this time, whatever happens behind.
    pub turn_deadline_ms: u64,
}

impl Default for Ussd {
    fn default() -> Self {
        Self {
            service_code: "*468#".to_owned(),
            session_timeout_seconds: 180,
            resume_window_seconds: 600,
            turn_deadline_ms: 1800,
        }
    }
}

/// `[channels.…]`: one operator or aggregator.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Channel {
    /// Whether its address answers at all.
    pub enabled: bool,
    /// Shared secrets; any of them is accepted, so that they can be changed without a gap.
    pub secrets: SecretList,
    /// A file with one secret a line.
    pub secrets_file: Option<PathBuf>,
    /// Networks that its calls come from; empty: any.
    pub networks: Vec<IpNet>,
    /// What becomes of letters that GSM-7 lacks.
    pub folding: Folding,
    /// Whether it carries UCS-2.
    pub ucs2: bool,
}

impl Default for Channel {
    fn default() -> Self {
        let display = Display::default();
        Self {
            enabled: false,
            secrets: SecretList::default(),
            secrets_file: None,
            networks: Vec::new(),
            folding: display.folding,
            ucs2: display.ucs2,
        }
    }
}

impl Channel {
    /// How it shows text.
    pub const fn display(&self) -> Display {
        Display { folding: self.folding, ucs2: self.ucs2 }
    }
}

/// `[channels]`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Channels {
    /// Africa's Talking.
    pub africastalking: Channel,
    /// The generic JSON form.
    pub json: Channel,
}

impl Channels {
    /// All, by name.
    pub const fn all(&self) -> [(&'static str, &Channel); 2] {
        [("africastalking", &self.africastalking), ("json", &self.json)]
    }
}

/// `[menu]`: the menu files.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Menu {
    /// Folder of the menu files; `menus` in the working folder where there is one, else those that
    /// the binary brings.
    pub dir: Option<PathBuf>,
    /// Languages that are served although no native speaker has reviewed them.
    pub serve_unreviewed: Vec<String>,
    /// Constants of the menus, over those in the files.
    #[serde(deserialize_with = "plain_text_map")]
    pub constants: BTreeMap<String, String>,
    /// Whether the files are watched and read again when they change.
    pub reload: bool,
}

impl Default for Menu {
    fn default() -> Self {
        Self { dir: None, serve_unreviewed: Vec::new(), constants: BTreeMap::new(), reload: true }
    }
}

/// `[pin]`: PINs and their checking.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Pin {
    /// Fewest digits of a PIN that somebody chooses.
    pub min_length: u8,
    /// Wrong tries in a row before a lock.
    pub tries: u8,
    /// The first lock; it doubles each time.
    pub lock_minutes: u32,
    /// A new PIN opens a lock no sooner than this.
    pub unlock_after_minutes: u32,
    /// For so long after a change of a number or a PIN no new PIN goes there.
    pub cooling_hours: u32,
    /// Memory of one check in KiB (argon2's `m`).
    pub memory_kib: u32,
    /// Passes (`t`).
    pub passes: u32,
    /// Lanes (`p`).
    pub lanes: u32,
    /// Threads that check; 0: half of the cores.
    pub threads: usize,
    /// Who would wait longer is asked to try again.
    pub max_wait_ms: u64,
}

impl Default for Pin {
    fn default() -> Self {
        let costs = HasherSettings::default();
        Self {
            min_length: 4,
            tries: 5,
            lock_minutes: 30,
            unlock_after_minutes: 60,
            cooling_hours: 24,
            memory_kib: costs.memory_kib,
            passes: costs.passes,
            lanes: costs.lanes,
            threads: 0,
            max_wait_ms: 1200,
        }
    }
}

impl Pin {
    /// Wrong tries before a lock, and how long it lasts.
    pub fn tries(&self) -> TryLimits {
        TryLimits {
            tries: self.tries,
            first_lock: TimeDelta::minutes(self.lock_minutes.into()),
            ..TryLimits::default()
        }
    }

    /// How long changes hold a new PIN back, and a new one leaves a lock.
    pub fn guard(&self) -> GuardTimes {
        GuardTimes {
            cooling: TimeDelta::hours(self.cooling_hours.into()),
            unlock_after: TimeDelta::minutes(self.unlock_after_minutes.into()),
        }
    }

    /// What the hasher needs.
    pub fn hasher(&self) -> HasherSettings {
        let threads = if self.threads == 0 { HasherSettings::default().threads } else { self.threads };
        HasherSettings {
            memory_kib: self.memory_kib,
            passes: self.passes,
            lanes: self.lanes,
            threads,
            max_wait: Duration::from_millis(self.max_wait_ms),
        }
    }
}

/// `[reminders]`: the plan of reminders.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Reminders {
    /// Whether this node plans.
    pub enabled: bool,
    /// They go from this time of the day.
    pub open_from: String,
    /// And until this.
    pub open_until: String,
    /// A round is made this often while they go.
    pub every_minutes: u32,
}

impl Default for Reminders {
    fn default() -> Self {
        Self {
            enabled: true,
            open_from: "09:00".to_owned(),
            open_until: "18:00".to_owned(),
            every_minutes: 5,
        }
    }
}

impl Reminders {
    /// From when to when they go; none where the times are none, or less than two hours lie between.
    pub fn hours(&self) -> Option<(NaiveTime, NaiveTime)> {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
        let (from, until) = (time(&self.open_from)?, time(&self.open_until)?);
        (until - from >= TimeDelta::hours(2)).then_some((from, until))
    }
}

/// `[secrets]`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Secrets {
    /// 64 hexadecimal digits, from which all keys are drawn; or several, with their numbers.
    pub master_key: Option<Secret>,
    /// A file that holds it.
    pub master_key_file: Option<PathBuf>,
    /// A program that prints it.
    pub master_key_command: Option<String>,
}

/// `[limits]`: floods.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Turns a second of one number, in the long run.
    pub number_per_second: u32,
    /// Turns of one number in a burst.
    pub number_burst: u32,
    /// Turns of one number that are under way at once.
    pub number_in_flight: u32,
    /// Turns that are under way at once, in all.
    pub in_flight: u32,
    /// Share of them that one mobile network may hold, in percent.
    pub network_share_percent: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            number_per_second: 50,
            number_burst: 500,
            number_in_flight: 32,
            in_flight: 1024,
            network_share_percent: 50,
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For a person at a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// Least level, or directives such as `mamacare=debug,sqlx=warn`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}
