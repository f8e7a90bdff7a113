//! The parts of a turn that every operator sends, whatever it calls them.

use crate::care::Msisdn;
use crate::ussd::{Network, ServiceCode};

use super::problem::Problem;
use super::service_code::is_service_code;

/// Longest session id that we take; operators use 10 to 40 characters.
const LONGEST_SESSION: usize = 128;

/// The operator's session id: visible ASCII.
pub(super) fn session_id<'a>(text: &'a str, field: &'static str) -> Result<&'a str, Problem> {
    if text.is_empty() || text.len() > LONGEST_SESSION || !text.bytes().all(|octet| octet.is_ascii_graphic())
    {
        let detail = format!("{field}: expected 1 to {LONGEST_SESSION} visible ASCII characters");
        return Err(Problem::malformed(detail));
    }
    Ok(text)
}

/// Who calls, in any usual form. A form's `+` that came unencoded arrives as a space.
pub(super) fn msisdn(text: &str, field: &'static str) -> Result<Msisdn, Problem> {
    let number = match text.strip_prefix(' ') {
        Some(rest) => format!("+{rest}").parse(),
        None => text.parse(),
    };
    number.map_err(|error| Problem::malformed(format!("{field}: {error}")))
}

/// What she dialled.
pub(super) fn service_code(text: &str, field: &'static str) -> Result<ServiceCode, Problem> {
    if !is_service_code(text) {
        return Err(Problem::malformed(format!("{field}: expected a code like *468#")));
    }
    Ok(ServiceCode(text.to_owned()))
}

/// Her network; absent where the operator does not say.
pub(super) fn network(text: Option<&str>, field: &'static str) -> Result<Network, Problem> {
    let text = text.unwrap_or_default();
    if text.len() > 16 || !text.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(Problem::malformed(format!("{field}: expected MCC and MNC, like 61901")));
    }
    Ok(Network(text.to_owned()))
}
