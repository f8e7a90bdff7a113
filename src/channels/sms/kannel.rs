//! Kannel's sendsms: text in the body, all else in headers, so that no address holds a password or a
//! PIN. No id comes back: ours goes along in the address of the receipt.

use axum::body::Bytes;
use chrono::DateTime;
use secrecy::ExposeSecret;

use crate::messages::{Address, Blame, Carrier, Fate, Outgoing, Receipt, Reference, Sending, Told};
use crate::text::Encoding;

use super::super::form::Form;
use super::super::problem::Problem;
use super::Account;
use super::answer::{Answer, ask};

/// Delivered, not delivered, buffered, taken or refused by the message centre: all of them.
const RECEIPTS: &str = "31";

/// The provider.
#[derive(Debug)]
pub struct Kannel {
    account: Account,
    /// The message centre to use; empty: what it routes to.
    smsc: String,
}

impl Kannel {
    /// With that account there; through `smsc` where it is not empty.
    pub const fn new(account: Account, smsc: String) -> Self {
        Self { account, smsc }
    }

    async fn hand_over(&self, message: &Outgoing) -> Fate {
        let Address::Phone(number) = message.to else {
            return Fate::refused(Blame::Recipient, "not a number");
        };
        let account = &self.account;
        // Kannel turns what GSM-7 lacks into `?` and says nothing: the coding is ours to choose. Of a
        // text without a charset it takes UTF-16 for something else, and encodes it twice.
        let (coding, charset, octets) = match message.encoding {
            Encoding::Gsm7 => ("0", "text/plain; charset=UTF-8", message.text.clone().into_bytes()),
            Encoding::Ucs2 => ("2", "text/plain; charset=UTF-16BE", utf16(&message.text)),
        };
        let minutes = message.validity.as_secs().div_ceil(60).max(1).to_string();
        let mut request = account
            .client
            .post(&account.endpoint)
            .header("Content-Type", charset)
            .header("X-Kannel-Username", &account.username)
            .header("X-Kannel-Password", account.secret.expose_secret())
            .header("X-Kannel-To", number.e164())
            .header("X-Kannel-Coding", coding)
            .header("X-Kannel-Validity", minutes);
        for (name, value) in [("X-Kannel-From", &account.sender), ("X-Kannel-SMSC", &self.smsc)] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        if !account.receipts_to.is_empty() {
            let address = format!("{}?mid={}&st=%d&ts=%T&fid=%F&err=%A", account.receipts_to, message.id);
            request = request.header("X-Kannel-DLR-Mask", RECEIPTS).header("X-Kannel-DLR-Url", address);
        }
        match ask(request.body(octets), account.patience).await {
            Ok(answer) => fate(&answer),
            Err(fate) => fate,
        }
    }
}

impl Carrier for Kannel {
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

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn fate(answer: &Answer) -> Fate {
    let refused = |blame| Fate::Refused { blame, words: answer.words(), wait: answer.wait };
    match answer.status.as_u16() {
        // "0: Accepted for delivery", "3: Queued for later delivery", of older ones "Sent."
        202 => Fate::taken(None, answer.words()),
        403 if answer.body.contains("Not routable") => refused(Blame::Route),
        _ => answer.by_status(),
    }
}

/// A receipt: Kannel fills in the address that we gave it. Newer ones set further bits beside
/// "not delivered": 32 expired, 64 unknown.
pub(super) fn read_receipt(query: &str) -> Result<Vec<Receipt>, Problem> {
    let octets = Bytes::from(query.to_owned());
    let form = Form::parse(&octets)?;
    let id = form.require("mid")?.parse().map_err(|_| Problem::malformed("mid: expected our id"))?;
    let status: u32 =
        form.require("st")?.parse().map_err(|_| Problem::malformed("st: expected a number, as %d gives"))?;
    let told = if status & 1 != 0 {
        Some(Told::Delivered)
    } else if status & 32 != 0 {
        Some(Told::Expired)
    } else if status & (2 | 16) != 0 {
        Some(Told::Failed)
    } else if status & (4 | 8) != 0 {
        Some(Told::Passed)
    } else {
        None
    };
    let words = format!("{status} {}", form.get("err").unwrap_or_default());
    let at = form.get("ts").and_then(|seconds| DateTime::from_timestamp(seconds.parse().ok()?, 0));
    Ok(vec![Receipt {
        reference: Reference::Ours(id),
        told,
        words: words.trim().to_owned(),
        at,
        opted_out: false,
    }])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Peer, foreign, message, refusal};
    use super::*;

    fn provider(peer: &Peer) -> Kannel {
        let mut account = peer.account();
        account.endpoint.push_str("/cgi-bin/sendsms");
        Kannel::new(account, "orange".to_owned())
    }

    #[tokio::test]
    async fn the_text_is_the_body_and_nothing_secret_is_in_the_address() {
        let peer = Peer::answering(202, "0: Accepted for delivery").await;
        let fates = provider(&peer).send(&[message("Duya kɔl {bak}")]).await;
        assert_eq!(fates, [Fate::taken(None, "202 0: Accepted for delivery")]);
        let request = peer.request().await;
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/cgi-bin/sendsms"));
        for (name, value) in [
            ("content-type", "text/plain; charset=UTF-8"),
            ("x-kannel-username", "us"),
            ("x-kannel-password", "secret-of-ours"),
            ("x-kannel-to", "+23276000001"),
            ("x-kannel-from", "MamaCare"),
            ("x-kannel-coding", "0"),
            ("x-kannel-validity", "10"),
            ("x-kannel-smsc", "orange"),
            ("x-kannel-dlr-mask", "31"),
            ("x-kannel-dlr-url", "https://sms.example.org/sms/peer/delivery?mid=7&st=%d&ts=%T&fid=%F&err=%A"),
        ] {
            assert_eq!(request.header(name), value, "{name}");
        }
        assert_eq!(request.body, "Duya kòl {bak}");
    }

    #[tokio::test]
    async fn other_letters_go_as_utf_16() {
        let peer = Peer::answering(202, "Sent.").await;
        assert!(matches!(&provider(&peer).send(&[foreign("ɛ😀")]).await[..], [Fate::Taken { id: None, .. }]));
        let request = peer.request().await;
        assert_eq!(
            (request.header("x-kannel-coding"), request.header("content-type")),
            ("2", "text/plain; charset=UTF-16BE")
        );
        assert_eq!(request.octets, [0x02, 0x5b, 0xd8, 0x3d, 0xde, 0x00]);
    }

    #[tokio::test]
    async fn each_answer_has_its_meaning() {
        for (status, body, blame) in [
            (400, "Missing receiver number, rejected", Some(Blame::Message)),
            (403, "Authorization failed for sendsms", Some(Blame::Account)),
            (403, "Not routable. Do not try again.", Some(Blame::Route)),
            (404, "", Some(Blame::Account)),
            (503, "Temporal failure, try again later.", Some(Blame::Passing)),
            (500, "", None),
            (200, "Hello", None),
        ] {
            let peer = Peer::answering(status, body).await;
            let fates = provider(&peer).send(&[message("hi")]).await;
            assert_eq!(fates.iter().map(refusal).collect::<Vec<_>>(), [blame], "{status} {body}");
        }
        let peer = Peer::answering(202, "3: Queued for later delivery").await;
        assert!(matches!(&provider(&peer).send(&[message("hi")]).await[..], [Fate::Taken { .. }]));
    }

    #[test]
    fn receipts_are_bits() {
        for (status, told) in [
            (1, Some(Told::Delivered)),
            (2, Some(Told::Failed)),
            (4, Some(Told::Passed)),
            (8, Some(Told::Passed)),
            (16, Some(Told::Failed)),
            (34, Some(Told::Expired)),
            (66, Some(Told::Failed)),
            (0, None),
        ] {
            let receipts = read_receipt(&format!("mid=7&st={status}&ts=1764000000&fid=&err=ACK%2F")).unwrap();
            assert_eq!((&receipts[0].reference, receipts[0].told), (&Reference::Ours(7), told), "{status}");
            assert_eq!(receipts[0].at.unwrap().timestamp(), 1_764_000_000);
            assert_eq!(receipts[0].words, format!("{status} ACK/"));
        }
        for broken in ["", "mid=7", "st=1", "mid=x&st=1", "mid=7&st=-1", "mid=7&st=%25d"] {
            assert!(read_receipt(broken).is_err(), "{broken}");
        }
    }
}
