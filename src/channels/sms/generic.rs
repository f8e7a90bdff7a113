//! The generic form over HTTP, ours to define, for gateways that can be taught: JSON out with a
//! bearer token, JSON back; receipts signed by HMAC-SHA256 over their time and body.

use axum::body::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::messages::{Address, Blame, Carrier, Fate, Outgoing, Receipt, Reference, Sending, Told};
use crate::text::Encoding;

use super::super::problem::Problem;
use super::Account;
use super::answer::{Answer, ask};

/// What our ids begin with on the wire, so that they are never taken for the gateway's own.
const OURS: &str = "mc";

/// The provider.
#[derive(Debug)]
pub struct Generic(Account);

#[derive(Serialize)]
struct Request<'a> {
    id: String,
    to: String,
    from: &'a str,
    text: &'a str,
    encoding: &'static str,
    segments: usize,
    valid_until: String,
}

#[derive(Deserialize)]
struct Reply {
    id: Option<String>,
    status: Status,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Accepted,
    Refused,
}

impl Generic {
    /// With that account there.
    pub const fn new(account: Account) -> Self {
        Self(account)
    }

    async fn hand_over(&self, message: &Outgoing) -> Fate {
        let Address::Phone(number) = message.to else {
            return Fate::refused(Blame::Recipient, "not a number");
        };
        let body = Request {
            id: format!("{OURS}{}", message.id),
            to: number.e164(),
            from: &self.0.sender,
            text: &message.text,
            encoding: match message.encoding {
                Encoding::Gsm7 => "gsm7",
                Encoding::Ucs2 => "ucs2",
            },
            segments: message.segments,
            valid_until: message.valid_until.to_rfc3339_opts(SecondsFormat::Secs, true),
        };
        let request = self.0.client.post(&self.0.endpoint).bearer_auth(self.0.secret.expose_secret());
        match ask(request.json(&body), self.0.patience).await {
            Ok(answer) => fate(&answer),
            Err(fate) => fate,
        }
    }
}

impl Carrier for Generic {
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

fn fate(answer: &Answer) -> Fate {
    if !answer.status.is_success() {
        return answer.by_status();
    }
    let Ok(reply) = serde_json::from_str::<Reply>(&answer.body) else {
        return Fate::doubtful(format!("an answer that makes no sense: {}", answer.words()));
    };
    let reason = reply.reason.unwrap_or_default();
    match reply.status {
        Status::Accepted => Fate::taken(reply.id.as_deref().filter(|id| !id.is_empty()), reason),
        Status::Refused => {
            let blame = match reason.split([':', ' ']).next().unwrap_or_default() {
                "number" => Blame::Recipient,
                "opted_out" => Blame::OptedOut,
                "route" => Blame::Route,
                "busy" => Blame::Throttled,
                "later" => Blame::Passing,
                "account" => Blame::Account,
                _ => Blame::Message,
            };
            Fate::Refused { blame, words: reason, wait: answer.wait }
        }
    }
}

#[derive(Deserialize)]
struct Report {
    id: String,
    status: String,
    at: Option<DateTime<Utc>>,
    reason: Option<String>,
}

/// A receipt: our id or the gateway's own, and any word that gateways use.
pub(super) fn read_receipt(body: &Bytes) -> Result<Vec<Receipt>, Problem> {
    let told: Report = serde_json::from_slice(body).map_err(|_| {
        Problem::malformed("expected JSON with id and status as texts, and at as a time where it is there")
    })?;
    if told.id.is_empty() {
        return Err(Problem::malformed("id: expected ours or yours"));
    }
    let ours = told.id.strip_prefix(OURS).and_then(|id| id.parse().ok());
    let reference = ours.map_or_else(|| Reference::Theirs(told.id.clone()), Reference::Ours);
    let words = format!("{} {}", told.status, told.reason.as_deref().unwrap_or_default());
    Ok(vec![Receipt {
        reference,
        told: Told::of_word(&told.status),
        words: words.trim().to_owned(),
        at: told.at,
        opted_out: told.reason.is_some_and(|reason| reason.starts_with("opted_out")),
    }])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};
    use wiremock::ResponseTemplate;

    use super::super::testing::{Peer, account, foreign, message, refusal};
    use super::*;

    async fn sent(status: u16, body: &str) -> Fate {
        let peer = Peer::answering(status, body).await;
        Generic::new(peer.account()).send(&[message("hi")]).await.remove(0)
    }

    #[tokio::test]
    async fn the_request_is_as_documented() {
        let peer = Peer::answering(200, r#"{"id":"g-1","status":"accepted"}"#).await;
        let fates = Generic::new(peer.account()).send(&[foreign("kɔl")]).await;
        assert_eq!(fates, [Fate::taken(Some("g-1"), "")]);
        let request = peer.request().await;
        assert_eq!(request.header("authorization"), "Bearer secret-of-ours");
        assert_eq!(
            serde_json::from_str::<Value>(&request.body).unwrap(),
            json!({"id": "mc7", "to": "+23276000001", "from": "MamaCare", "text": "kɔl", "encoding": "ucs2",
                   "segments": 1, "valid_until": "2026-11-24T10:10:00Z"})
        );
    }

    #[tokio::test]
    async fn each_answer_has_its_meaning() {
        for (status, body, blame) in [
            (200, r#"{"status":"refused","reason":"number: not ours"}"#, Some(Blame::Recipient)),
            (200, r#"{"status":"refused","reason":"opted_out"}"#, Some(Blame::OptedOut)),
            (200, r#"{"status":"refused","reason":"route"}"#, Some(Blame::Route)),
            (200, r#"{"status":"refused","reason":"busy"}"#, Some(Blame::Throttled)),
            (200, r#"{"status":"refused","reason":"later"}"#, Some(Blame::Passing)),
            (200, r#"{"status":"refused","reason":"account: no credit"}"#, Some(Blame::Account)),
            (200, r#"{"status":"refused"}"#, Some(Blame::Message)),
            (429, "", Some(Blame::Throttled)),
            (503, "", Some(Blame::Passing)),
            (401, "", Some(Blame::Account)),
            (200, r#"{"status":"perhaps"}"#, None),
            (200, "ok", None),
            (500, "", None),
        ] {
            let fate = sent(status, body).await;
            assert_eq!(refusal(&fate), blame, "{status} {body}");
            assert!(blame.is_some() || matches!(fate, Fate::Doubtful { .. }), "{status} {body}");
        }
        assert_eq!(sent(202, r#"{"status":"accepted","id":""}"#).await, Fate::taken(None, ""));
    }

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_a_doubt_and_no_connection_is_none() {
        let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(5));
        let fate = Generic::new(Peer::with(slow).await.account()).send(&[message("hi")]).await.remove(0);
        assert!(matches!(fate, Fate::Doubtful { .. }), "{fate:?}");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/?token=hidden", listener.local_addr().unwrap());
        drop(listener);
        let fate = Generic::new(account(&address)).send(&[message("hi")]).await.remove(0);
        assert_eq!(refusal(&fate), Some(Blame::Passing), "{fate:?}");
        assert!(!fate.words().contains("hidden"), "{fate:?}");
    }

    #[tokio::test]
    async fn a_connection_that_is_cut_after_the_request_is_a_doubt() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let cutting = tokio::spawn(async move {
            use tokio::io::AsyncReadExt;
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
        });
        let fate = Generic::new(account(&address)).send(&[message("hi")]).await.remove(0);
        cutting.await.unwrap();
        assert!(matches!(fate, Fate::Doubtful { .. }), "{fate:?}");
    }

    #[test]
    fn receipts_bring_our_id_or_theirs() {
        for (body, reference, told) in [
            (
                r#"{"id":"mc7","status":"delivered","at":"2026-11-24T10:00:00Z"}"#,
                Reference::Ours(7),
                Some(Told::Delivered),
            ),
            (
                r#"{"id":"g-1","status":"DELIVRD"}"#,
                Reference::Theirs("g-1".to_owned()),
                Some(Told::Delivered),
            ),
            (
                r#"{"id":"mcx","status":"REJECTED","reason":"spam"}"#,
                Reference::Theirs("mcx".to_owned()),
                Some(Told::Failed),
            ),
            (r#"{"id":"7","status":"odd"}"#, Reference::Theirs("7".to_owned()), None),
        ] {
            let receipts = read_receipt(&Bytes::from(body)).unwrap();
            assert_eq!((&receipts[0].reference, receipts[0].told), (&reference, told), "{body}");
        }
        for broken in ["", "[]", "{}", r#"{"id":"","status":"x"}"#, r#"{"id":7,"status":"x"}"#] {
            assert!(read_receipt(&Bytes::from(broken)).is_err(), "{broken}");
        }
    }
}
