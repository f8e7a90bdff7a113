//! The end of a certificate, told before browsers and operators meet it: as a number, and in the log.

use chrono::{DateTime, TimeDelta, Utc};
use metrics::gauge;
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// With less left than this, whoever renews it has failed: certbot begins a month before.
const SHORT: TimeDelta = TimeDelta::days(14);

/// What is wrong is told again after this.
const AGAIN: TimeDelta = TimeDelta::days(1);

/// When a certificate ends; none where it does not say so in a way that can be read.
pub fn end_of(certificate: &CertificateDer<'_>) -> Option<DateTime<Utc>> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)
}

/// How a certificate stands whose end has to be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trouble {
    /// It ends in so many whole days.
    Soon(i64),
    /// It has ended.
    Over,
    /// Nobody knows when it ends.
    Unknown,
}

impl Trouble {
    fn of(end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Self> {
        match end.map(|end| end - now) {
            None => Some(Self::Unknown),
            Some(left) if left <= TimeDelta::zero() => Some(Self::Over),
            Some(left) if left < SHORT => Some(Self::Soon(left.num_days())),
            Some(_) => None,
        }
    }

    /// Whether it is another one than that, and not only a day later.
    fn differs(self, other: Self) -> bool {
        std::mem::discriminant(&self) != std::mem::discriminant(&other)
    }
}

/// Tells of the end of the certificate that is served.
#[derive(Debug, Default)]
pub struct EndWatch {
    /// Of which end it was told last, what, and when.
    told: Option<(Option<DateTime<Utc>>, Trouble, DateTime<Utc>)>,
}

impl EndWatch {
    /// Tells the end as a number, and in the log what is wrong with it.
    pub fn look(&mut self, end: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        // Zero has passed too: who is alarmed by the number is alarmed where it is not known.
        #[expect(clippy::cast_precision_loss, reason = "exact for millions of years")]
        gauge!("mamacare_tls_certificate_expires_seconds").set(end.map_or(0, |end| end.timestamp()) as f64);
        let ends = end.map(|end| end.to_rfc3339()).unwrap_or_default();
        match self.due(end, now) {
            Some(Trouble::Soon(days)) => {
                tracing::warn!(ends, days, "the TLS certificate ends soon; renew it");
            }
            Some(Trouble::Over) => {
                tracing::warn!(ends, "the TLS certificate has ended, and callers refuse it; renew it");
            }
            Some(Trouble::Unknown) => {
                tracing::warn!("the end of the TLS certificate cannot be read; watch it by other means");
            }
            None => {}
        }
    }

    /// What has to be told now: of each certificate at once, when it ends, and again each day.
    fn due(&mut self, end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Trouble> {
        let trouble = Trouble::of(end, now)?;
        let again =
            self.told.is_none_or(|(of, told, at)| of != end || trouble.differs(told) || now - at >= AGAIN);
        if again {
            self.told = Some((end, trouble, now));
        }
        again.then_some(trouble)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn ending(year: i32) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["clinic.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 3, 4);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn the_end_is_read_from_the_certificate() {
        // A year after 2049 is written in another form.
        for year in [2021, 2049, 2050, 9999] {
            assert_eq!(end_of(&ending(year)), Some(at(&format!("{year}-03-04T00:00:00Z"))));
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = ending(2030);
        for octets in [&[][..], b"certificate", &whole[..whole.len() / 2]] {
            assert_eq!(end_of(&CertificateDer::from(octets)), None);
        }
    }

    #[test]
    fn it_is_told_from_the_fourteenth_day_on_and_once_a_day() {
        let (mut watch, end) = (EndWatch::default(), Some(at("2026-12-20T12:00:00Z")));
        for (now, told) in [
            ("2026-12-06T12:00:00Z", None),
            ("2026-12-06T12:00:01Z", Some(Trouble::Soon(13))),
            ("2026-12-06T12:00:31Z", None),
            ("2026-12-07T12:00:00Z", None),
            ("2026-12-07T12:00:01Z", Some(Trouble::Soon(12))),
            ("2026-12-20T11:59:59Z", Some(Trouble::Soon(0))),
            // That it is over does not wait for a day to pass.
            ("2026-12-20T12:00:00Z", Some(Trouble::Over)),
            ("2026-12-20T12:00:30Z", None),
            ("2026-12-21T12:00:00Z", Some(Trouble::Over)),
        ] {
            assert_eq!(watch.due(end, at(now)), told, "{now}");
        }
    }

    #[test]
    fn a_renewed_one_is_judged_by_itself() {
        let (mut watch, now) = (EndWatch::default(), at("2026-12-06T12:00:00Z"));
        assert_eq!(watch.due(Some(at("2026-12-01T00:00:00Z")), now), Some(Trouble::Over));
        assert_eq!(watch.due(Some(at("2026-12-01T00:00:01Z")), now), Some(Trouble::Over));
        assert_eq!(watch.due(None, now), Some(Trouble::Unknown));
        assert_eq!(watch.due(Some(at("2027-03-01T00:00:00Z")), now), None);
    }
}
