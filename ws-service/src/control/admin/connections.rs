//! Listing connections, and ending one.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use ws_service::shard::{Answer, ConnectionFacts, Filter, Page, Question};
use ws_service::{CloseCode, ConnectionId};

use super::super::app::App;
use super::{Parameters, Piece, Problem, Shared};
use crate::units;

/// Questions for one list at most: a filter that little fits must not keep the shards busy.
const QUESTIONS: usize = 64;
/// Connections in one list at most.
const LONGEST: usize = 1_000;

/// Which connections to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct ConnectionsQuery {
    /// As many as are wanted at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: usize,
    /// Where to go on: the `next` of the list before.
    #[param(pattern = "^[0-9]+-[0-9]+$")]
    after: Option<String>,
    /// The peer's address, with or without its port: `192.0.2.1`, `[2001:db8::1]:4321`.
    address: Option<String>,
    /// What the path begins with; needs `--keep-paths`.
    path: Option<String>,
    /// Open at least so long: `90s`, `1h`.
    min_age: Option<String>,
    /// Open at most so long.
    max_age: Option<String>,
}

impl Default for ConnectionsQuery {
    fn default() -> Self {
        Self { limit: 100, after: None, address: None, path: None, min_age: None, max_age: None }
    }
}

impl ConnectionsQuery {
    fn filter(&self, app: &App) -> Result<Filter, Problem> {
        let mut filter = Filter::default();
        if let Some(address) = &self.address {
            let (ip, port) = parse_address(address)?;
            filter.address = Some(ip);
            filter.port = port;
        }
        if let Some(path) = &self.path {
            if !app.facts.keeps_paths {
                let detail = "paths are not kept: start the service with --keep-paths true";
                return Err(Problem::bad_request(detail));
            }
            filter.path = Some(path.as_str().into());
        }
        filter.min_age =
            self.min_age.as_deref().map(|age| parse_age("min_age", age)).transpose()?;
        filter.max_age =
            self.max_age.as_deref().map(|age| parse_age("max_age", age)).transpose()?;
        Ok(filter)
    }
}

fn parse_address(text: &str) -> Result<(IpAddr, Option<u16>), Problem> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok((address.ip(), Some(address.port())));
    }
    let address = text.parse().map(|ip| (ip, None));
    address.map_err(|_| Problem::bad_request("address: such as 192.0.2.1 or [2001:db8::1]:4321"))
}

fn parse_age(name: &str, text: &str) -> Result<Duration, Problem> {
    let age = units::duration(text);
    age.map_err(|error| Problem::bad_request(format!("{name}: {error} (such as 90s, 1h)")))
}

/// Where in which shard a list goes on.
#[derive(Debug, Clone, Copy, Default)]
struct Cursor {
    shard: usize,
    place: usize,
}

impl FromStr for Cursor {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let numbers = text.split_once('-').and_then(|(shard, place)| {
            Some(Self { shard: shard.parse().ok()?, place: place.parse().ok()? })
        });
        numbers.ok_or_else(|| Problem::bad_request("after: what a list before had as its next"))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.shard, self.place)
    }
}

/// Some connections.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Connections {
    /// There may be fewer than were asked for, and yet more to come.
    connections: Vec<Connection>,
    /// Where to go on; null at the end.
    next: Option<String>,
}

/// A connection.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Connection {
    /// What it is called: never again another.
    id: String,
    /// The peer's address and port; `unix` if it came by a Unix socket.
    address: String,
    /// The path of its request, or the first 256 bytes of it; null where paths are not kept.
    path: Option<Box<str>>,
    /// How long its transport has been open, to a tenth of a second.
    age_seconds: f64,
    /// `handshake`, `open` or `closing`.
    state: &'static str,
    /// Bytes queued to the peer.
    queued_bytes: usize,
    /// Topics it subscribes to.
    topics: usize,
    /// Whether compression has been agreed on.
    compressed: bool,
}

impl From<ConnectionFacts> for Connection {
    fn from(facts: ConnectionFacts) -> Self {
        Self {
            id: facts.id.to_string(),
            address: facts.peer.to_string(),
            age_seconds: facts.age.as_secs_f64(),
            state: facts.state.name(),
            queued_bytes: facts.queued_bytes,
            topics: facts.topics,
            compressed: facts.is_compressed,
            path: facts.path,
        }
    }
}

/// Connections that fit, shard by shard. Who stays while the list is read is in it once.
#[utoipa::path(get, path = "/api/v1/connections", operation_id = "list_connections", tag = "connections", params(ConnectionsQuery), responses(
    (status = OK, body = Connections),
    (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): Shared,
    Parameters(query): Parameters<ConnectionsQuery>,
) -> Result<Json<Connections>, Problem> {
    if !(1..=LONGEST).contains(&query.limit) {
        return Err(Problem::bad_request(format!("limit: from 1 to {LONGEST}")));
    }
    let filter = query.filter(&app)?;
    let mut cursor: Cursor = query.after.as_deref().map_or(Ok(Cursor::default()), str::parse)?;
    let mut connections = Vec::new();
    for _ in 0..QUESTIONS {
        let missing = query.limit - connections.len();
        if missing == 0 || cursor.shard >= app.doors.shards() {
            break;
        }
        let page = page(&app, cursor, missing, &filter).await?;
        connections.extend(page.items.into_iter().map(Connection::from));
        cursor = match page.next {
            Some(place) => Cursor { place, ..cursor },
            None => Cursor { shard: cursor.shard + 1, place: 0 },
        };
    }
    let next = (cursor.shard < app.doors.shards()).then(|| cursor.to_string());
    Ok(Json(Connections { connections, next }))
}

async fn page(
    app: &App,
    cursor: Cursor,
    limit: usize,
    filter: &Filter,
) -> Result<Page<ConnectionFacts>, Problem> {
    let filter = filter.clone();
    let question = Question::Connections { from: cursor.place, limit, filter };
    match app.ask(cursor.shard, question).await? {
        Answer::Connections(page) => Ok(page),
        _ => Err(Problem::ended()),
    }
}

/// One connection.
#[utoipa::path(get, path = "/api/v1/connections/{id}", operation_id = "get_connection", tag = "connections", params(
    ("id" = String, Path, description = "What it is called"),
), responses(
    (status = OK, body = Connection),
    (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
    (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn one(State(app): Shared, Piece(id): Piece) -> Result<Json<Connection>, Problem> {
    let (_, facts) = find(&app, &id).await?;
    Ok(Json(facts.into()))
}

/// How to end a connection.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct KickQuery {
    /// The close code (RFC 6455 §7.4).
    #[param(minimum = 1000, maximum = 4999, default = 1008)]
    code: u16,
    /// Why, for the peer: at most 123 bytes.
    #[param(max_length = 123, default = "")]
    reason: String,
}

impl Default for KickQuery {
    fn default() -> Self {
        Self { code: 1008, reason: String::new() }
    }
}

/// Closes a connection: what is queued is written, then a Close.
#[utoipa::path(delete, path = "/api/v1/connections/{id}", operation_id = "close_connection", tag = "connections", params(
    ("id" = String, Path, description = "What it is called"),
    KickQuery,
), responses(
    (status = ACCEPTED, body = Connection, description = "It is being closed; as it was before"),
    (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
    (status = NOT_FOUND, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn kick(
    State(app): Shared,
    Piece(id): Piece,
    Parameters(query): Parameters<KickQuery>,
) -> Result<(StatusCode, Json<Connection>), Problem> {
    let code = CloseCode::from(query.code);
    if !code.is_allowed() {
        let detail = "code: 1000 to 1003, 1007 to 1013, 3000 to 4999";
        return Err(Problem::bad_request(detail));
    }
    if query.reason.len() > 123 {
        return Err(Problem::bad_request("reason: at most 123 bytes"));
    }
    let (id, facts) = find(&app, &id).await?;
    app.doors.close(id, code, &query.reason)?;
    let (peer, KickQuery { code, reason }) = (&facts.peer, query);
    tracing::info!(connection = %id, %peer, code, reason, "closing, as an administrator asked");
    Ok((StatusCode::ACCEPTED, Json(facts.into())))
}

async fn find(app: &App, id: &str) -> Result<(ConnectionId, ConnectionFacts), Problem> {
    let id: ConnectionId = id.parse().map_err(Problem::bad_request)?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "there is no such connection");
    if id.shard.index() >= app.doors.shards() {
        return Err(unknown());
    }
    match app.ask(id.shard.index(), Question::Connection(id.key)).await? {
        Answer::Connection(facts) => Ok((id, facts.ok_or_else(unknown)?)),
        _ => Err(Problem::ended()),
    }
}
