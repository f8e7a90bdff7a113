//! `[messages]` and `[providers.…]`: what goes out when, over whom, and for how much.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use crate::messages::{Hours, IdForm, Kind, Lane};
use crate::text::{Display, Folding};

use super::check::Problems;
use super::secrets::{Secret, SecretList};

/// `[messages]`: all that goes out.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Messages {
    /// Providers of SMS that no route names, the first that works first.
    pub providers: Vec<String>,
    /// Providers of mail.
    pub mail: Vec<String>,
    /// Rules for some numbers and kinds; the first that fits decides.
    pub routes: Vec<RouteRule>,
    /// Planned messages go from this time of the day.
    pub open_from: String,
    /// And until this.
    pub open_until: String,
    /// On the clocks of this zone.
    pub time_zone: String,
    /// Most planned messages to one person a day; 0: no bound.
    pub daily_limit: u16,
    /// Most money a day; 0: no bound.
    pub budget_day: f64,
    /// Most money a month; 0: no bound.
    pub budget_month: f64,
    /// SMS a second from one sender over all its providers.
    pub sender_rates: BTreeMap<String, f64>,
    /// Days that ended messages and their history are kept.
    pub keep_days: u32,
    /// Days that the sealed text of a refused message is kept, for `mamacare outbox retry`.
    pub keep_refused_days: u32,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            providers: Vec::new(),
            mail: Vec::new(),
            routes: Vec::new(),
            open_from: "08:00".to_owned(),
            open_until: "20:00".to_owned(),
            time_zone: "Africa/Freetown".to_owned(),
            daily_limit: 3,
            budget_day: 0.0,
            budget_month: 0.0,
            sender_rates: BTreeMap::new(),
            keep_days: 180,
            keep_refused_days: 7,
        }
    }
}

/// `[[messages.routes]]`: which providers some messages take.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct RouteRule {
    /// Ranges of numbers, as `076` or `+23276`; empty: all.
    pub ranges: Vec<String>,
    /// Kinds of messages; empty: all.
    pub kinds: Vec<String>,
    /// Providers in their order.
    pub providers: Vec<String>,
}

/// What a provider is spoken to in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum ProviderType {
    /// Africa's Talking.
    AfricasTalking,
    /// Twilio.
    Twilio,
    /// Kannel's sendsms.
    Kannel,
    /// The generic form over HTTP.
    Http,
    /// Mail.
    Smtp,
    /// Nothing is sent; it is shown in the log of a demo.
    Log,
}

/// `[providers.…]`: one provider.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Provider {
    /// What it is spoken to in.
    pub r#type: Option<ProviderType>,
    /// Where it takes messages.
    pub endpoint: String,
    /// Our name there.
    pub username: String,
    /// Our key, token or password there.
    pub secret: Option<Secret>,
    /// A file that holds it.
    pub secret_file: Option<PathBuf>,
    /// Whom its messages come from.
    pub sender: String,
    /// Twilio's messaging service, or the message centre of a Kannel.
    pub service: String,
    /// Secrets of its callbacks, any of which is accepted.
    pub callback_secrets: SecretList,
    /// A file with one of them a line.
    pub callback_secrets_file: Option<PathBuf>,
    /// Networks that its callbacks come from; empty: any.
    pub networks: Vec<IpNet>,
    /// Messages on their way to it at once, of one node.
    pub in_flight: usize,
    /// SMS a second, of all nodes together; 0: no bound.
    pub per_second: f64,
    /// An answer that has not come by then does not come.
    pub timeout_seconds: u64,
    /// What an SMS costs.
    pub price: f64,
    /// What becomes of letters that GSM-7 lacks.
    pub folding: Folding,
    /// Whether it carries UCS-2.
    pub ucs2: bool,
    /// In which form it tells ids.
    pub ids: IdForm,
}

impl Default for Provider {
    fn default() -> Self {
        let display = Display::default();
        Self {
            r#type: None,
            endpoint: String::new(),
            username: String::new(),
            secret: None,
            secret_file: None,
            sender: String::new(),
            service: String::new(),
            callback_secrets: SecretList::default(),
            callback_secrets_file: None,
            networks: Vec::new(),
            in_flight: 64,
            per_second: 0.0,
            timeout_seconds: 30,
            price: 0.0,
            folding: display.folding,
            ucs2: display.ucs2,
            ids: IdForm::AsIs,
        }
    }
}

impl Provider {
    /// How it shows text.
    pub const fn display(&self) -> Display {
        Display { folding: self.folding, ucs2: self.ucs2 }
    }

    fn is_mail(&self) -> bool {
        matches!(self.r#type, Some(ProviderType::Smtp | ProviderType::Log))
    }

    fn is_sms(&self) -> bool {
        self.r#type.is_some_and(|kind| kind != ProviderType::Smtp)
    }
}

impl Messages {
    /// The hours of planned messages.
    pub fn hours(&self) -> Result<Hours, crate::messages::HoursError> {
        Hours::new(&self.open_from, &self.open_until, &self.time_zone)
    }
}

/// Whether the values of both sections work together.
pub(super) fn check(messages: &Messages, providers: &BTreeMap<String, Provider>, problems: &mut Problems) {
    if let Err(error) = messages.hours() {
        let key = match error {
            crate::messages::HoursError::Zone => "messages.time_zone",
            _ => "messages.open_from, messages.open_until",
        };
        problems.add(format!("{key}: {error}"));
    }
    problems.range("messages.keep_days", messages.keep_days, 2, 3650);
    problems.range("messages.keep_refused_days", messages.keep_refused_days, 0, 60);
    for (key, amount) in [("budget_day", messages.budget_day), ("budget_month", messages.budget_month)] {
        problems
            .unless(amount >= 0.0 && amount.is_finite(), format!("messages.{key}: expected an amount, or 0"));
    }
    for (sender, rate) in &messages.sender_rates {
        problems.unless(
            *rate >= 0.0 && rate.is_finite(),
            format!("messages.sender_rates.{sender}: expected SMS a second, or 0"),
        );
    }
    check_names("messages.providers", &messages.providers, providers, Provider::is_sms, problems);
    check_names("messages.mail", &messages.mail, providers, Provider::is_mail, problems);
    for rule in &messages.routes {
        check_names("messages.routes.providers", &rule.providers, providers, Provider::is_sms, problems);
        problems
            .unless(!rule.providers.is_empty(), "messages.routes.providers: expected at least one provider");
        for range in &rule.ranges {
            problems.unless(
                Lane::parse(range).is_some(),
                format!("messages.routes.ranges: expected the range of an operator like 076 or +23276, found {range:?}"),
            );
        }
        for kind in &rule.kinds {
            problems.unless(
                Kind::of_name(kind).is_some_and(|kind| kind != Kind::Mail),
                format!("messages.routes.kinds: expected pin, warning, answer, confirmation, reminder or broadcast, found {kind:?}"),
            );
        }
    }
    for (name, provider) in providers {
        check_provider(name, provider, problems);
    }
}

fn check_names(
    key: &str,
    names: &[String],
    providers: &BTreeMap<String, Provider>,
    fits: fn(&Provider) -> bool,
    problems: &mut Problems,
) {
    for name in names {
        match providers.get(name) {
            None => problems.add(format!("{key}: there is no section [providers.{name}]")),
            Some(provider) => {
                problems.unless(fits(provider), format!("{key}: providers.{name} does not carry these"));
            }
        }
    }
}

/// Which keys a type needs, and which it has no use for.
fn check_provider(name: &str, provider: &Provider, problems: &mut Problems) {
    use ProviderType::{AfricasTalking, Http, Kannel, Log, Smtp, Twilio};
    let key = |field: &str| format!("providers.{name}.{field}");
    problems.unless(
        !name.is_empty()
            && name.len() <= 32
            && name
                .bytes()
                .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_'),
        format!("providers.{name}: expected a name of small letters, digits and _, at most 32"),
    );
    let Some(kind) = provider.r#type else {
        problems.add(format!("{}: expected africastalking, twilio, kannel, http, smtp or log", key("type")));
        return;
    };
    let (username, secret) = (!provider.username.is_empty(), provider.secret.is_some());
    let needs: &[(&str, bool)] = match kind {
        AfricasTalking | Twilio => &[("username", username), ("secret", secret)],
        Kannel => &[("endpoint", !provider.endpoint.is_empty()), ("username", username), ("secret", secret)],
        Http => &[("endpoint", !provider.endpoint.is_empty()), ("secret", secret)],
        Smtp => &[("endpoint", !provider.endpoint.is_empty()), ("sender", !provider.sender.is_empty())],
        Log => &[],
    };
    for (field, there) in needs {
        problems.unless(*there, format!("{}: none given; this type needs it", key(field)));
    }
    problems.unless(
        kind != Twilio || !provider.sender.is_empty() || !provider.service.is_empty(),
        format!("{}: expected a sender, or a messaging service in {}", key("sender"), key("service")),
    );
    problems.unless(
        provider.service.is_empty() || matches!(kind, Twilio | Kannel),
        format!("{}: only twilio and kannel have one", key("service")),
    );
    let schemes: &[&str] =
        if kind == Smtp { &["smtps://", "smtp://", "smtp+plain://"] } else { &["https://", "http://"] };
    problems.unless(
        provider.endpoint.is_empty() || schemes.iter().any(|scheme| provider.endpoint.starts_with(scheme)),
        format!("{}: expected an address that starts with {}", key("endpoint"), schemes.join(" or ")),
    );
    problems.range(&key("in_flight"), provider.in_flight, 1, 2000);
    problems.range(&key("timeout_seconds"), provider.timeout_seconds, 1, 60);
    problems.unless(
        provider.per_second >= 0.0 && provider.per_second.is_finite(),
        format!("{}: expected SMS a second, or 0", key("per_second")),
    );
    problems.unless(
        provider.price >= 0.0 && provider.price.is_finite(),
        format!("{}: expected an amount, or 0", key("price")),
    );
    let fits = |secret: &Secret| {
        let text = secret.reveal();
        !text.is_empty() && text.bytes().all(super::check::unreserved)
    };
    problems.unless(
        matches!(kind, Http) || provider.callback_secrets.0.iter().all(fits),
        format!(
            "{}: a secret stands in an address, so it has letters, digits, - . _ ~ only",
            key("callback_secrets")
        ),
    );
}

/// What a production node asks for beside.
pub(super) fn check_production(
    messages: &Messages,
    providers: &BTreeMap<String, Provider>,
    problems: &mut Problems,
) {
    let routed = messages.routes.iter().flat_map(|rule| &rule.providers);
    for name in messages.providers.iter().chain(&messages.mail).chain(routed) {
        let shown = providers.get(name).is_some_and(|provider| provider.r#type == Some(ProviderType::Log));
        problems
            .unless(!shown, format!("providers.{name}: type log shows PINs in the log; it is for the demo"));
    }
    for (name, provider) in providers {
        let secrets = &provider.callback_secrets.0;
        problems.unless(
            secrets.iter().all(|secret| secret.reveal().len() >= super::check::SHORTEST_SECRET && !secret.is_published()),
            format!("providers.{name}.callback_secrets: expected {} characters or more, and not the demo's (openssl rand -hex 24)", super::check::SHORTEST_SECRET),
        );
        problems.unless(
            provider.r#type != Some(ProviderType::Kannel) || !secrets.is_empty() || !provider.networks.is_empty(),
            format!("providers.{name}.callback_secrets: none given, so that its receipts would be refused; set callback_secrets_file"),
        );
    }
}
