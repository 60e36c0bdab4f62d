//! Messages that others sent to a peer and that were dropped, until its protocol has been told.

use std::collections::BTreeMap;

use sul::Timestamp;

use super::Shard;
use super::id::ConnectionKey;
use super::link::Slot;
use super::protocol::Protocol;

/// How many, by connection.
#[derive(Debug, Default)]
pub(super) struct Losses {
    counts: BTreeMap<ConnectionKey, u64>,
}

impl Losses {
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    pub(super) fn count(&mut self, key: ConnectionKey) {
        *self.counts.entry(key).or_default() += 1;
    }

    pub(super) fn forget(&mut self, key: ConnectionKey) {
        self.counts.remove(&key);
    }
}

impl<P: Protocol> Shard<P> {
    /// Tells the protocol what was dropped, a bounded number of connections per turn.
    pub(super) fn tell_losses(&mut self, now: Timestamp) {
        for _ in 0..self.shared.config.budget.closes {
            let Some((key, count)) = self.shared.losses.counts.pop_first() else { break };
            if let Some(Slot { link, session: Some(session), .. }) = self.slots.get_mut(key)
                && link.is_open()
            {
                let protocol = &*self.protocol;
                self.shared.run(key, link, now, |cx| protocol.lost(cx, session, count));
            }
        }
    }
}
