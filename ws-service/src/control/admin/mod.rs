//! The admin listener's HTTP: what is asked, and what is answered.
#![expect(unused_qualifications, reason = "what the attributes of routes expand to")]

mod connections;
mod drain;
mod guard;
mod health;
mod limits;
mod listening;
mod live;
mod page;
mod parameters;
mod problem;
mod scrape;
mod status;
mod timers;
mod topics;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::RefOr;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::app::App;
use guard::Guard;
pub(crate) use listening::{AdminConfig, AdminError, Listening};
pub(super) use live::tick;
use parameters::{Parameters, Piece};
pub(super) use problem::Problem;
pub(super) use timers::Timers;

/// What handlers get of the service.
type Shared = State<Arc<App>>;

/// The longest request body: a message to publish.
const LONGEST_BODY: usize = 1024 * 1024;

/// What the document says of all of it.
#[derive(OpenApi)]
#[openapi(
    info(title = "ws-service admin", description = "What an operator asks of a running service.", license(
        name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"
    )),
    security((), ("token" = [])),
    tags(
        (name = "health", description = "For those who start and stop it"),
        (name = "metrics", description = "For Prometheus"),
        (name = "service", description = "The service as a whole"),
        (name = "connections", description = "Its connections, one by one"),
        (name = "topics", description = "What is published to whom"),
    ),
)]
struct Document;

/// All routes, behind one door's guard.
fn router(app: Arc<App>, guard: Guard) -> Router {
    let (routes, document) = routes();
    routes
        .route("/api/v1/openapi.json", get(async move || Json(document)))
        .route("/", get(page::html))
        .route("/page.css", get(page::css))
        .route("/page.js", get(page::js))
        .route("/feed.js", get(page::feed_js))
        .route("/plot.js", get(page::plot_js))
        .fallback(unknown)
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "not by this method")
        })
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn(limits::in_time))
        .layer(from_fn_with_state(guard, guard::guard))
        .layer(from_fn_with_state(Arc::clone(&app.visits), limits::counted))
        .with_state(app)
}

/// What programs ask, and the document of it.
fn routes() -> (Router<Arc<App>>, utoipa::openapi::OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(scrape::metrics))
        .routes(routes!(status::status))
        .routes(routes!(live::live))
        .routes(routes!(timers::timers))
        .routes(routes!(drain::drain))
        .routes(routes!(connections::list))
        .routes(routes!(connections::one, connections::kick))
        .routes(routes!(topics::list))
        .routes(routes!(topics::publish))
        .split_for_parts();
    describe(&mut document);
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("token", token);
    (router, document)
}

/// Every answer is to be described (`OpenAPI` 3.1): where nothing is said, by the name of its status.
fn describe(document: &mut utoipa::openapi::OpenApi) {
    let items = document.paths.paths.values_mut();
    let operations = items.flat_map(|it| [&mut it.get, &mut it.post, &mut it.delete]).flatten();
    for (status, response) in operations.flat_map(|it| &mut it.responses.responses) {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let name = status.parse::<StatusCode>().ok().and_then(|it| it.canonical_reason());
            name.unwrap_or("An answer").clone_into(&mut response.description);
        }
    }
}

async fn unknown(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("nothing is at {}", uri.path()))
}
