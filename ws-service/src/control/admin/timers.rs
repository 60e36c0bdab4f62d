//! What the service is waiting for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use ws_service::Deadline;
use ws_service::shard::{Answer, DeadlineFacts, Question};

use super::super::app::App;
use super::status::Buckets;
use super::{Parameters, Problem, Shared};

/// Deadlines in the list at most.
const LONGEST: usize = 100;
/// How long one look at all timers serves all who ask.
const FRESH: Duration = Duration::from_secs(1);

/// How many to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct TimersQuery {
    /// As many of the next deadlines as are wanted at most.
    #[param(minimum = 1, maximum = 100, default = 10)]
    limit: usize,
}

impl Default for TimersQuery {
    fn default() -> Self {
        Self { limit: 10 }
    }
}

/// The service's timers, as they were within the last second.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Timers {
    /// Deadlines that are set, by kind.
    armed: BTreeMap<&'static str, u64>,
    /// Deadlines that have come, by kind.
    expired: BTreeMap<&'static str, u64>,
    /// How late they were served.
    lateness: Buckets,
    /// Those that come next.
    next: Vec<Next>,
}

/// A deadline to come.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Next {
    /// How long until then; what is due is not yet served.
    in_seconds: f64,
    /// Which it is.
    kind: &'static str,
    /// Whose it is.
    connection: String,
}

/// How many deadlines are set, which come next, and how late they have been served.
#[utoipa::path(get, path = "/api/v1/timers", tag = "service", params(TimersQuery), responses(
    (status = OK, body = Timers),
    (status = BAD_REQUEST, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn timers(
    State(app): Shared,
    Parameters(query): Parameters<TimersQuery>,
) -> Result<Json<Timers>, Problem> {
    if !(1..=LONGEST).contains(&query.limit) {
        return Err(Problem::bad_request(format!("limit: from 1 to {LONGEST}")));
    }
    let mut timers = Timers::clone(&*fresh(&app).await?);
    timers.next.truncate(query.limit);
    Ok(Json(timers))
}

/// The last look, or another: only one is ever under way, and the others wait for it.
async fn fresh(app: &App) -> Result<Arc<Timers>, Problem> {
    let mut last = app.timers.lock().await;
    if let Some((at, timers)) = &*last
        && at.elapsed() < FRESH
    {
        return Ok(Arc::clone(timers));
    }
    let timers = Arc::new(look(app).await?);
    *last = Some((Instant::now(), Arc::clone(&timers)));
    Ok(timers)
}

async fn look(app: &App) -> Result<Timers, Problem> {
    let (mut soonest, mut now) = (Vec::new(), None);
    for shard in 0..app.doors.shards() {
        let mut from = Some(0);
        while let Some(place) = from {
            let question = Question::Deadlines { from: place, limit: LONGEST };
            let Answer::Deadlines(page) = app.ask(shard, question).await? else {
                return Err(Problem::ended());
            };
            soonest.extend(page.items);
            soonest.sort_by_key(|facts: &DeadlineFacts| facts.at);
            soonest.truncate(LONGEST);
            (from, now) = (page.next, now.max(Some(page.now)));
        }
    }
    let now = now.unwrap_or_default();
    let next = soonest.into_iter().map(|facts| Next {
        in_seconds: facts.at.saturating_since(now).as_secs_f64(),
        kind: facts.deadline.name(),
        connection: facts.id.to_string(),
    });
    let stats = app.doors.stats();
    let by_kind = |read: &dyn Fn(Deadline) -> u64| {
        Deadline::ALL.into_iter().map(|kind| (kind.name(), read(kind))).collect()
    };
    Ok(Timers {
        armed: by_kind(&|kind| stats.armed(kind)),
        expired: by_kind(&|kind| stats.expired(kind)),
        lateness: (&stats.lateness).into(),
        next: next.collect(),
    })
}
