//! Who may call: a shared secret in the address or a header, and the networks that calls come from.

use std::net::IpAddr;

use axum::http::{HeaderMap, StatusCode, header};
use ipnet::IpNet;
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// The header that carries a secret where an address cannot and `Authorization` is taken.
pub(super) const SECRET_HEADER: &str = "x-mamacare-secret";

/// Who may use a channel. Secrets are kept as digests.
#[derive(Clone, Debug, Default)]
pub struct Access {
    digests: Vec<[u8; 32]>,
    networks: Vec<IpNet>,
}

impl Access {
    /// Any of the secrets opens, from any of the networks (all, where none is named). With neither,
    /// nobody gets in.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>, networks: Vec<IpNet>) -> Self {
        let digests = secrets.into_iter().map(|secret| Sha256::digest(secret).into()).collect();
        Self { digests, networks }
    }

    /// Whether a request may come in: 403 from elsewhere, 401 without the secret.
    pub(super) fn check(
        &self,
        in_path: Option<&str>,
        headers: &HeaderMap,
        source: Option<IpAddr>,
    ) -> Result<(), Problem> {
        self.check_network(source)?;
        let by_network_alone = self.digests.is_empty() && !self.networks.is_empty();
        if by_network_alone || in_path.or_else(|| presented(headers)).is_some_and(|secret| self.opens(secret))
        {
            return Ok(());
        }
        let detail = "this channel asks for its secret, in the address or as a bearer token";
        Err(Problem::new(StatusCode::UNAUTHORIZED, detail))
    }

    /// Whether it comes from where calls of this channel come from: 403 where not.
    pub(super) fn check_network(&self, source: Option<IpAddr>) -> Result<(), Problem> {
        let known = source.is_some_and(|from| self.networks.iter().any(|network| network.contains(&from)));
        if known || self.networks.is_empty() {
            return Ok(());
        }
        let detail = "calls of this channel do not come from that network";
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    /// Compares digests in full whatever differs, so that time tells nothing.
    fn opens(&self, secret: &str) -> bool {
        let presented: [u8; 32] = Sha256::digest(secret).into();
        let differing = |known: &[u8; 32]| known.iter().zip(presented).fold(0, |sum, (a, b)| sum | (a ^ b));
        self.digests.iter().filter(|known| differing(known) == 0).count() > 0
    }
}

/// The secret in `Authorization: Bearer …` or in our own header.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    bearer.or_else(|| headers.get(SECRET_HEADER).and_then(|value| value.to_str().ok()))
}

/// Where a request comes from: the peer, or behind a trusted proxy the last address that is not
/// one. What cannot be read is not believed; then the request comes from the proxy itself.
pub(super) fn source(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return peer;
    }
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    for line in lines {
        let Ok(line) = line.to_str() else { return peer };
        for hop in line.rsplit(',') {
            let Ok(address) = hop.trim().parse::<IpAddr>() else { return peer };
            let address = address.to_canonical();
            if !is_trusted(address) {
                return address;
            }
        }
    }
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, axum::http::HeaderValue::from_static(value));
        }
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn status(access: &Access, path: Option<&str>, sent: &[(&'static str, &'static str)], from: &str) -> u16 {
        access.check(path, &headers(sent), Some(ip(from))).map_or_else(|problem| problem.status(), |()| 200)
    }

    #[test]
    fn any_of_the_secrets_opens_from_path_or_header() {
        let access = Access::new(["old-secret", "new-secret"], vec![]);
        for (path, sent, expected) in [
            (Some("old-secret"), vec![], 200),
            (Some("new-secret"), vec![], 200),
            (None, vec![("authorization", "Bearer new-secret")], 200),
            (None, vec![("authorization", "bearer new-secret")], 200),
            (None, vec![("x-mamacare-secret", "old-secret")], 200),
            (None, vec![], 401),
            (Some(""), vec![], 401),
            (Some("old-secreT"), vec![], 401),
            (Some("old-secret "), vec![], 401),
            (None, vec![("authorization", "Basic new-secret")], 401),
            (None, vec![("authorization", "Bearer")], 401),
        ] {
            assert_eq!(status(&access, path, &sent, "192.0.2.7"), expected, "{path:?} {sent:?}");
        }
    }

    #[test]
    fn networks_are_asked_before_the_secret() {
        let access = Access::new(["right-secret"], vec!["192.0.2.0/24".parse().unwrap()]);
        assert_eq!(status(&access, Some("right-secret"), &[], "192.0.2.7"), 200);
        assert_eq!(status(&access, Some("wrong-secret"), &[], "192.0.2.7"), 401);
        assert_eq!(status(&access, Some("right-secret"), &[], "198.51.100.7"), 403);
        assert_eq!(
            access.check(Some("right-secret"), &HeaderMap::new(), None).map_err(|problem| problem.status()),
            Err(403)
        );
    }

    #[test]
    fn networks_alone_suffice_and_nothing_at_all_does_not() {
        let networks = Access::new([], vec!["192.0.2.0/24".parse().unwrap()]);
        assert_eq!(status(&networks, None, &[], "192.0.2.7"), 200);
        assert_eq!(status(&Access::default(), Some(""), &[], "192.0.2.7"), 401);
        assert_eq!(status(&Access::default(), None, &[], "192.0.2.7"), 401);
    }

    #[test]
    fn a_proxy_is_believed_only_where_it_is_trusted() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        for (peer, sent, expected) in [
            ("192.0.2.1", vec![("x-forwarded-for", "198.51.100.7")], "192.0.2.1"),
            ("10.0.0.1", vec![("x-forwarded-for", "198.51.100.7")], "198.51.100.7"),
            ("::ffff:10.0.0.1", vec![("x-forwarded-for", "198.51.100.7")], "198.51.100.7"),
            ("10.0.0.1", vec![("x-forwarded-for", "203.0.113.9, 198.51.100.7, 10.0.0.2")], "198.51.100.7"),
            (
                "10.0.0.1",
                vec![("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7")],
                "198.51.100.7",
            ),
            ("10.0.0.1", vec![("x-forwarded-for", "unknown")], "10.0.0.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
        ] {
            assert_eq!(source(ip(peer), &headers(&sent), &trusted), ip(expected), "{peer} {sent:?}");
        }
    }
}
