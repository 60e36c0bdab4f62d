//! New settings for a shard that runs.
//!
//! What is asked anew each time holds at once: limits, budgets, what is worth compressing. What was agreed on
//! with a client stays. A deadline that runs keeps its end, and has the new length when it is next set. Only
//! ping and hang-up don't wait for that, because a silent peer would never cause it: they are measured from
//! the change, as if each peer had just proved that it receives. So nobody is hung up on too early.

use std::sync::Arc;
use std::time::Duration;

use sul::Timestamp;

use super::Shard;
use super::config::{Config, Timeouts};
use super::deadlines::Grace;
use super::link::Slot;
use super::protocol::Protocol;

impl<P: Protocol> Shard<P> {
    /// Takes new settings; says whether they make sense.
    pub(super) fn reconfigure(&mut self, config: &Arc<Config>) -> bool {
        if config.validate().is_err() {
            return false;
        }
        let shared = &mut self.shared;
        let old = std::mem::replace(&mut shared.config, Config::clone(config));
        // From the start or never: a listing by path must not miss those who came before.
        shared.config.keep_paths = old.keep_paths;
        shared.deflate.configure(&config.compression);
        if validity(&old.timeouts) != validity(&config.timeouts) {
            shared.retiming = self.slots.keys().collect();
        }
        true
    }

    /// Measures ping and hang-up anew, for a bounded number per turn.
    pub(super) fn retime(&mut self, now: Timestamp) {
        for _ in 0..self.shared.config.budget.expiries {
            let Some(key) = self.shared.retiming.pop_front() else { break };
            if let Some(Slot { link, .. }) = self.slots.get_mut(key)
                && link.is_open()
            {
                // A ping that is under way may still be answered.
                link.deadlines.grace = Grace::None;
                self.shared.watch_life(link, now);
            }
        }
    }
}

/// What a peer has to prove that it receives.
const fn validity(timeouts: &Timeouts) -> (Option<Duration>, Option<Duration>) {
    (timeouts.ping_after, timeouts.hangup_after)
}
