//! The service as it goes on: server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use utoipa::ToSchema;

use super::super::app::App;
use super::super::history::Moment;
use super::status::Status;
use super::{Problem, Shared};

/// One second of a feed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tick {
    /// For the plots.
    moment: Moment,
    /// Everything else.
    status: Status,
}

/// How far a feed has come.
struct Feed {
    ticks: Receiver<Arc<str>>,
    /// What was there before it began, until it is told.
    history: Option<Event>,
    /// Its place among the feeds there may be.
    _place: OwnedSemaphorePermit,
}

/// A feed of server-sent events: first `history`, an array of moments, one for each second of the last
/// five minutes; then a `tick` each second. A reader that is too slow misses some.
#[utoipa::path(get, path = "/api/v1/live", operation_id = "live_feed", tag = "service", responses(
    (status = OK, body = Tick, content_type = "text/event-stream"),
    (status = SERVICE_UNAVAILABLE, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn live(
    State(app): Shared,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Ok(place) = Arc::clone(&app.visits.feeds).try_acquire_owned() else {
        let detail = "as many feeds are read as may be";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    };
    let history = Event::default().event("history").data(json(&app.history.all()));
    let feed = Feed { ticks: app.ticks.subscribe(), history: Some(history), _place: place };
    let events = stream::unfold(feed, |mut feed| async {
        let event = feed.next().await?;
        Some((Ok(event), feed))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

impl Feed {
    /// Ends with the service.
    async fn next(&mut self) -> Option<Event> {
        if let Some(history) = self.history.take() {
            return Some(history);
        }
        self.ticks.changed().await.ok()?;
        let tick = Arc::clone(&self.ticks.borrow_and_update());
        Some(Event::default().event("tick").data(&*tick))
    }
}

/// Notes down every second, and tells whoever reads.
pub(in super::super) async fn tick(app: Arc<App>) {
    const SECOND: Duration = Duration::from_secs(1);
    // The history begins with a moment of its own.
    let mut seconds = interval_at(Instant::now() + SECOND, SECOND);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let moment = Moment::new(app.uptime(), &app.doors.stats());
        app.history.put(moment.clone());
        if app.ticks.receiver_count() > 0 {
            let tick = Tick { moment, status: Status::of(&app) };
            app.ticks.send_replace(json(&tick).into());
        }
    }
}

fn json(value: &impl Serialize) -> String {
    // Numbers and names: nothing in them can fail.
    serde_json::to_string(value).unwrap_or_default()
}
