//! Reading a request's body: of the right type, not too large, not too slow.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};

use super::problem::Problem;

/// How large and how slow a body may be.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Most octets.
    pub octets: usize,
    /// It must be complete within this time.
    pub time: Duration,
}

impl BodyLimits {
    /// The whole body, where it is of that media type and in UTF-8.
    pub(super) async fn read(
        self,
        headers: &HeaderMap,
        body: Body,
        media_type: &'static str,
    ) -> Result<Bytes, Problem> {
        expect_type(headers, media_type)?;
        self.read_any(headers, body).await
    }

    /// The whole body, whatever it is.
    pub(super) async fn read_any(self, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
        let too_large = || {
            let detail = format!("a callback of this channel has at most {} octets", self.octets);
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        };
        // Told by its own header, it need not be read first.
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|value| value.parse::<usize>().ok()).is_some_and(|length| length > self.octets)
        {
            return Err(too_large());
        }
        match tokio::time::timeout(self.time, axum::body::to_bytes(body, self.octets)).await {
            Ok(Ok(octets)) => Ok(octets),
            Ok(Err(error)) if is_length_limit(&error) => Err(too_large()),
            Ok(Err(_)) => Err(Problem::malformed("the body broke off")),
            Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive")),
        }
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = inner.source();
    }
    false
}

fn expect_type(headers: &HeaderMap, media_type: &'static str) -> Result<(), Problem> {
    let unsupported = |detail: String| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = sent.split_once(';').unwrap_or((sent, ""));
    if !essence.trim().eq_ignore_ascii_case(media_type) {
        return Err(unsupported(format!("expected content-type {media_type}")));
    }
    for parameter in parameters.split(';') {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return Err(unsupported(format!("expected content-type {media_type} in UTF-8")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    async fn read(content_type: Option<&'static str>, body: Body) -> Result<Bytes, u16> {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let limits = BodyLimits { octets: 10, time: Duration::from_millis(50) };
        limits.read(&headers, body, FORM).await.map_err(|problem| problem.status())
    }

    #[tokio::test]
    async fn type_and_charset_must_fit() {
        for (sent, expected) in [
            (Some("application/x-www-form-urlencoded"), Ok(())),
            (Some("Application/X-WWW-Form-URLencoded; charset=UTF-8"), Ok(())),
            (Some("application/x-www-form-urlencoded;charset=\"utf-8\""), Ok(())),
            (Some("application/x-www-form-urlencoded; charset=iso-8859-1"), Err(415)),
            (Some("application/json"), Err(415)),
            (Some(""), Err(415)),
            (None, Err(415)),
        ] {
            assert_eq!(read(sent, Body::from("a=1")).await.map(|_| ()), expected, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_413_and_one_at_it_is_read() {
        assert_eq!(read(Some(FORM), Body::from("0123456789")).await.unwrap().len(), 10);
        assert_eq!(read(Some(FORM), Body::from("01234567890")).await, Err(413));
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_408() {
        struct Never;
        impl http_body::Body for Never {
            type Data = Bytes;
            type Error = std::convert::Infallible;
            fn poll_frame(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
                std::task::Poll::Pending
            }
        }
        assert_eq!(read(Some(FORM), Body::new(Never)).await, Err(408));
    }
}
