//! Ending in good order.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;

/// What it does from now on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Draining {
    /// `draining`.
    state: &'static str,
    /// Connections that are to be closed.
    connections: u64,
}

/// Takes no more connections, closes those there are with 1001, and ends when the last one has. Asking
/// twice is the same as once.
#[utoipa::path(post, path = "/api/v1/drain", tag = "service", responses(
    (status = ACCEPTED, body = Draining),
))]
pub(super) async fn drain(State(app): Shared) -> (StatusCode, Json<Draining>) {
    let connections = app.doors.stats().connections;
    if app.drain() {
        tracing::info!(connections, "draining, as an administrator asked");
    }
    (StatusCode::ACCEPTED, Json(Draining { state: "draining", connections }))
}
