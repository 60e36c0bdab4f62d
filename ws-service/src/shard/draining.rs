//! A shutdown: all are told, but not in one instant, or they would all come back in one.

use std::collections::VecDeque;
use std::time::Duration;

use sul::Timestamp;

use super::Shard;
use super::id::ConnectionKey;
use super::link::Slot;
use super::protocol::Protocol;
use super::reason::CloseReason;

/// Whoever is few is told faster: no more than this lies between two.
const LONGEST_GAP: Duration = Duration::from_millis(1);
/// Whoever was let in without having been upgraded has at least so long to be, and is told then.
const ASKING: Duration = Duration::from_secs(1);

/// Those who have not been told, and when each is.
#[derive(Debug)]
pub(super) struct Draining {
    left: VecDeque<ConnectionKey>,
    total: u32,
    since: Timestamp,
    /// From the first to the last.
    over: Duration,
    /// Those who were at their handshake when it was their time.
    asking: VecDeque<ConnectionKey>,
    /// When they are told.
    asked_by: Timestamp,
}

impl Draining {
    pub(super) fn new(all: VecDeque<ConnectionKey>, now: Timestamp, longest: Duration) -> Self {
        let total = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let over = longest.min(LONGEST_GAP.saturating_mul(total));
        let asked_by = if longest.is_zero() { now } else { now + over.max(ASKING) };
        Self { left: all, total, since: now, over, asking: VecDeque::new(), asked_by }
    }

    /// When the next one is told.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        let left = u32::try_from(self.left.len()).unwrap_or(u32::MAX);
        if left == 0 {
            return (!self.asking.is_empty()).then_some(self.asked_by);
        }
        let told = u64::from(self.total.saturating_sub(left));
        let micros = u128::from(told) * self.over.as_micros() / u128::from(self.total);
        Some(self.since + Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)))
    }

    /// The next one, if it is its time.
    fn next(&mut self, now: Timestamp) -> Option<ConnectionKey> {
        self.next_at().filter(|at| *at <= now)?;
        self.left.pop_front().or_else(|| self.asking.pop_front())
    }

    /// By when all who were open are told.
    pub(super) fn ends_at(&self) -> Timestamp {
        self.since + self.over
    }
}

impl<P: Protocol> Shard<P> {
    /// Closes those whose time to be told has come, a bounded number per turn.
    pub(super) fn close_for_shutdown(&mut self, now: Timestamp) {
        let Some(draining) = &mut self.draining else { return };
        for _ in 0..self.shared.config.budget.closes {
            let Some(key) = draining.next(now) else { break };
            let Some(Slot { link, .. }) = self.slots.get_mut(key) else { continue };
            if link.is_asking() && now < draining.asked_by {
                draining.asking.push_back(key);
            } else {
                self.shared.end(key, link, CloseReason::Shutdown, "", now);
            }
        }
    }
}
