//! What the ways in of all providers share: the taker, the limits, and the parts of a message.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDateTime, Utc};
use ipnet::IpNet;
use metrics::counter;

use crate::channels::auth::{Access, source};
use crate::channels::body::BodyLimits;
use crate::channels::flood::{Flood, FloodLimits};
use crate::channels::problem::Problem;
use crate::ussd::Network;

use super::{InboundTaker, NotStored, Received, Sender};

/// Longest name of a sender, id of a message and number of ours.
const LONGEST_NAME: usize = 128;
/// A message of the most segments there are has fewer letters.
const LONGEST_TEXT: usize = 4000;
/// When a provider should bring again what was not taken.
const AGAIN_SECONDS: &str = "5";

/// How much comes in.
#[derive(Clone, Copy, Debug)]
pub struct InboundLimits {
    /// How large and how slow a callback's body may be.
    pub body: BodyLimits,
    /// How many messages of one number, and in all.
    pub flood: FloodLimits,
}

/// What the ways in of all providers share.
pub struct InboundDesk<T> {
    pub(super) taker: Arc<T>,
    pub(super) body: BodyLimits,
    flood: Flood,
    trusted_proxies: Vec<IpNet>,
}

impl<T: InboundTaker> InboundDesk<T> {
    /// A desk.
    pub fn new(taker: Arc<T>, limits: InboundLimits, trusted_proxies: Vec<IpNet>) -> Self {
        Self { taker, body: limits.body, flood: Flood::new(limits.flood), trusted_proxies }
    }

    /// Refuses who is not the provider, before anything of the body is read.
    pub(super) fn authenticate(
        &self,
        provider: &str,
        access: &Access,
        parts: &Parts,
        in_path: Option<&str>,
    ) -> Result<(), Problem> {
        let from = self.source_of(parts);
        access.check(in_path, &parts.headers, from).map_err(|problem| refused(provider, from, problem))
    }

    /// Where a callback comes from.
    pub(super) fn source_of(&self, parts: &Parts) -> Option<IpAddr> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        peer.map(|peer| source(peer, &parts.headers, &self.trusted_proxies))
    }

    /// Hands a message to the taker; `stored` is the answer once it is stored.
    pub(super) async fn take(
        &self,
        provider: &str,
        message: Result<Received, Problem>,
        stored: impl FnOnce() -> Response,
    ) -> Response {
        let message = match message {
            Ok(message) => message,
            Err(problem) => {
                count(provider, "malformed");
                tracing::info!(provider, reason = problem.detail(), "an inbound message was malformed");
                return problem.into_response();
            }
        };
        let number = match message.from {
            Sender::Number(number) => Some(number),
            Sender::Other(_) => None,
        };
        let admitted = number.map(|number| self.flood.admit(number, &Network(String::new()))).transpose();
        if let Err(shed) = &admitted {
            count(provider, "shed");
            tracing::warn!(provider, from = ?number, %shed, "an inbound message was shed");
            return later(StatusCode::TOO_MANY_REQUESTS, "too many messages at once");
        }
        let answer = answer(provider, self.taker.take(message).await, stored);
        // Its place is kept until it is stored.
        drop(admitted);
        answer
    }

    /// Forgets numbers that have been quiet for a while.
    pub fn forget_quiet_numbers(&self) {
        self.flood.forget_quiet_numbers();
    }
}

/// The answer to what the taker said.
pub(super) fn answer(
    provider: &str,
    taken: Result<(), NotStored>,
    stored: impl FnOnce() -> Response,
) -> Response {
    if taken.is_err() {
        count(provider, "not_stored");
        return later(StatusCode::SERVICE_UNAVAILABLE, "it could not be stored; bring it again");
    }
    count(provider, "taken");
    stored()
}

/// Counts and tells of a caller that was not let in.
pub(super) fn refused(provider: &str, from: Option<IpAddr>, problem: Problem) -> Problem {
    count(provider, "refused");
    tracing::warn!(provider, source = ?from, status = problem.status(), "an inbound message was not let in");
    problem
}

fn count(provider: &str, result: &'static str) {
    counter!("mamacare_inbound_total", "provider" => provider.to_owned(), "result" => result).increment(1);
}

fn later(status: StatusCode, reason: &'static str) -> Response {
    let mut response = Problem::new(status, reason).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(AGAIN_SECONDS));
    response
}

/// Who sent it. A form's `+` that came unencoded arrives as a space.
pub(super) fn sender(text: &str, field: &'static str) -> Result<Sender, Problem> {
    let text = named(text, field)?;
    let number = match text.strip_prefix(' ') {
        Some(rest) => format!("+{rest}").parse(),
        None => text.parse(),
    };
    Ok(number.map_or_else(|_| Sender::Other(text.trim().to_owned()), Sender::Number))
}

/// A name, an id, a number of ours: of a sensible length, without control characters.
pub(super) fn named<'a>(text: &'a str, field: &'static str) -> Result<&'a str, Problem> {
    if text.is_empty() || text.len() > LONGEST_NAME || text.chars().any(char::is_control) {
        let detail =
            format!("{field}: expected 1 to {LONGEST_NAME} characters, none of them control characters");
        return Err(Problem::malformed(detail));
    }
    Ok(text)
}

/// What a message says, cut where it is longer than any message.
pub(super) fn text(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// The time in one of the forms that providers use; none where it is in another.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    let naive = |form| NaiveDateTime::parse_from_str(text, form).ok().map(|time| time.and_utc());
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.to_utc())
        .or_else(|| naive("%Y-%m-%d %H:%M:%S"))
        .or_else(|| naive("%Y-%m-%d %H:%M"))
        .or_else(|| text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_a_number_of_the_country_or_somebody_whom_we_do_not_answer() {
        for written in ["+23276000001", " 23276000001", "076000001", "0023276000001", "23276 000 001"] {
            let Sender::Number(number) = sender(written, "from").unwrap() else { panic!("{written}") };
            assert_eq!(number.e164(), "+23276000001");
        }
        for other in ["8888", "Orange", "+4479000000001", "MTN-PROMO"] {
            assert_eq!(sender(other, "from").unwrap(), Sender::Other(other.to_owned()));
        }
        assert!(sender("", "from").is_err() && sender("a\u{0}b", "from").is_err());
        assert!(sender(&"9".repeat(129), "from").is_err());
    }

    #[test]
    fn times_are_read_in_the_forms_that_providers_use() {
        let expected = "2017-05-03T06:04:45Z".parse::<DateTime<Utc>>().unwrap();
        for written in
            ["2017-05-03T06:04:45Z", "2017-05-03 06:04:45", "1493791485", "2017-05-03T07:04:45+01:00"]
        {
            assert_eq!(time(written), Some(expected), "{written}");
        }
        for odd in ["", "yesterday", "2017-13-03 06:04:45", "99999999999999999"] {
            assert_eq!(time(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_text_is_cut_between_letters() {
        assert_eq!(text(&"😀".repeat(5000)).chars().count(), LONGEST_TEXT);
    }
}
