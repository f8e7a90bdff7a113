//! One-time codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds, as all apps can).

use chrono::{DateTime, Utc};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

const STEP: u64 = 30;

/// The secret that the app and the service share.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<[u8; 20]>);

/// A code that fits, and the time step that it belongs to: one at or before it must not be taken
/// again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TotpCode {
    /// Steps of 30 seconds since 1970.
    pub step: i64,
}

impl TotpSecret {
    /// From 20 fresh random octets, or those that were stored.
    pub fn new(octets: [u8; 20]) -> Self {
        Self(Zeroizing::new(octets))
    }

    /// From what was stored.
    pub fn of_stored(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self::new)
    }

    /// The octets, to be sealed.
    pub fn octets(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// As people type it into an app.
    pub fn base32(&self) -> String {
        Secret::from(self.0.to_vec()).to_base32()
    }

    /// What an app reads from a QR code.
    pub fn uri(&self, account: &str) -> String {
        let label: String = account.bytes().map(escape).collect();
        format!(
            "otpauth://totp/MamaCare:{label}?secret={}&issuer=MamaCare&algorithm=SHA1&digits=6&period={STEP}",
            self.base32()
        )
    }

    /// Whether a code fits now, or in the step before or after, and was not used before: `last` is
    /// the step of the last one taken.
    pub fn check(&self, code: &str, now: DateTime<Utc>, last: Option<i64>) -> Option<TotpCode> {
        let now = u64::try_from(now.timestamp()).ok()?;
        let totp = self.generator();
        [now.saturating_sub(STEP), now, now + STEP].into_iter().find_map(|at| {
            let step = i64::try_from(at / STEP).ok()?;
            let fits = totp.check(code, at).is_some();
            (fits && last.is_none_or(|last| step > last)).then_some(TotpCode { step })
        })
    }

    fn generator(&self) -> Totp {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(0)
            .with_step_duration(STEP)
            .with_secret(self.0.to_vec())
            .build_noncompliant()
    }

    /// The code of a moment, as an app shows it.
    pub fn code_at(&self, at: DateTime<Utc>) -> String {
        self.generator().generate(u64::try_from(at.timestamp()).unwrap_or(0)).to_string()
    }
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TotpSecret(…)")
    }
}

fn escape(octet: u8) -> String {
    if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'@') {
        char::from(octet).to_string()
    } else {
        format!("%{octet:02X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's test vectors.
    fn secret() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_vectors_of_the_standard_fit() {
        // RFC 6238 appendix B, last six of eight digits.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")] {
            assert_eq!(secret().code_at(at(seconds)), code);
            assert_eq!(secret().check(code, at(seconds), None), Some(TotpCode { step: seconds / 30 }));
        }
    }

    #[test]
    fn a_code_serves_once_and_for_about_a_minute() {
        let code = secret().code_at(at(3000));
        let taken = secret().check(&code, at(3029), None).unwrap();
        assert_eq!(secret().check(&code, at(3029), Some(taken.step)), None);
        assert!(secret().check(&code, at(3059), None).is_some(), "the step before still counts");
        assert!(secret().check(&code, at(3061), None).is_none());
        assert!(secret().check("", at(3029), None).is_none());
    }

    #[test]
    fn the_address_for_the_app_is_escaped() {
        let uri = secret().uri("a b@hospital.example");
        assert!(
            uri.starts_with("otpauth://totp/MamaCare:a%20b@hospital.example?secret=GEZDGNBVGY3TQOJQ"),
            "{uri}"
        );
    }
}
