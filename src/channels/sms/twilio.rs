//! Twilio: a form out, one message as JSON back; receipts are signed.

use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::messages::{Address, Blame, Carrier, Fate, Outgoing, Receipt, Reference, Sending, Told};

use super::super::problem::Problem;
use super::Account;
use super::answer::{Answer, ask};

/// The provider.
#[derive(Debug)]
pub struct Twilio {
    account: Account,
    /// A messaging service that chooses the sender; empty: the account's sender.
    service: String,
}

impl Twilio {
    /// Where it takes messages.
    pub const ENDPOINT: &str = "https://api.twilio.com";

    /// With that account there; `service` (`MG…`) in place of a sender where it is not empty.
    pub const fn new(account: Account, service: String) -> Self {
        Self { account, service }
    }

    async fn hand_over(&self, message: &Outgoing) -> Fate {
        let Address::Phone(number) = message.to else {
            return Fate::refused(Blame::Recipient, "not a number");
        };
        let account = &self.account;
        let (to, callback) = (number.e164(), format!("{}?mid={}", account.receipts_to, message.id));
        let validity = message.validity.as_secs().clamp(5, 36_000).to_string();
        let mut form =
            vec![("To", to.as_str()), ("Body", message.text.as_str()), ("ValidityPeriod", validity.as_str())];
        form.push(match self.service.as_str() {
            "" => ("From", account.sender.as_str()),
            service => ("MessagingServiceSid", service),
        });
        if !account.receipts_to.is_empty() {
            form.push(("StatusCallback", &callback));
        }
        let address = format!("{}/2010-04-01/Accounts/{}/Messages.json", account.endpoint, account.username);
        let request = account.client.post(address);
        let request = request.basic_auth(&account.username, Some(account.secret.expose_secret()));
        match ask(request.form(&form), account.patience).await {
            Ok(answer) => fate(&answer),
            Err(fate) => fate,
        }
    }
}

impl Carrier for Twilio {
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

#[derive(Deserialize)]
struct Created {
    sid: String,
    status: String,
    error_code: Option<u32>,
}

#[derive(Deserialize)]
struct Refusal {
    code: u32,
    #[serde(default)]
    message: String,
}

fn fate(answer: &Answer) -> Fate {
    if answer.status.is_success() {
        return match serde_json::from_str::<Created>(&answer.body) {
            Ok(created) => created.fate(),
            Err(_) => Fate::doubtful(format!("an answer that makes no sense: {}", answer.words())),
        };
    }
    match serde_json::from_str::<Refusal>(&answer.body) {
        Ok(Refusal { code, message }) => match blame(code) {
            Some(blame) => Fate::Refused { blame, words: format!("{code} {message}"), wait: answer.wait },
            None => answer.by_status(),
        },
        Err(_) => answer.by_status(),
    }
}

impl Created {
    fn fate(&self) -> Fate {
        let code = self.error_code.filter(|code| *code != 0);
        match self.status.as_str() {
            "failed" | "undelivered" | "canceled" => Fate::refused(
                code.and_then(blame).unwrap_or(Blame::Message),
                format!("{} {}", self.status, code.unwrap_or_default()),
            ),
            status => Fate::taken(Some(&self.sid), status),
        }
    }
}

/// What has to change after that code; `None` where the status of the answer says more.
fn blame(code: u32) -> Option<Blame> {
    Some(match code {
        20_429 | 14_107 | 21_611 => Blame::Throttled,
        20_003 | 20_005 | 20_404 | 30_002 => Blame::Account,
        21_408 | 21_601 | 21_603 | 21_606..=21_608 | 21_612 | 21_909..=21_911 | 30_018 | 30_024 | 30_032 => {
            Blame::Route
        }
        21_610 => Blame::OptedOut,
        21_211 | 21_214 | 21_604 | 21_614 | 21_635 | 30_005 | 30_006 => Blame::Recipient,
        21_602 | 21_617 | 21_618 | 30_004 | 30_007 | 30_010 | 30_012 | 30_013 => Blame::Message,
        30_001 | 30_003 | 30_008 | 30_017 => Blame::Odd,
        _ => return None,
    })
}

/// A status callback. Ours comes back in the query; should it be missing, theirs is in the form.
pub(super) fn read_receipt(
    fields: &[(String, String)],
    query: Option<&str>,
) -> Result<Vec<Receipt>, Problem> {
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let status = field("MessageStatus")
        .filter(|status| !status.is_empty())
        .ok_or_else(|| Problem::malformed("the field MessageStatus is missing"))?;
    let told = match status {
        "delivered" | "read" | "partially_delivered" => Some(Told::Delivered),
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => Some(Told::Passed),
        "undelivered" | "failed" | "canceled" => Some(Told::Failed),
        _ => None,
    };
    let sid = field("MessageSid").filter(|sid| !sid.is_empty());
    let reference = match (super::edge::our_id(query), sid) {
        (Some(id), _) => Reference::Ours(id),
        (None, Some(sid)) => Reference::Theirs(sid.to_owned()),
        (None, None) => return Err(Problem::malformed("the field MessageSid is missing")),
    };
    let code = field("ErrorCode").unwrap_or_default();
    let words = format!("{status} {code}").trim().to_owned();
    Ok(vec![Receipt { reference, told, words, at: None, opted_out: code == "21610" }])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Peer, foreign, message, refusal};
    use super::*;

    fn provider(peer: &Peer, service: &str) -> Twilio {
        Twilio::new(Account { username: "AC1".to_owned(), ..peer.account() }, service.to_owned())
    }

    async fn sent(status: u16, body: &str) -> Fate {
        let peer = Peer::answering(status, body).await;
        provider(&peer, "").send(&[message("hi")]).await.remove(0)
    }

    #[tokio::test]
    async fn the_request_is_as_their_own_library_makes_it() {
        let peer =
            Peer::answering(201, r#"{"sid":"SM1","status":"queued","num_segments":"1","error_code":null}"#)
                .await;
        let fates = provider(&peer, "").send(&[foreign("kɔl")]).await;
        assert_eq!(fates, [Fate::taken(Some("SM1"), "queued")]);
        let request = peer.request().await;
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("POST", "/2010-04-01/Accounts/AC1/Messages.json")
        );
        assert_eq!(request.header("authorization"), "Basic QUMxOnNlY3JldC1vZi1vdXJz");
        assert_eq!(
            request.body,
            "To=%2B23276000001&Body=k%C9%94l&ValidityPeriod=600&From=MamaCare\
             &StatusCallback=https%3A%2F%2Fsms.example.org%2Fsms%2Fpeer%2Fdelivery%3Fmid%3D7"
        );
    }

    #[tokio::test]
    async fn a_messaging_service_stands_in_for_the_sender() {
        let peer = Peer::answering(201, r#"{"sid":"SM1","status":"accepted","num_segments":"0"}"#).await;
        assert!(matches!(&provider(&peer, "MG1").send(&[message("hi")]).await[..], [Fate::Taken { .. }]));
        let body = peer.request().await.body;
        assert!(body.contains("MessagingServiceSid=MG1") && !body.contains("From="), "{body}");
    }

    #[tokio::test]
    async fn each_code_has_its_meaning() {
        for (status, code, blame) in [
            (429, 20429, Blame::Throttled),
            (400, 14107, Blame::Throttled),
            (401, 20003, Blame::Account),
            (400, 21408, Blame::Route),
            (400, 21909, Blame::Route),
            (400, 21610, Blame::OptedOut),
            (400, 21211, Blame::Recipient),
            (400, 21617, Blame::Message),
            (400, 30003, Blame::Odd),
            (400, 99999, Blame::Message),
            (403, 99999, Blame::Account),
        ] {
            let body =
                format!(r#"{{"code":{code},"message":"No","more_info":"https://…","status":{status}}}"#);
            assert_eq!(refusal(&sent(status, &body).await), Some(blame), "{status} {code}");
        }
    }

    #[tokio::test]
    async fn a_server_s_error_and_garbage_are_doubts() {
        for (status, body) in
            [(500, r#"{"code":20500,"message":"Internal"}"#), (502, "<html>"), (201, "{}"), (200, "")]
        {
            assert!(matches!(sent(status, body).await, Fate::Doubtful { .. }), "{status} {body}");
        }
        let failed = sent(201, r#"{"sid":"SM1","status":"failed","error_code":30007}"#).await;
        assert_eq!(refusal(&failed), Some(Blame::Message));
    }

    #[test]
    fn statuses_are_read_as_they_are_sent() {
        for (status, told) in [
            ("accepted", Some(Told::Passed)),
            ("scheduled", Some(Told::Passed)),
            ("queued", Some(Told::Passed)),
            ("sending", Some(Told::Passed)),
            ("sent", Some(Told::Passed)),
            ("delivered", Some(Told::Delivered)),
            ("read", Some(Told::Delivered)),
            ("partially_delivered", Some(Told::Delivered)),
            ("undelivered", Some(Told::Failed)),
            ("failed", Some(Told::Failed)),
            ("canceled", Some(Told::Failed)),
            ("receiving", None),
            ("Delivered", None),
        ] {
            let body = fields(&[("MessageSid", "SM1"), ("MessageStatus", status), ("To", "+23276000001")]);
            let receipts = read_receipt(&body, Some("mid=7")).unwrap();
            assert_eq!((receipts[0].told, &receipts[0].reference), (told, &Reference::Ours(7)), "{status}");
            assert_eq!(read_receipt(&body, None).unwrap()[0].reference, Reference::Theirs("SM1".to_owned()));
        }
        let stopped = fields(&[("MessageSid", "SM1"), ("MessageStatus", "failed"), ("ErrorCode", "21610")]);
        assert!(read_receipt(&stopped, None).unwrap()[0].opted_out);
        assert!(read_receipt(&fields(&[("MessageSid", "SM1")]), None).is_err());
    }

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }
}
