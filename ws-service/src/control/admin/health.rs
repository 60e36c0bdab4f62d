//! Is it there, and is it to be sent more?

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, Shared};

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `live` or `ready`.
    status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/health/live", operation_id = "health_live", tag = "health", security(()), responses(
    (status = OK, body = Health),
))]
pub(super) async fn live() -> Json<Health> {
    Json(Health { status: "live" })
}

/// New connections are welcome: they are not while the service drains.
#[utoipa::path(get, path = "/health/ready", operation_id = "health_ready", tag = "health", security(()), responses(
    (status = OK, body = Health),
    (status = SERVICE_UNAVAILABLE, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn ready(State(app): Shared) -> Result<Json<Health>, Problem> {
    if app.is_draining() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the service is draining"));
    }
    Ok(Json(Health { status: "ready" }))
}
