//! From the settings to providers that can be asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::app::settings::{Messages, Provider, ProviderType, Secret, Settings};
use crate::channels::sms::{Account, AfricasTalking, Callbacks, Generic, Kannel, Log, SmsDoor, Twilio};
use crate::channels::{Access, Mail, MailAccount, MailError, MailTls};
use crate::messages::{Budget, Carrier, HoursError, Kind, Lane, Price, Route, Routes};
use crate::store::outbox::Keep;

use super::Rules;
use super::line::LinePlan;

/// Receipts for messages that nobody knows are kept this long.
const RECEIPTS_KEPT: TimeDelta = TimeDelta::days(3);

/// Providers, and what goes to whom.
#[derive(Clone)]
pub struct OutboxPlan {
    /// All providers.
    pub lines: Vec<LinePlan>,
    /// Which messages take which.
    pub routes: Routes,
    /// What all nodes keep to.
    pub rules: Rules,
    /// SMS a second from one sender.
    pub sender_rates: BTreeMap<String, f64>,
}

/// Why the settings make no worker.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The client.
    #[error("the HTTP client could not be made: {0}")]
    Client(#[from] reqwest::Error),
    /// The hours.
    #[error("messages.open_from, messages.open_until, messages.time_zone: {0}")]
    Hours(#[from] HoursError),
    /// A mail server.
    #[error("providers.{name}: {source}")]
    Mail {
        /// Its name.
        name: String,
        /// What is wrong.
        source: MailError,
    },
    /// The address of a mail server.
    #[error("providers.{0}.endpoint: expected an address like smtps://mail.example:465")]
    MailEndpoint(String),
    /// A provider without a type, which the check of the settings lets nobody have.
    #[error("providers.{0}.type: none given")]
    Type(String),
}

/// All providers of the settings, with one client for all.
pub fn plan(settings: &Settings, client: &reqwest::Client) -> Result<OutboxPlan, BuildError> {
    let mut lines = Vec::new();
    for (name, provider) in &settings.providers {
        let carrier = carrier(name, provider, &settings.server.public_url, client)?;
        lines.push(LinePlan {
            name: name.clone(),
            carrier,
            display: provider.display(),
            sender: provider.sender.clone(),
            in_flight: provider.in_flight,
            per_second: provider.per_second,
            price: Price::of_units(provider.price),
            ids: provider.ids,
            patience: Duration::from_secs(provider.timeout_seconds),
        });
    }
    let messages = &settings.messages;
    let place = |name: &String| lines.iter().position(|line| line.name == *name);
    Ok(OutboxPlan {
        routes: routes(messages, place),
        rules: rules(messages)?,
        sender_rates: messages.sender_rates.clone(),
        lines,
    })
}

fn rules(messages: &Messages) -> Result<Rules, HoursError> {
    let amount = |units: f64| (units > 0.0).then(|| Price::of_units(units));
    Ok(Rules {
        hours: messages.hours()?,
        daily_limit: messages.daily_limit,
        budget: Budget { day: amount(messages.budget_day), month: amount(messages.budget_month) },
        keep: Keep {
            refused: TimeDelta::days(messages.keep_refused_days.into()),
            ended: TimeDelta::days(messages.keep_days.into()),
            receipts: RECEIPTS_KEPT,
        },
    })
}

fn routes(messages: &Messages, place: impl Fn(&String) -> Option<usize>) -> Routes {
    let places = |names: &[String]| names.iter().filter_map(&place).collect::<Vec<_>>();
    let mut sms: Vec<Route> = messages
        .routes
        .iter()
        .map(|rule| Route {
            lanes: rule.ranges.iter().filter_map(|range| Lane::parse(range)).collect(),
            kinds: rule.kinds.iter().filter_map(|kind| Kind::of_name(kind)).collect(),
            providers: places(&rule.providers),
        })
        .collect();
    sms.push(Route { providers: places(&messages.providers), ..Route::default() });
    Routes { sms, email: places(&messages.mail) }
}

fn carrier(
    name: &str,
    provider: &Provider,
    public_url: &str,
    client: &reqwest::Client,
) -> Result<Arc<dyn Carrier>, BuildError> {
    let kind = provider.r#type.ok_or_else(|| BuildError::Type(name.to_owned()))?;
    let endpoint = match (provider.endpoint.trim_end_matches('/'), kind) {
        ("", ProviderType::AfricasTalking) => AfricasTalking::ENDPOINT,
        ("", ProviderType::Twilio) => Twilio::ENDPOINT,
        (endpoint, _) => endpoint,
    };
    let account = Account {
        client: client.clone(),
        endpoint: endpoint.to_owned(),
        username: provider.username.clone(),
        secret: secret(provider.secret.as_ref()),
        sender: provider.sender.clone(),
        receipts_to: receipts_to(name, provider, public_url),
        patience: Duration::from_secs(provider.timeout_seconds),
    };
    Ok(match kind {
        ProviderType::AfricasTalking => Arc::new(AfricasTalking::new(account)),
        ProviderType::Twilio => Arc::new(Twilio::new(account, provider.service.clone())),
        ProviderType::Kannel => Arc::new(Kannel::new(account, provider.service.clone())),
        ProviderType::Http => Arc::new(Generic::new(account)),
        ProviderType::Log => Arc::new(Log),
        ProviderType::Smtp => {
            let account = mail(name, provider)?;
            Arc::new(
                Mail::new(&account).map_err(|source| BuildError::Mail { name: name.to_owned(), source })?,
            )
        }
    })
}

fn secret(secret: Option<&Secret>) -> SecretString {
    SecretString::from(secret.map_or("", Secret::reveal))
}

/// Where a provider that is told so with each message sends its receipts.
fn receipts_to(name: &str, provider: &Provider, public_url: &str) -> String {
    let origin = public_url.trim_end_matches('/');
    match (provider.r#type, provider.callback_secrets.0.first()) {
        (Some(ProviderType::Kannel), Some(secret)) => {
            format!("{origin}/sms/{name}/delivery/{}", secret.reveal())
        }
        (Some(ProviderType::Kannel | ProviderType::Twilio), None) => format!("{origin}/sms/{name}/delivery"),
        _ => String::new(),
    }
}

fn mail(name: &str, provider: &Provider) -> Result<MailAccount, BuildError> {
    let wrong = || BuildError::MailEndpoint(name.to_owned());
    let (scheme, rest) = provider.endpoint.trim_end_matches('/').split_once("://").ok_or_else(wrong)?;
    let (tls, usual) = match scheme {
        "smtps" => (MailTls::Implicit, 465),
        "smtp" => (MailTls::Starttls, 587),
        "smtp+plain" => (MailTls::None, 25),
        _ => return Err(wrong()),
    };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (rest, usual),
    };
    if host.is_empty() {
        return Err(wrong());
    }
    Ok(MailAccount {
        host: host.to_owned(),
        port,
        tls,
        username: provider.username.clone(),
        password: secret(provider.secret.as_ref()),
        sender: provider.sender.clone(),
    })
}

/// The doors for the callbacks of all providers that have any.
pub fn doors(settings: &Settings) -> Vec<SmsDoor> {
    let door = |(name, provider): (&String, &Provider)| {
        let secrets = provider.callback_secrets.0.iter().map(Secret::reveal);
        let callbacks = match provider.r#type? {
            ProviderType::AfricasTalking => Callbacks::AfricasTalking,
            ProviderType::Kannel => Callbacks::Kannel,
            ProviderType::Twilio => Callbacks::Twilio {
                origin: settings.server.public_url.trim_end_matches('/').to_owned(),
                // What signs is the account's token, also where we sign in with a key.
                tokens: match provider.callback_secrets.0.as_slice() {
                    [] => vec![secret(provider.secret.as_ref())],
                    listed => listed.iter().map(|listed| secret(Some(listed))).collect(),
                },
            },
            ProviderType::Http => {
                Callbacks::Generic { secrets: secrets.clone().map(SecretString::from).collect() }
            }
            ProviderType::Smtp | ProviderType::Log => return None,
        };
        let access = Access::new(secrets, provider.networks.clone());
        Some(SmsDoor { name: name.clone(), access, callbacks })
    };
    settings.providers.iter().filter_map(door).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Timing;
    use super::*;
    use crate::app::settings::Sources;

    const TOML: &str = r#"
        [server]
        public_url = "https://sms.example.org/"
        [messages]
        providers = ["africastalking", "orange"]
        mail = ["post"]
        [[messages.routes]]
        ranges = ["076", "+23277"]
        kinds = ["reminder"]
        providers = ["orange"]
        [messages.sender_rates]
        MamaCare = 20
        [providers.africastalking]
        type = "africastalking"
        username = "sandbox"
        secret = "key"
        price = 0.035
        [providers.orange]
        type = "kannel"
        endpoint = "http://10.0.0.5:13013/cgi-bin/sendsms"
        username = "us"
        secret = "pass"
        callback_secrets = "secret-of-orange"
        [providers.post]
        type = "smtp"
        endpoint = "smtp://mail.example"
        sender = "MamaCare <mamacare@health.example>"
    "#;

    fn settings(toml: &str) -> Result<Settings, crate::app::settings::SettingsError> {
        Settings::load(&Sources { base: toml, file: None, environment: vec![] })
    }

    #[tokio::test]
    async fn settings_become_lines_routes_and_doors() {
        let settings = settings(TOML).unwrap();
        let plan = plan(&settings, &crate::app::http::client().unwrap()).unwrap();
        let names: Vec<&str> = plan.lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["africastalking", "orange", "post"]);
        let medium = crate::messages::Medium::Sms;
        assert_eq!(plan.routes.of(medium, Kind::Reminder, Lane(76)), [1]);
        assert_eq!(plan.routes.of(medium, Kind::Pin, Lane(76)), [0, 1]);
        assert_eq!(plan.routes.email, [2]);
        assert_eq!(plan.lines[0].price, Price(35_000));
        let doors = doors(&settings);
        assert_eq!(
            doors.iter().map(|door| door.name.as_str()).collect::<Vec<_>>(),
            ["africastalking", "orange"]
        );
        let provider = &settings.providers["orange"];
        assert_eq!(
            receipts_to("orange", provider, &settings.server.public_url),
            "https://sms.example.org/sms/orange/delivery/secret-of-orange"
        );
    }

    #[tokio::test]
    async fn a_lease_outlasts_all_providers_of_a_route() {
        let timing = |toml: &str| {
            let plan = plan(&settings(toml).unwrap(), &crate::app::http::client().unwrap()).unwrap();
            let timing = Timing::of(&plan);
            (timing.pin_lease.as_secs(), timing.lease.as_secs())
        };
        assert_eq!(timing(TOML), (74, 90), "two providers, 30 s each, and what is added to them");
        let one = TOML.replace("\"africastalking\", \"orange\"]", "\"africastalking\"]");
        assert_eq!(timing(&one), (37, 90));
        let slow = TOML.replace("type =", "timeout_seconds = 60\n        type =");
        assert_eq!(timing(&slow), (134, 134));
    }

    #[test]
    fn a_mail_server_has_a_scheme_a_name_and_maybe_a_port() {
        let with = |endpoint: &str| {
            mail("post", &Provider { endpoint: endpoint.to_owned(), ..Provider::default() })
                .map(|account| (account.host, account.port, account.tls))
        };
        for (endpoint, host, port, tls) in [
            ("smtps://mail.example", "mail.example", 465, MailTls::Implicit),
            ("smtp://mail.example:2525/", "mail.example", 2525, MailTls::Starttls),
            ("smtp+plain://localhost", "localhost", 25, MailTls::None),
        ] {
            assert_eq!(with(endpoint).unwrap(), (host.to_owned(), port, tls), "{endpoint}");
        }
        for wrong in ["mail.example", "smtps://", "smtps://mail.example:x", "http://mail.example"] {
            assert!(with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_wrong_setting_names_its_key() {
        for (from, to, named) in [
            ("\"076\"", "\"0760\"", "messages.routes.ranges: expected the range"),
            ("\"reminder\"", "\"reminders\"", "messages.routes.kinds: expected pin"),
            ("mail = [\"post\"]", "mail = [\"orange\"]", "messages.mail: providers.orange does not carry"),
            (
                "\"orange\"]\n        mail",
                "\"orang\"]\n        mail",
                "messages.providers: there is no section [providers.orang]",
            ),
            ("type = \"kannel\"", "", "providers.orange.type: expected africastalking"),
            ("type = \"kannel\"", "type = \"kanel\"", "providers.orange.type"),
            ("username = \"us\"", "", "providers.orange.username: none given"),
            ("price = 0.035", "price = -1.0", "providers.africastalking.price: expected an amount"),
            ("price = 0.035", "prise = 1", "providers.africastalking.prise: no such key"),
            ("\"secret-of-orange\"", "\"a/b\"", "providers.orange.callback_secrets: a secret stands"),
            ("smtp://mail", "http://mail", "providers.post.endpoint: expected an address"),
        ] {
            let message = settings(&TOML.replace(from, to)).unwrap_err().to_string();
            assert!(message.contains(named), "{named}: {message}");
        }
    }
}
