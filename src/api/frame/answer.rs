//! Answers, as types that say their status.

use axum::body::Body as HttpBody;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// 200 with JSON.
#[derive(Clone, Debug)]
pub struct Found<T>(pub T);

/// 200 with JSON and the version to name in `If-Match`.
#[derive(Clone, Debug)]
pub struct Versioned<T>(pub T, pub DateTime<Utc>);

/// 201 with JSON and the address of what is new.
#[derive(Clone, Debug)]
pub struct Created<T>(pub String, pub T);

/// 202: it is taken, and what follows is not told here.
#[derive(Clone, Debug)]
pub struct Accepted<T>(pub T);

/// 204.
#[derive(Clone, Copy, Debug)]
pub struct Done;

/// 200 with a file to be kept.
#[derive(Debug)]
pub struct Download {
    /// Media type.
    pub media_type: &'static str,
    /// Name to keep it under.
    pub file_name: String,
    /// Content.
    pub body: HttpBody,
}

/// 200 with one JSON value a line, as they come.
#[derive(Debug)]
pub struct Lines(pub HttpBody);

fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let mut response = Response::new(HttpBody::from(body));
            *response.status_mut() = status;
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

impl<T: Serialize> IntoResponse for Found<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::OK, &self.0);
        set(response.headers_mut(), header::ETAG, &super::version::etag(self.1));
        response
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::CREATED, &self.1);
        set(response.headers_mut(), header::LOCATION, &self.0);
        response
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        json(StatusCode::ACCEPTED, &self.0)
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        set(headers, header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{}\"", self.file_name));
        response
    }
}

impl IntoResponse for Lines {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.0);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        response
    }
}
