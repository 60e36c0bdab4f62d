//! tokio-util's `DelayQueue`, on a runtime whose clock the benchmark moves.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;
use tokio_util::time::DelayQueue;
use tokio_util::time::delay_queue::Key;

use super::{Timers, token};

/// The queue, and each timer's key in it.
pub struct TokioDelayQueue {
    runtime: Runtime,
    queue: DelayQueue<u32>,
    keys: Vec<Option<Key>>,
    start: Instant,
}

impl Timers for TokioDelayQueue {
    const NAME: &'static str = "DelayQueue";

    fn with_timers(count: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let start = runtime.block_on(async { Instant::now() });
        Self { runtime, queue: DelayQueue::new(), keys: vec![None; count], start }
    }

    #[inline]
    fn schedule(&mut self, id: usize, deadline: u64) {
        let at = self.start + Duration::from_micros(deadline);
        if let Some(key) = &self.keys[id] {
            return self.queue.reset_at(key, at);
        }
        let _context = self.runtime.enter();
        self.keys[id] = Some(self.queue.insert_at(token(id), at));
    }

    #[inline]
    fn cancel(&mut self, id: usize) {
        if let Some(key) = self.keys[id].take() {
            self.queue.remove(&key);
        }
    }

    #[inline]
    fn earliest(&mut self) -> Option<u64> {
        let at = self.queue.deadline(&self.queue.peek()?);
        u64::try_from(at.duration_since(self.start).as_micros()).ok()
    }

    fn expire(&mut self, now: u64, mut due: impl FnMut(usize)) {
        let until = self.start + Duration::from_micros(now);
        self.runtime.block_on(async {
            tokio::time::advance(until.saturating_duration_since(Instant::now())).await;
        });
        let _context = self.runtime.enter();
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(expired)) = self.queue.poll_expired(&mut context) {
            let id = expired.into_inner() as usize;
            self.keys[id] = None;
            due(id);
        }
    }
}
