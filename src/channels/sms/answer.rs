//! What all providers over HTTP share: asking within bounds, and what it means where there is no
//! answer. A message that was not written to the wire is certain not to have left; of one that was,
//! only an answer tells.

use std::error::Error;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode};

use crate::messages::{Blame, Fate, Outgoing};

/// Longest answer that is read; theirs have a few hundred octets a recipient.
const LONGEST: usize = 256 * 1024;

/// Longest time for which a provider is left alone, whatever it asks.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// A provider's answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// How long it asks to be left alone.
    pub(super) wait: Option<Duration>,
    /// The body as far as it came.
    pub(super) body: String,
}

/// Asks, and waits so long for the answer. An error is the fate of every recipient.
pub(super) async fn ask(request: RequestBuilder, patience: Duration) -> Result<Answer, Fate> {
    let mut response = request.timeout(patience).send().await.map_err(unanswered)?;
    let status = response.status();
    let wait = wait(response.headers());
    let mut octets = Vec::new();
    // Where it breaks off, what came so far is what there is; it will not parse.
    while let Ok(Some(chunk)) = response.chunk().await {
        octets.extend_from_slice(&chunk);
        if octets.len() > LONGEST {
            break;
        }
    }
    Ok(Answer { status, wait, body: String::from_utf8_lossy(&octets).into_owned() })
}

fn unanswered(error: reqwest::Error) -> Fate {
    let (before, built) = (error.is_connect(), !error.is_builder());
    let reason = reason(&error.without_url());
    match (built, before) {
        (false, _) => Fate::refused(Blame::Account, format!("it cannot be asked: {reason}")),
        (true, true) => Fate::refused(Blame::Passing, format!("no connection: {reason}")),
        (true, false) => Fate::doubtful(format!("no answer: {reason}")),
    }
}

/// An error with its causes. Addresses are not in it: they may hold secrets.
fn reason(error: &dyn Error) -> String {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !reason.contains(&text) {
            reason.push_str(": ");
            reason.push_str(&text);
        }
        cause = inner.source();
    }
    reason
}

/// `Retry-After` in seconds, or as a date beside the answer's own.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = text(RETRY_AFTER)?;
    let seconds = asked.parse::<u64>().ok().map(Duration::from_secs).or_else(|| {
        let until = DateTime::parse_from_rfc2822(asked).ok()?;
        let now = DateTime::parse_from_rfc2822(text(DATE)?).ok()?;
        (until - now).to_std().ok()
    })?;
    Some(seconds.min(LONGEST_WAIT))
}

impl Answer {
    /// What the status alone means, where the body does not say.
    pub(super) fn by_status(&self) -> Fate {
        let words = self.words();
        let refused = |blame| Fate::Refused { blame, words: words.clone(), wait: self.wait };
        match self.status.as_u16() {
            429 => refused(Blame::Throttled),
            503 => refused(Blame::Passing),
            // The body of ours may have been read.
            408 => Fate::doubtful(words),
            300..=399 | 401..=405 | 407 | 415 => refused(Blame::Account),
            400..=499 => refused(Blame::Message),
            _ => Fate::doubtful(words),
        }
    }

    /// The status and the beginning of the body.
    pub(super) fn words(&self) -> String {
        let beginning: String = self.body.chars().take(200).collect();
        let beginning = beginning.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{} {beginning}", self.status.as_u16())
    }
}

/// The same fate for each.
pub(super) fn for_each(messages: &[Outgoing], fate: &Fate) -> Vec<Fate> {
    vec![fate.clone(); messages.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Fate {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            wait: Some(Duration::from_secs(7)),
            body: "so  it\nis".to_owned(),
        }
        .by_status()
    }

    #[test]
    fn a_status_tells_whether_it_may_have_left() {
        for (status, blame) in [
            (302, Blame::Account),
            (400, Blame::Message),
            (401, Blame::Account),
            (403, Blame::Account),
            (404, Blame::Account),
            (413, Blame::Message),
            (422, Blame::Message),
            (429, Blame::Throttled),
            (503, Blame::Passing),
        ] {
            let expected = Fate::Refused {
                blame,
                words: format!("{status} so it is"),
                wait: Some(Duration::from_secs(7)),
            };
            assert_eq!(answer(status), expected);
        }
        for status in [100, 200, 408, 500, 502, 504] {
            assert_eq!(answer(status), Fate::doubtful(format!("{status} so it is")));
        }
    }

    #[test]
    fn waiting_is_told_in_seconds_or_as_a_date() {
        let headers = |pairs: &[(reqwest::header::HeaderName, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(name, reqwest::header::HeaderValue::from_static(value));
            }
            headers
        };
        let date = (DATE, "Tue, 24 Nov 2026 10:00:00 GMT");
        for (pairs, seconds) in [
            (vec![(RETRY_AFTER, "30")], Some(30)),
            (vec![(RETRY_AFTER, "999999999")], Some(3600)),
            (vec![(RETRY_AFTER, "Tue, 24 Nov 2026 10:01:00 GMT"), date.clone()], Some(60)),
            (vec![(RETRY_AFTER, "Tue, 24 Nov 2026 09:59:00 GMT"), date.clone()], None),
            (vec![(RETRY_AFTER, "Tue, 24 Nov 2026 10:01:00 GMT")], None),
            (vec![(RETRY_AFTER, "soon")], None),
            (vec![], None),
        ] {
            assert_eq!(wait(&headers(&pairs)), seconds.map(Duration::from_secs), "{pairs:?}");
        }
    }
}
