//! Who listens to what, and telling them something.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use ws_service::Message;
use ws_service::shard::{Answer, Question};

use super::super::app::App;
use super::{Parameters, Piece, Problem, Shared};

/// Topics in one list at most: as many as a shard tells at once.
const LONGEST: usize = 256;

/// Which topics to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct TopicsQuery {
    /// As many as are wanted at most.
    #[param(minimum = 1, maximum = 256, default = 100)]
    limit: usize,
    /// The last one that is known: the `next` of the list before.
    after: Option<String>,
}

impl Default for TopicsQuery {
    fn default() -> Self {
        Self { limit: 100, after: None }
    }
}

/// Some topics, in the order of their names.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Topics {
    topics: Vec<Topic>,
    /// Where to go on; null at the end.
    next: Option<String>,
}

/// A topic.
#[derive(Debug, Serialize, ToSchema)]
struct Topic {
    /// What it is called.
    name: String,
    /// Connections that subscribe to it, on all threads.
    subscribers: usize,
}

/// Topics that have subscribers.
#[utoipa::path(get, path = "/api/v1/topics", operation_id = "list_topics", tag = "topics", params(TopicsQuery), responses(
    (status = OK, body = Topics),
    (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    State(app): Shared,
    Parameters(query): Parameters<TopicsQuery>,
) -> Result<Json<Topics>, Problem> {
    if !(1..=LONGEST).contains(&query.limit) {
        return Err(Problem::bad_request(format!("limit: from 1 to {LONGEST}")));
    }
    let (mut subscribers, mut has_more) = (BTreeMap::<Arc<str>, usize>::new(), false);
    for shard in 0..app.doors.shards() {
        has_more |= gather(&app, shard, &query, &mut subscribers).await?;
    }
    has_more |= subscribers.len() > query.limit;
    let topics = subscribers.into_iter().take(query.limit);
    let topics = topics.map(|(name, subscribers)| Topic { name: name.to_string(), subscribers });
    let topics: Vec<_> = topics.collect();
    let next = topics.last().filter(|_| has_more).map(|last| last.name.clone());
    Ok(Json(Topics { topics, next }))
}

/// Adds a shard's first ones behind the last that is known: those of all shards that come first are
/// among them. Says whether it has more.
async fn gather(
    app: &App,
    shard: usize,
    query: &TopicsQuery,
    subscribers: &mut BTreeMap<Arc<str>, usize>,
) -> Result<bool, Problem> {
    let after = query.after.as_deref().map(Into::into);
    let question = Question::Topics { after, limit: query.limit };
    let Answer::Topics(page) = app.ask(shard, question).await? else {
        return Err(Problem::ended());
    };
    for topic in page.items {
        *subscribers.entry(topic.name).or_default() += topic.subscribers;
    }
    Ok(page.next.is_some())
}

/// What was published.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Published {
    /// Bytes of the message.
    bytes: usize,
}

/// Publishes the body to all who subscribe to the topic: as text, if it is called `text/…` or
/// `application/json`, as bytes, if `application/octet-stream`. A topic's `/` is written `%2F`.
#[utoipa::path(post, path = "/api/v1/topics/{topic}", operation_id = "publish", tag = "topics", params(
    ("topic" = String, Path, description = "What it is called"),
), request_body(content(
    (String = "text/plain"),
    (String = "application/json"),
    (Vec<u8> = "application/octet-stream"),
)), responses(
    (status = ACCEPTED, body = Published),
    (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
    (status = PAYLOAD_TOO_LARGE, body = Problem, content_type = "application/problem+json"),
    (status = UNSUPPORTED_MEDIA_TYPE, body = Problem, content_type = "application/problem+json"),
    (status = SERVICE_UNAVAILABLE, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn publish(
    State(app): Shared,
    Piece(topic): Piece,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<(StatusCode, Json<Published>), Problem> {
    let body = body.map_err(|error| Problem::new(error.status(), error.body_text()))?;
    let message = if is_text(&headers)? {
        let text = str::from_utf8(&body);
        Message::Text(text.map_err(|_| Problem::bad_request("the text is not UTF-8"))?)
    } else {
        Message::Binary(&body)
    };
    app.doors.publish(&topic, message)?;
    Ok((StatusCode::ACCEPTED, Json(Published { bytes: body.len() })))
}

fn is_text(headers: &HeaderMap) -> Result<bool, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    match kind.trim().to_ascii_lowercase().as_str() {
        "application/octet-stream" => Ok(false),
        "application/json" => Ok(true),
        kind if kind.starts_with("text/") => Ok(true),
        _ => {
            let detail = "Content-Type: text/plain, application/json or application/octet-stream";
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
        }
    }
}
