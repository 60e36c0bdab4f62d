//! Looks at the counters again and again, on a thread of its own: the storm measures, and must not
//! wait for an answer.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{Client, Counts};

/// From one look to the next.
const PERIOD: Duration = Duration::from_millis(100);
/// Looks that are kept at most: over a quarter of an hour.
const MOST: usize = 10_000;

/// The looks, each with its moment.
type Looks = Vec<(Instant, Counts)>;

/// A watch that goes on until it is finished, or dropped.
#[derive(Debug)]
pub(in crate::storm) struct Watcher {
    looks: Arc<Mutex<Looks>>,
    /// Nothing is ever sent: its end is the news.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    pub(in crate::storm) fn start(client: Client) -> Self {
        let looks = Arc::<Mutex<Looks>>::default();
        let (end, ended) = channel();
        let seen = Arc::clone(&looks);
        let thread = thread::spawn(move || {
            while ended.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                // A look that fails is a gap in a plot; the storm will hear it from its own questions.
                let Ok(counts) = client.counts() else { continue };
                let mut looks = seen.lock();
                if looks.len() < MOST {
                    looks.push((Instant::now(), counts));
                }
            }
        });
        Self { looks, end: Some(end), thread: Some(thread) }
    }

    /// What was seen.
    pub(in crate::storm) fn finish(self) -> Looks {
        std::mem::take(&mut *self.looks.lock())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
