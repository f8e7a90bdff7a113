//! E-mail over SMTP: each message as plain text and as HTML, from the two templates.

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address as MailAddress, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tera::{Context, Tera};

use crate::messages::{Address, Blame, Carrier, Fate, Outgoing, Sending};

/// A server that says nothing for this long has no answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the way to the server is kept private.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum MailTls {
    /// TLS from the first octet (port 465).
    #[default]
    Implicit,
    /// A plain beginning that must turn into TLS (port 587).
    Starttls,
    /// None: for a server on the same machine.
    None,
}

/// Where mail goes out, and from whom it comes.
#[derive(Clone, Debug)]
pub struct MailAccount {
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is kept private.
    pub tls: MailTls,
    /// Our name there; empty: none is asked for.
    pub username: String,
    /// Our password there.
    pub password: SecretString,
    /// `MamaCare <mamacare@health.example>`
    pub sender: String,
}

/// Why mail cannot go out at all.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The sender.
    #[error("sender: expected an address like MamaCare <mamacare@health.example>")]
    Sender,
    /// TLS.
    #[error("TLS to the mail server cannot be set up: {0}")]
    Tls(#[source] lettre::transport::smtp::Error),
    /// A template.
    #[error("a template of mails does not compile: {0}")]
    Template(#[from] tera::Error),
}

/// A mail server.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
    templates: Tera,
}

impl Mail {
    /// Through that server. Connections are made when they are needed, and kept for a while.
    pub fn new(account: &MailAccount) -> Result<Self, MailError> {
        let sender: Mailbox = account.sender.parse().map_err(|_| MailError::Sender)?;
        let tls = match account.tls {
            MailTls::None => Tls::None,
            MailTls::Starttls => {
                Tls::Required(TlsParameters::new(account.host.clone()).map_err(MailError::Tls)?)
            }
            MailTls::Implicit => {
                Tls::Wrapper(TlsParameters::new(account.host.clone()).map_err(MailError::Tls)?)
            }
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&account.host)
            .port(account.port)
            .tls(tls)
            .timeout(Some(PATIENCE))
            .hello_name(ClientId::Domain(sender.email.domain().to_owned()));
        if !account.username.is_empty() {
            let password = account.password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(account.username.clone(), password));
        }
        let mut templates = Tera::new();
        templates.add_raw_templates([
            ("mail.txt", include_str!("../../templates/mail.txt")),
            ("mail.html", include_str!("../../templates/mail.html")),
        ])?;
        templates.autoescape_on(vec![".html"]);
        Ok(Self { transport: builder.build(), sender, templates })
    }

    async fn hand_over(&self, message: &Outgoing) -> Fate {
        let Address::Mailbox(to) = &message.to else {
            return Fate::refused(Blame::Recipient, "not an address of e-mail");
        };
        let Ok(to) = to.parse::<MailAddress>() else {
            return Fate::refused(Blame::Recipient, "this address cannot be written to");
        };
        let letter = match self.write(message, to) {
            Ok(letter) => letter,
            Err(reason) => return Fate::refused(Blame::Message, reason),
        };
        match tokio::time::timeout(PATIENCE, self.transport.send(letter)).await {
            Ok(Ok(response)) => {
                let words: Vec<&str> = response.message().collect();
                Fate::taken(None, format!("{} {}", response.code(), words.join(" ")))
            }
            Ok(Err(error)) => fate(&error),
            Err(_) => Fate::doubtful("the mail server was silent for too long"),
        }
    }

    /// The letter; an id of ours in it lets servers see one that comes twice.
    fn write(&self, message: &Outgoing, to: MailAddress) -> Result<Message, String> {
        let (subject, text) = message.text.split_once('\n').unwrap_or((&message.text, ""));
        let mut context = Context::new();
        context.insert("subject", subject.trim());
        context.insert("language", &message.language);
        context.insert("paragraphs", &paragraphs(text));
        let render = |name| self.templates.render(name, &context).map_err(|error| error.to_string());
        Message::builder()
            .from(self.sender.clone())
            .to(Mailbox::new(None, to))
            .subject(subject.trim())
            .message_id(Some(format!("<outbox-{}@{}>", message.id, self.sender.email.domain())))
            .multipart(MultiPart::alternative_plain_html(render("mail.txt")?, render("mail.html")?))
            .map_err(|error| error.to_string())
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Mail(…)")
    }
}

impl Carrier for Mail {
    fn send<'a>(&'a self, messages: &'a [Outgoing]) -> Sending<'a> {
        Box::pin(async move {
            let mut fates = Vec::with_capacity(messages.len());
            for message in messages {
                fates.push(self.hand_over(message).await);
            }
            fates
        })
    }
}

#[derive(Serialize)]
struct Paragraph<'a> {
    text: &'a str,
    lines: Vec<&'a str>,
    /// Whether it is an address and nothing else.
    link: bool,
}

fn paragraphs(text: &str) -> Vec<Paragraph<'_>> {
    let link = |text: &str| {
        ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme))
            && !text.contains(char::is_whitespace)
    };
    text.split("\n\n")
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| Paragraph { text, lines: text.lines().collect(), link: link(text) })
        .collect()
}

/// What a failure means. A server that answers says whether it took the letter; where the line
/// breaks after the greeting, nobody knows.
fn fate(error: &lettre::transport::smtp::Error) -> Fate {
    let words = error.to_string();
    let code = error.status().map(u16::from);
    if error.is_permanent() {
        // 530 to 535: who we are; 550 to 553: the mailbox; all else: the letter.
        return match code {
            Some(530..=535 | 538) => Fate::refused(Blame::Account, words),
            Some(550..=553) => Fate::refused(Blame::Recipient, words),
            _ => Fate::refused(Blame::Message, words),
        };
    }
    if error.is_transient() {
        return match code {
            Some(454) => Fate::refused(Blame::Account, words),
            _ => Fate::refused(Blame::Passing, words),
        };
    }
    // No STARTTLS there, or no way to sign in that both know.
    if error.is_client() {
        return Fate::refused(Blame::Account, words);
    }
    // A connection that was not made is told from one that broke by these words alone.
    if error.is_tls() || words.starts_with("Connection error") {
        return Fate::refused(Blame::Passing, words);
    }
    Fate::doubtful(words)
}

#[cfg(test)]
mod tests;
