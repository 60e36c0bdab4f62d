//! What the admin listener's handlers have in common.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Semaphore, watch};
use tokio::time::timeout;
use ws_service::PostError;
use ws_service::shard::{Answer, Question, ShardId};

use super::admin::{Problem, Timers};
use super::doors::Doors;
use super::history::{History, Moment};
use super::metrics::Metrics;
use super::visits::Visits;

/// How long an answer of a shard may take: they take a few turns.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known about the service besides what it counts.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// Where it listens.
    pub(crate) endpoints: Vec<String>,
    /// Whether connections' paths are known.
    pub(crate) keeps_paths: bool,
}

pub(super) struct App {
    pub(super) doors: Arc<dyn Doors>,
    pub(super) facts: Facts,
    pub(super) history: History,
    pub(super) metrics: Metrics,
    /// The last second, for those who read the feed.
    pub(super) ticks: watch::Sender<Arc<str>>,
    pub(super) visits: Arc<Visits>,
    /// The last look at all timers: a long one, so it serves all who ask within a second.
    pub(super) timers: Mutex<Option<(Instant, Arc<Timers>)>>,
    /// One question at a time: however many ask here, the shards feel one.
    asking: Semaphore,
    started: Instant,
}

impl App {
    pub(super) fn new(doors: Arc<dyn Doors>, facts: Facts) -> Self {
        let visits = Arc::new(Visits::default());
        let first = Moment::new(Duration::ZERO, &doors.stats());
        Self {
            metrics: Metrics::new(Arc::clone(&doors), Arc::clone(&visits)),
            doors,
            facts,
            history: History::beginning_with(first),
            ticks: watch::Sender::new("".into()),
            visits,
            timers: Mutex::new(None),
            asking: Semaphore::new(1),
            started: Instant::now(),
        }
    }

    pub(super) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn is_draining(&self) -> bool {
        self.doors.is_draining()
    }

    /// Ends the service in good order; says whether it was not doing so already.
    pub(super) fn drain(&self) -> bool {
        let is_first = !self.is_draining();
        self.doors.drain();
        is_first
    }

    /// Asks a shard.
    pub(super) async fn ask(&self, shard: usize, question: Question) -> Result<Answer, Problem> {
        let shard = ShardId(u16::try_from(shard).map_err(|_| Problem::ended())?);
        let asked = async {
            let _turn = self.asking.acquire().await.map_err(|_| Problem::ended())?;
            Ok(self.doors.ask(shard, question)?.await?)
        };
        timeout(PATIENCE, asked).await.map_err(|_| Problem::late())?
    }
}

impl From<PostError> for Problem {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Congested => Self::congested(),
            _ => Self::ended(),
        }
    }
}
