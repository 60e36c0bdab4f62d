//! The service at one moment.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use ws_service::{CloseKind, CodeGroup, Deadline, Durations, Histogram, Stats};

use super::super::app::App;
use super::super::metrics::seconds;
use super::super::process::Process;
use super::Shared;

/// Numbers by their name.
type Numbers = BTreeMap<&'static str, u64>;

/// The service as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    /// Its version.
    version: &'static str,
    /// `serving` or `draining`.
    state: &'static str,
    /// How long it has been running.
    uptime_seconds: f64,
    /// Where it takes connections.
    endpoints: Vec<String>,
    /// The process it is.
    process: Process,
    /// What can run out, and how far it has.
    limits: Vec<Limit>,
    /// The upper bounds of all histograms' buckets but the last, which has none.
    bucket_bounds_seconds: Vec<f64>,
    /// All shards together.
    total: Counts,
    /// Each shard, in the order of their numbers.
    shards: Vec<Counts>,
}

/// Something that can run out.
#[derive(Debug, Serialize, ToSchema)]
struct Limit {
    /// What it is.
    name: &'static str,
    /// How much is in use.
    used: u64,
    /// How much there may be.
    max: u64,
}

/// What has been counted since the start; the meaning of each name is that of the metric.
#[derive(Debug, Serialize, ToSchema)]
struct Counts {
    /// Plain counters and gauges.
    counters: Numbers,
    /// Deadlines that are set, by kind.
    armed: Numbers,
    /// Deadlines that have come, by kind.
    expired: Numbers,
    /// Connections that have ended, by reason.
    closes: Numbers,
    /// The same, by close code.
    close_codes: Numbers,
    /// Upgrade requests that led nowhere, by reason.
    failed_handshakes: Numbers,
    /// From deadlines to the turns that served them.
    timer_lateness: Buckets,
    /// From each turn's first event to its last write.
    turn_time: Buckets,
}

/// A histogram.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Buckets {
    /// How many fell into each bucket and into none before it.
    counts: Vec<u64>,
    /// All together.
    sum_seconds: f64,
}

impl From<&Durations> for Buckets {
    fn from(durations: &Durations) -> Self {
        Self { counts: durations.buckets.to_vec(), sum_seconds: seconds(durations.sum) }
    }
}

impl From<&Stats> for Counts {
    fn from(stats: &Stats) -> Self {
        let by_reason = |read: fn(&Stats, CloseKind) -> u64| {
            CloseKind::ALL.into_iter().map(|kind| (kind.name(), read(stats, kind))).collect()
        };
        let by_kind = |read: fn(&Stats, Deadline) -> u64| {
            Deadline::ALL.into_iter().map(|kind| (kind.name(), read(stats, kind))).collect()
        };
        let codes = CodeGroup::ALL.into_iter().map(|group| (group.name(), stats.codes(group)));
        Self {
            counters: stats.named().collect(),
            armed: by_kind(Stats::armed),
            expired: by_kind(Stats::expired),
            closes: by_reason(Stats::closes),
            close_codes: codes.collect(),
            failed_handshakes: by_reason(Stats::unopened),
            timer_lateness: (&stats.lateness).into(),
            turn_time: (&stats.turn_time).into(),
        }
    }
}

impl Status {
    pub(super) fn of(app: &App) -> Self {
        let shards = app.doors.shard_stats();
        let process = Process::now();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            state: if app.is_draining() { "draining" } else { "serving" },
            uptime_seconds: app.uptime().as_secs_f64(),
            endpoints: app.facts.endpoints.clone(),
            limits: limits(app, &shards, &process),
            process,
            bucket_bounds_seconds: Histogram::BOUNDS.into_iter().map(seconds).collect(),
            total: (&app.doors.stats()).into(),
            shards: shards.iter().map(Into::into).collect(),
        }
    }
}

/// Of what each shard has its own, the one that is nearest to its edge counts.
fn limits(app: &App, shards: &[Stats], process: &Process) -> Vec<Limit> {
    let most = |read: fn(&Stats) -> u64| shards.iter().map(read).max().unwrap_or(0);
    let connections = shards.iter().map(|stats| stats.connections).sum();
    let max_mail = app.doors.max_mail() as u64;
    let limits = [
        ("connections", connections, Some(app.doors.max_connections() as u64)),
        ("descriptors", process.descriptors, process.max_descriptors),
        ("publications_undelivered", most(|stats| stats.fanouts), Some(max_mail)),
        ("publications_staged", most(|stats| stats.staged), Some(max_mail)),
    ];
    let guests = app.visits.bounded().map(|it| (it.name, it.used, Some(it.max)));
    let finite =
        limits.into_iter().chain(guests).filter_map(|(name, used, max)| Some((name, used, max?)));
    finite.map(|(name, used, max)| Limit { name, used, max }).collect()
}

/// The service at this moment.
#[utoipa::path(get, path = "/api/v1/status", tag = "service", responses(
    (status = OK, body = Status),
))]
pub(super) async fn status(State(app): Shared) -> Json<Status> {
    Json(Status::of(&app))
}
