//! What a browser may do with an answer: on every one, whatever it is of. A room that needs more sets its
//! own, which stands.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn};

/// Answers are data: nothing in them is run, loaded or framed.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page that describes the API: its own scripts, and the styles that they write into it.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Adds the headers. Only who is reached by TLS tells browsers to ask for nothing else.
pub fn harden(router: Router, public_url: &str) -> Router {
    let by_tls = public_url.starts_with("https://");
    router.layer(from_fn(move |request: Request, next: Next| async move {
        let policy = if request.uri().path().starts_with("/docs") { PAGE } else { NOTHING };
        let mut response = next.run(request).await;
        let headers = response.headers_mut();
        add(headers, CONTENT_SECURITY_POLICY, policy);
        add(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
        add(headers, REFERRER_POLICY, "no-referrer");
        // A screen of a phone or a list of patients must not wait in a cache for the next who looks.
        add(headers, CACHE_CONTROL, "no-store");
        if by_tls {
            add(headers, STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        }
        response
    }))
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
