//! What is answered when something is wrong (RFC 9457).

use std::fmt::Display;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A problem, as `application/problem+json`; its `type` is `about:blank`, so the status says all that a
/// program needs to know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The status once more.
    #[schema(value_type = u16, minimum = 400, maximum = 599)]
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    /// What the status is called.
    title: &'static str,
    /// What is wrong here, for people.
    detail: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Display) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { status, title, detail: detail.to_string() }
    }

    pub(super) fn bad_request(detail: impl Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Too much is waiting.
    pub(in super::super) fn congested() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "a service thread has too much mail waiting")
    }

    /// The service, or a thread of it, has gone.
    pub(in super::super) fn ended() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the service has shut down")
    }

    /// A service thread did not answer.
    pub(in super::super) fn late() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "a service thread did not answer in time")
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn as_number<S: serde::Serializer>(status: &StatusCode, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u16(status.as_u16())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}
