//! What a browser may do with an answer: on every one, whatever it is of. A room that needs more sets its
//! own, which stands.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn};
use ipnet::IpNet;

/// The header in which a proxy says how it was asked.
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Answers are data: nothing in them is run, loaded or framed.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page that describes the API: its own scripts, and the styles that they write into it.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// How a request comes to this service.
#[derive(Clone, Debug)]
pub struct Way {
    /// By TLS of its own.
    pub tls: bool,
    /// Proxies that are believed when they say that they were asked by TLS.
    pub trusted_proxies: Vec<IpNet>,
}

impl Way {
    /// Whether nobody between the browser and us could read along.
    fn is_sealed(&self, request: &Request) -> bool {
        let peer =
            request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
        let is_proxy = |peer: IpAddr| self.trusted_proxies.iter().any(|network| network.contains(&peer));
        self.tls
            || peer.is_some_and(is_proxy)
                && request.headers().get(FORWARDED_PROTO).is_some_and(|by| by == "https")
    }
}

/// Adds the headers. Only who was reached by TLS may tell a browser to ask for nothing else (RFC 6797).
pub fn harden(router: Router, way: Way) -> Router {
    let way = Arc::new(way);
    router.layer(from_fn(move |request: Request, next: Next| {
        let sealed = way.is_sealed(&request);
        async move {
            let policy = if request.uri().path().starts_with("/docs") { PAGE } else { NOTHING };
            let mut response = next.run(request).await;
            let headers = response.headers_mut();
            add(headers, CONTENT_SECURITY_POLICY, policy);
            add(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
            add(headers, REFERRER_POLICY, "no-referrer");
            // A screen of a phone or a list of patients must not wait in a cache for the next who looks.
            add(headers, CACHE_CONTROL, "no-store");
            if sealed {
                add(headers, STRICT_TRANSPORT_SECURITY, "max-age=31536000");
            }
            response
        }
    }))
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
