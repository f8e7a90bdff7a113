//! What a value must be, beyond its type; and what a production node asks for beyond that.

use super::{MISSING_MASTER_KEY, Settings, SettingsError, WRONG_MASTER_KEY, secrets};

/// The key of `Keyring::demo`: published, so no secret.
const DEMO_MASTER_KEY: [u8; 32] = [7; 32];

/// Fewest characters of a shared secret: some 95 bits in letters and digits.
pub(super) const SHORTEST_SECRET: usize = 16;

impl Settings {
    /// Whether each value is one that works.
    pub fn check(&self) -> Result<(), SettingsError> {
        let mut problems = Problems::default();
        self.check_server(&mut problems);
        self.check_sessions(&mut problems);
        self.check_pins(&mut problems);
        self.check_api(&mut problems);
        problems.unless(
            self.reminders.hours().is_some(),
            "reminders.open_from, reminders.open_until: expected times like \"09:00\", the later two hours or more after",
        );
        problems.range("reminders.every_minutes", self.reminders.every_minutes, 1, 120);
        super::messages::check(&self.messages, &self.providers, &mut problems);
        if let Some(key) = &self.secrets.master_key {
            problems.unless(secrets::master_keys(key.reveal()).is_some(), WRONG_MASTER_KEY);
        }
        for (name, channel) in self.channels.all() {
            let fits = |secret: &super::Secret| {
                let text = secret.reveal();
                !text.is_empty() && text != "events" && text.bytes().all(unreserved)
            };
            problems.unless(
                channel.secrets.0.iter().all(fits),
                format!(
                    "channels.{name}.secrets: a secret stands in an address, so it has letters, digits, - . _ ~ only"
                ),
            );
        }
        problems.unless(!self.log.level.is_empty(), "log.level: expected error, warn, info, debug or trace");
        problems.into_result()
    }

    fn check_server(&self, problems: &mut Problems) {
        let server = &self.server;
        problems.range("server.max_body_bytes", server.max_body_bytes, 512, 1_048_576);
        problems.range("server.head_timeout_seconds", server.head_timeout_seconds, 1, 600);
        problems.range("server.body_timeout_seconds", server.body_timeout_seconds, 1, 600);
        problems.range("server.max_connections", server.max_connections, 1, 1_000_000);
        problems.range("server.drain_seconds", server.drain_seconds, 1, 10);
        problems.unless(
            ["http://", "https://"].iter().any(|scheme| server.public_url.starts_with(scheme)),
            "server.public_url: expected an address that starts with http:// or https://",
        );
        problems.unless(
            server.tls_certificate.is_some() == server.tls_key.is_some(),
            "server.tls_certificate, server.tls_key: one goes with the other; name both files, or neither",
        );
        problems.unless(
            server.tls_certificate.is_none() || server.public_url.starts_with("https://"),
            "server.public_url: expected an address that starts with https://, because server.tls_certificate is set",
        );
        let limits = &self.limits;
        problems.range("limits.number_per_second", limits.number_per_second, 1, 100_000);
        problems.range("limits.number_burst", limits.number_burst, 1, 1_000_000);
        problems.range("limits.number_in_flight", limits.number_in_flight, 1, 100_000);
        problems.range("limits.in_flight", limits.in_flight, 1, 100_000);
        problems.range("limits.network_share_percent", limits.network_share_percent, 1, 100);
    }

    fn check_sessions(&self, problems: &mut Problems) {
        let ussd = &self.ussd;
        problems.range("ussd.session_timeout_seconds", ussd.session_timeout_seconds, 10, 3600);
        problems.range("ussd.resume_window_seconds", ussd.resume_window_seconds, 0, 86_400);
        problems.range("ussd.turn_deadline_ms", ussd.turn_deadline_ms, 100, 60_000);
        problems.unless(
            crate::channels::is_service_code(&ussd.service_code),
            format!("ussd.service_code: expected a code like *468#, found {:?}", ussd.service_code),
        );
        let database = &self.database;
        problems.range("database.connections", database.connections, 2, 1000);
        problems.range("database.acquire_timeout_ms", database.acquire_timeout_ms, 10, 60_000);
        problems.range("database.statement_timeout_ms", database.statement_timeout_ms, 10, 60_000);
        let url = database.url.as_ref().map(super::Secret::reveal);
        problems.unless(
            url.is_none_or(|url| url.starts_with("postgres://") || url.starts_with("postgresql://")),
            "database.url: expected an address that starts with postgres:// (in DATABASE_URL or database.url_file)",
        );
    }

    fn check_pins(&self, problems: &mut Problems) {
        let pin = &self.pin;
        problems.range("pin.min_length", pin.min_length, 4, 6);
        problems.range("pin.tries", pin.tries, 1, 10);
        problems.range("pin.lock_minutes", pin.lock_minutes, 1, 10_080);
        // A PIN that was sent is good for a day.
        problems.range("pin.unlock_after_minutes", pin.unlock_after_minutes, 1, 720);
        problems.range("pin.cooling_hours", pin.cooling_hours, 1, 72);
        problems.range("pin.memory_kib", pin.memory_kib, 8, 262_144);
        problems.range("pin.passes", pin.passes, 1, 100);
        problems.range("pin.lanes", pin.lanes, 1, 16);
        problems.range("pin.threads", pin.threads, 0, 256);
        problems.range("pin.max_wait_ms", pin.max_wait_ms, 1, 60_000);
        problems.unless(
            pin.memory_kib >= 8 * pin.lanes,
            "pin.memory_kib: expected at least 8 for each of pin.lanes",
        );
    }

    fn check_api(&self, problems: &mut Problems) {
        let api = &self.api;
        for (key, found) in [
            ("api.address_per_minute", api.address_per_minute),
            ("api.address_burst", api.address_burst),
            ("api.account_per_minute", api.account_per_minute),
            ("api.account_burst", api.account_burst),
            ("api.secret_per_minute", api.secret_per_minute),
            ("api.secret_burst", api.secret_burst),
        ] {
            problems.range(key, found, 1, 1_000_000);
        }
        problems.range("api.refusal_after_ms", api.refusal_after_ms, 0, 5000);
        problems.range("api.staff_sign_in_days", api.staff_sign_in_days, 1, 90);
        problems.range("api.patient_sign_in_hours", api.patient_sign_in_hours, 1, 720);
    }

    /// What `serve` asks for beside: a database, and secrets that are there and nobody else's.
    pub fn check_production(&self) -> Result<(), SettingsError> {
        let mut problems = Problems::default();
        problems.unless(self.database.url.is_some(), "database.url: none given; set DATABASE_URL");
        match &self.secrets.master_key {
            None => problems.add(MISSING_MASTER_KEY),
            Some(key) => problems.unless(
                !secrets::master_keys(key.reveal()).is_some_and(|keys| keys.iter().any(|key| key.is(&DEMO_MASTER_KEY))),
                "secrets.master_key: this is the demo's key, which everybody knows; make one with openssl rand -hex 32",
            ),
        }
        for (name, channel) in self.channels.all().into_iter().filter(|(_, channel)| channel.enabled) {
            let secrets = &channel.secrets.0;
            problems.unless(
                !secrets.is_empty() || !channel.networks.is_empty(),
                format!("channels.{name}: enabled without a secret and without networks; set channels.{name}.secrets_file"),
            );
            problems.unless(
                secrets.iter().all(|secret| secret.reveal().len() >= SHORTEST_SECRET && !secret.is_published()),
                format!("channels.{name}.secrets: expected {SHORTEST_SECRET} characters or more, and not the demo's (openssl rand -hex 24)"),
            );
        }
        super::messages::check_production(&self.messages, &self.providers, &mut problems);
        problems.unless(
            self.pin.memory_kib >= 19_456 || self.pin.passes >= 3,
            "pin.memory_kib: too cheap for production; expected 19456 or more with pin.passes = 2",
        );
        problems.into_result()
    }
}

/// Octets that stand in a path as they are (RFC 3986).
pub(super) const fn unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

#[derive(Default)]
pub(super) struct Problems(Vec<String>);

impl Problems {
    pub(super) fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    pub(super) fn unless(&mut self, good: bool, problem: impl Into<String>) {
        if !good {
            self.add(problem);
        }
    }

    pub(super) fn range<N: Copy + PartialOrd + std::fmt::Display>(
        &mut self,
        key: &str,
        found: N,
        least: N,
        most: N,
    ) {
        self.unless(
            found >= least && found <= most,
            format!("{key}: expected {least} to {most}, found {found}"),
        );
    }

    fn into_result(self) -> Result<(), SettingsError> {
        if self.0.is_empty() { Ok(()) } else { Err(SettingsError(self.0)) }
    }
}
