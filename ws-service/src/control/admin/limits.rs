//! How long a request may take, and how many there were.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::timeout;

use super::super::visits::Visits;
use super::Problem;

/// From a request's head to the head of its answer; a body that trickles in counts.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn in_time(request: Request, next: Next) -> Result<Response, Problem> {
    let late = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the request took too long");
    timeout(PATIENCE, next.run(request)).await.map_err(late)
}

pub(super) async fn counted(
    State(visits): State<Arc<Visits>>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    visits.answered(response.status().as_u16());
    response
}
