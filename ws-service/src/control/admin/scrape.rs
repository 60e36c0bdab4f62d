//! `/metrics`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use super::super::metrics::{OPEN_METRICS, TEXT};
use super::{Problem, Shared};

/// All metrics: in OpenMetrics' format, if the request accepts it, or else in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "metrics", responses(
    (status = OK, content(
        (String = "application/openmetrics-text"),
        (String = "text/plain"),
    )),
))]
pub(super) async fn metrics(
    State(app): Shared,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|it| it.to_str().ok());
    let is_open = accepted.into_iter().any(|it| it.contains("application/openmetrics-text"));
    let format = if is_open { OPEN_METRICS } else { TEXT };
    let text = app.metrics.encode(format);
    let text = text.map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error))?;
    Ok(([(header::CONTENT_TYPE, format), (header::VARY, "Accept")], text))
}
