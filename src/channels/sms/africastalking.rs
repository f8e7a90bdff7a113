//! Africa's Talking: a form out, a list of recipients back, each with its own fate. An answer of 201
//! may hold nothing but refusals.

use axum::body::Bytes;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

use crate::care::Msisdn;
use crate::messages::{Address, Blame, Carrier, Fate, Outgoing, Receipt, Reference, Sending, Told};

use super::super::form::Form;
use super::super::problem::Problem;
use super::Account;
use super::answer::{Answer, ask, for_each};

/// Recipients in one request; they take thousands.
const TOGETHER: usize = 100;

/// The provider.
#[derive(Debug)]
pub struct AfricasTalking(Account);

impl AfricasTalking {
    /// Where it takes messages.
    pub const ENDPOINT: &str = "https://api.africastalking.com/version1/messaging";

    /// With that account there.
    pub const fn new(account: Account) -> Self {
        Self(account)
    }

    async fn hand_over(&self, messages: &[Outgoing]) -> Vec<Fate> {
        let Some(first) = messages.first() else { return Vec::new() };
        let numbers: Vec<Option<Msisdn>> = messages.iter().map(number).collect();
        let to: Vec<String> = numbers.iter().flatten().map(|number| number.e164()).collect();
        let to = to.join(",");
        let mut form = vec![
            ("username", self.0.username.as_str()),
            ("to", to.as_str()),
            ("message", first.text.as_str()),
            ("bulkSMSMode", "1"),
            ("enqueue", "1"),
        ];
        if !self.0.sender.is_empty() {
            form.push(("from", &self.0.sender));
        }
        let request = self.0.client.post(&self.0.endpoint);
        let request =
            request.header("apiKey", self.0.secret.expose_secret()).header("Accept", "application/json");
        match ask(request.form(&form), self.0.patience).await {
            Ok(answer) => fates(&answer, &numbers),
            Err(fate) => for_each(messages, &fate),
        }
    }
}

impl Carrier for AfricasTalking {
    fn together(&self) -> usize {
        TOGETHER
    }

    fn send<'a>(&'a self, messages: &'a [Outgoing]) -> Sending<'a> {
        Box::pin(self.hand_over(messages))
    }
}

fn number(message: &Outgoing) -> Option<Msisdn> {
    match message.to {
        Address::Phone(number) => Some(number),
        Address::Mailbox(_) => None,
    }
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "SMSMessageData")]
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "Message", default)]
    message: String,
    #[serde(rename = "Recipients", default)]
    recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    #[serde(default)]
    status_code: Value,
    #[serde(default)]
    status: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    message_id: String,
    #[serde(default)]
    cost: Value,
}

/// The fate of each number.
fn fates(answer: &Answer, numbers: &[Option<Msisdn>]) -> Vec<Fate> {
    let same = |fate: Fate| vec![fate; numbers.len()];
    if !answer.status.is_success() {
        return same(answer.by_status());
    }
    let Ok(Body { data }) = serde_json::from_str::<Body>(&answer.body) else {
        return same(Fate::doubtful(format!("an answer that makes no sense: {}", answer.words())));
    };
    if data.recipients.is_empty() {
        return same(Fate::refused(by_name(&data.message).unwrap_or(Blame::Odd), data.message));
    }
    let mut left: Vec<Recipient> = data.recipients;
    numbers
        .iter()
        .map(|number| {
            let meant = left.iter().position(|told| number.is_some() && told.number.parse().ok() == *number);
            match meant {
                Some(place) => left.swap_remove(place).fate(),
                None => Fate::doubtful("no word about this recipient"),
            }
        })
        .collect()
}

impl Recipient {
    fn code(&self) -> Option<u64> {
        self.status_code.as_u64().or_else(|| self.status_code.as_str()?.trim().parse().ok())
    }

    fn fate(&self) -> Fate {
        let cost = self.cost.as_str().unwrap_or_default();
        let words = format!("{} {} {cost}", self.code().unwrap_or_default(), self.status);
        let words = words.trim();
        let blame = match self.code() {
            Some(100..=102) => {
                let id = Some(self.message_id.as_str()).filter(|id| !id.is_empty() && *id != "None");
                return Fate::taken(id, words);
            }
            Some(401 | 402 | 405) => Blame::Account,
            Some(403 | 404) => Blame::Recipient,
            Some(406) => Blame::OptedOut,
            Some(407 | 409) => Blame::Route,
            Some(500 | 501) => Blame::Passing,
            Some(_) => Blame::Odd,
            None => match by_name(&self.status) {
                Some(blame) => blame,
                None => return Fate::doubtful(format!("a status that makes no sense: {words}")),
            },
        };
        Fate::refused(blame, words)
    }
}

/// What a status means that comes as a word.
fn by_name(status: &str) -> Option<Blame> {
    let plain: String = status.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let known = [
        ("riskhold", Blame::Account),
        ("invalidsenderid", Blame::Account),
        ("insufficientbalance", Blame::Account),
        ("invalidphonenumber", Blame::Recipient),
        ("unsupportednumbertype", Blame::Recipient),
        ("userinblacklist", Blame::OptedOut),
        ("couldnotroute", Blame::Route),
        ("donotdisturbrejection", Blame::Route),
        ("internalservererror", Blame::Passing),
        ("gatewayerror", Blame::Passing),
        ("rejectedbygateway", Blame::Odd),
    ];
    known.into_iter().find(|(name, _)| plain.contains(name)).map(|(_, blame)| blame)
}

/// A delivery report. An unknown word is kept and answered well: their list may grow.
pub(super) fn read_receipt(body: &Bytes) -> Result<Vec<Receipt>, Problem> {
    let form = Form::parse(body)?;
    let status = form.require("status")?;
    let reason = form.get("failureReason").unwrap_or_default();
    let told = match status {
        "Success" => Some(Told::Delivered),
        "Sent" | "Submitted" | "Buffered" => Some(Told::Passed),
        // "Expired" is theirs for what an operator's firewall took out, not for a phone that was off.
        "Rejected" | "Failed" | "AbsentSubscriber" | "Expired" => Some(Told::Failed),
        _ => None,
    };
    Ok(vec![Receipt {
        reference: Reference::Theirs(form.require("id")?.to_owned()),
        told,
        words: format!("{status} {reason}").trim().to_owned(),
        at: None,
        opted_out: reason.eq_ignore_ascii_case("UserInBlackList"),
    }])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Peer, message, refusal};
    use super::*;

    fn provider(peer: &Peer) -> AfricasTalking {
        AfricasTalking::new(Account { username: "sandbox".to_owned(), ..peer.account() })
    }

    fn recipient(code: u16, status: &str, id: &str) -> String {
        format!(
            r#"{{"SMSMessageData":{{"Message":"Sent to 1/1","Recipients":[{{"statusCode":{code},"number":"+23276000001","cost":"KES 0.8000","status":"{status}","messageId":"{id}"}}]}}}}"#
        )
    }

    #[tokio::test]
    async fn the_request_is_as_their_own_library_makes_it() {
        let peer = Peer::answering(201, &recipient(101, "Success", "ATXid_1")).await;
        let fates = provider(&peer).send(&[message("hi ò")]).await;
        assert_eq!(fates, [Fate::taken(Some("ATXid_1"), "101 Success KES 0.8000")]);
        let request = peer.request().await;
        assert_eq!(request.header("apikey"), "secret-of-ours");
        assert_eq!(request.header("accept"), "application/json");
        assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
        assert_eq!(
            request.body,
            "username=sandbox&to=%2B23276000001&message=hi+%C3%B2&bulkSMSMode=1&enqueue=1&from=MamaCare"
        );
    }

    #[tokio::test]
    async fn each_status_has_its_meaning() {
        for (code, status, blame) in [
            (401, "RiskHold", Blame::Account),
            (402, "InvalidSenderId", Blame::Account),
            (403, "InvalidPhoneNumber", Blame::Recipient),
            (404, "UnsupportedNumberType", Blame::Recipient),
            (405, "InsufficientBalance", Blame::Account),
            (406, "UserInBlacklist", Blame::OptedOut),
            (407, "CouldNotRoute", Blame::Route),
            (409, "DoNotDisturbRejection", Blame::Route),
            (500, "InternalServerError", Blame::Passing),
            (501, "GatewayError", Blame::Passing),
            (502, "RejectedByGateway", Blame::Odd),
            (999, "Whatever", Blame::Odd),
        ] {
            let peer = Peer::answering(201, &recipient(code, status, "None")).await;
            let fates = provider(&peer).send(&[message("hi")]).await;
            assert_eq!(fates.iter().map(refusal).collect::<Vec<_>>(), [Some(blame)], "{code}");
        }
        for code in [100, 101, 102] {
            let peer = Peer::answering(200, &recipient(code, "Sent", "None")).await;
            let fates = provider(&peer).send(&[message("hi")]).await;
            assert!(matches!(&fates[..], [Fate::Taken { id: None, .. }]), "{code}: {fates:?}");
        }
    }

    #[tokio::test]
    async fn each_recipient_has_its_own_fate() {
        let body = r#"{"SMSMessageData":{"Message":"Sent to 1/3","Recipients":[
            {"statusCode":403,"number":"+23276000003","status":"InvalidPhoneNumber","messageId":"None","cost":"0"},
            {"statusCode":"101","number":"23276000001","status":"Success","messageId":"ATXid_1","cost":"KES 0.8"}]}}"#;
        let peer = Peer::answering(201, body).await;
        let to = |last| Outgoing {
            to: Address::Phone(format!("+2327600000{last}").parse().unwrap()),
            ..message("hi")
        };
        let fates = provider(&peer).send(&[to(1), to(2), to(3)]).await;
        assert!(matches!(&fates[0], Fate::Taken { id: Some(id), .. } if id == "ATXid_1"), "{fates:?}");
        assert_eq!(fates[1], Fate::doubtful("no word about this recipient"));
        assert_eq!(refusal(&fates[2]), Some(Blame::Recipient));
        assert!(peer.request().await.body.contains("to=%2B23276000001%2C%2B23276000002%2C%2B23276000003"));
    }

    #[tokio::test]
    async fn an_answer_without_recipients_is_a_refusal_and_garbage_is_a_doubt() {
        for (status, body, blame) in [
            (
                201,
                r#"{"SMSMessageData":{"Message":"InvalidSenderId","Recipients":[]}}"#,
                Some(Blame::Account),
            ),
            (201, r#"{"SMSMessageData":{"Message":"Sent to 0/1 Total Cost: 0"}}"#, Some(Blame::Odd)),
            (401, "The supplied authentication is invalid", Some(Blame::Account)),
            (201, "<html>", None),
            (201, r#"{"SMSMessageData":{"Recipients":[{"number":"+23276000001"}]}}"#, None),
            (500, "", None),
        ] {
            let peer = Peer::answering(status, body).await;
            let fates = provider(&peer).send(&[message("hi")]).await;
            assert_eq!(fates.iter().map(refusal).collect::<Vec<_>>(), [blame], "{status} {body}");
            assert!(blame.is_some() || matches!(&fates[..], [Fate::Doubtful { .. }]), "{fates:?}");
        }
    }

    #[test]
    fn receipts_are_read_as_they_are_sent() {
        for (status, told) in [
            ("Sent", Some(Told::Passed)),
            ("Submitted", Some(Told::Passed)),
            ("Buffered", Some(Told::Passed)),
            ("Success", Some(Told::Delivered)),
            ("Rejected", Some(Told::Failed)),
            ("Failed", Some(Told::Failed)),
            ("AbsentSubscriber", Some(Told::Failed)),
            ("Expired", Some(Told::Failed)),
            ("Delivered", None),
            ("NewWord", None),
        ] {
            let body = format!(
                "id=ATXid_1&status={status}&phoneNumber=%2B23276000001&networkCode=99999&retryCount=0"
            );
            let receipts = read_receipt(&Bytes::from(body)).unwrap();
            assert_eq!(receipts[0].reference, Reference::Theirs("ATXid_1".to_owned()));
            assert_eq!(receipts[0].told, told, "{status}");
        }
        let refused =
            read_receipt(&Bytes::from_static(b"id=a&status=Failed&failureReason=UserInBlackList")).unwrap();
        assert!(refused[0].opted_out && refused[0].words == "Failed UserInBlackList");
        for broken in [&b"status=Success"[..], b"id=a", b"id=%zz&status=Success", b""] {
            assert!(read_receipt(&Bytes::from_static(broken)).is_err());
        }
    }
}
