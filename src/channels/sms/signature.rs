//! Who really calls: signatures of callbacks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// How far the clock of who signs may be from ours; an older callback is a replay.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Whether Twilio signed this: the base64 of an HMAC-SHA1, with the account's token, of the address
/// as Twilio called it followed by every field's name and value, in the order of the names. Of a
/// name that comes with several values each distinct one counts, in their order.
///
/// `origin` is our public one (`https://sms.example.org`), `path` what follows it, with the query as
/// it came. Twilio may or may not have written the port that the scheme has anyway.
pub(super) fn twilio_signed(
    token: &str,
    origin: &str,
    path: &str,
    fields: &[(String, String)],
    signature: &str,
) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let mut fields: Vec<&(String, String)> = fields.iter().collect();
    fields.sort();
    fields.dedup();
    origins(origin).any(|origin| {
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else { return false };
        mac.update(origin.as_bytes());
        mac.update(path.as_bytes());
        for (name, value) in &fields {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        // Compares in full, whatever differs.
        mac.verify_slice(&signature).is_ok()
    })
}

/// The origin without and with the port of its scheme.
fn origins(origin: &str) -> impl Iterator<Item = String> {
    let origin = origin.trim_end_matches('/');
    let port = if origin.starts_with("https:") { ":443" } else { ":80" };
    let bare = origin.strip_suffix(port).unwrap_or(origin);
    [bare.to_owned(), format!("{bare}{port}")].into_iter()
}

/// Whether one of the secrets signed this body lately: `sha256=` and the hexadecimal HMAC-SHA256 of
/// the time in Unix seconds, a dot and the body.
pub(super) fn body_signed<'a>(
    secrets: impl IntoIterator<Item = &'a str>,
    timestamp: &str,
    body: &[u8],
    signature: &str,
    now: DateTime<Utc>,
) -> bool {
    let at = timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let fresh = at.is_some_and(|at| (now - at).abs() <= TOLERANCE);
    let Some(signature) = signature.strip_prefix("sha256=").and_then(hexadecimal) else { return false };
    fresh
        && secrets.into_iter().any(|secret| {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
            mac.update(timestamp.as_bytes());
            mac.update(b".");
            mac.update(body);
            mac.verify_slice(&signature).is_ok()
        })
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
pub(super) mod sign {
    //! Signing, for tests.

    use super::*;

    pub(in super::super) fn twilio(token: &str, url: &str, fields: &[(&str, &str)]) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
        mac.update(url.as_bytes());
        let mut fields = fields.to_vec();
        fields.sort_unstable();
        for (name, value) in fields {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
        STANDARD.encode(mac.finalize().into_bytes())
    }

    pub(in super::super) fn body(secret: &str, timestamp: i64, body: &str) -> String {
        use std::fmt::Write;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{timestamp}.{body}").as_bytes());
        let mut text = "sha256=".to_owned();
        for octet in mac.finalize().into_bytes() {
            write!(text, "{octet:02x}").unwrap();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn receipt() -> Vec<(String, String)> {
        fields(&[
            ("MessageSid", "SM00000000000000000000000000000001"),
            ("MessageStatus", "undelivered"),
            ("ErrorCode", "30003"),
            ("To", "+23276000001"),
            ("From", "MamaCare"),
            ("Extra", ""),
        ])
    }

    /// Made with Twilio's own library.
    #[test]
    fn twilios_vectors_fit() {
        let (origin, path) = ("https://sms.example.org", "/cb/twilio/7?x=a%20b");
        assert!(twilio_signed(TOKEN, origin, path, &receipt(), "M6W9J8O2Wb7A/8xh2Zhud2cj9E8="));
        let mut more = receipt();
        more.push(("NewField".to_owned(), "ɛ".to_owned()));
        assert!(twilio_signed(TOKEN, origin, path, &more, "vQG2X8Vd5Y+Ugsy8YsoAXfP7iu4="));
        let two = fields(&[("B", "2"), ("A", "1")]);
        assert!(twilio_signed("tok", "https://x.example/", "/cb?a=1", &two, "E5scsyoiOlaDsNQomw5WOA7hHoc="));
    }

    #[test]
    fn the_port_of_the_scheme_may_be_written_or_not() {
        let with_port = sign::twilio("tok", "https://x.example:443/cb", &[("A", "1")]);
        let without = sign::twilio("tok", "https://x.example/cb", &[("A", "1")]);
        for signature in [with_port, without] {
            for origin in ["https://x.example", "https://x.example:443"] {
                assert!(twilio_signed("tok", origin, "/cb", &fields(&[("A", "1")]), &signature), "{origin}");
            }
        }
    }

    #[test]
    fn a_name_with_several_values_counts_each_once() {
        let signature = sign::twilio("tok", "https://x.example/cb", &[("A", "1"), ("A", "2")]);
        let repeated = fields(&[("A", "2"), ("A", "1"), ("A", "2")]);
        assert!(twilio_signed("tok", "https://x.example", "/cb", &repeated, &signature));
    }

    #[test]
    fn anything_else_does_not_fit() {
        let good = "M6W9J8O2Wb7A/8xh2Zhud2cj9E8=";
        let (origin, path) = ("https://sms.example.org", "/cb/twilio/7?x=a%20b");
        assert!(!twilio_signed("other", origin, path, &receipt(), good));
        assert!(!twilio_signed(TOKEN, "http://sms.example.org", path, &receipt(), good));
        assert!(!twilio_signed(TOKEN, origin, "/cb/twilio/7?x=a b", &receipt(), good));
        assert!(!twilio_signed(TOKEN, origin, path, &receipt()[1..], good));
        for signature in ["", "M6W9", "!!", "M6W9J8O2Wb7A/8xh2Zhud2cj9E8"] {
            assert!(!twilio_signed(TOKEN, origin, path, &receipt(), signature), "{signature}");
        }
    }

    #[test]
    fn a_signed_body_fits_for_five_minutes() {
        let now: DateTime<Utc> = "2026-11-24T08:00:00Z".parse().unwrap();
        let at = now.timestamp();
        let fits = |timestamp: i64, body: &str| {
            let signature = sign::body("a secret", timestamp, "{}");
            body_signed(["other", "a secret"], &timestamp.to_string(), body.as_bytes(), &signature, now)
        };
        for (shift, expected) in [(0, true), (-300, true), (300, true), (-301, false), (301, false)] {
            assert_eq!(fits(at + shift, "{}"), expected, "{shift} s");
        }
        assert!(!fits(at, "{ }"));
        let signature = sign::body("a secret", at, "{}");
        assert!(!body_signed(["other"], &at.to_string(), b"{}", &signature, now));
        assert!(!body_signed(["a secret"], &at.to_string(), b"{}", &signature["sha256=".len()..], now));
        assert!(!body_signed(["a secret"], "soon", b"{}", &signature, now));
        for broken in ["sha256=", "sha256=0", "sha256=zz", "sha256=+f"] {
            assert!(!body_signed(["a secret"], &at.to_string(), b"{}", broken, now), "{broken}");
        }
    }
}
