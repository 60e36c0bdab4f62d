//! Reading that pauses: what a peer sends meanwhile waits with its transport, and then makes the peer
//! wait.
//!
//! While we don't read, its silence proves nothing: neither the hang-up nor the message deadline runs.

use sul::Timestamp;

use super::Shard;
use super::deadlines::{Deadline, Grace};
use super::id::ConnectionKey;
use super::link::Link;
use super::protocol::Protocol;
use super::shared::{Shared, Transport};

/// Why a connection isn't read from; each reason ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// Its protocol has asked for it.
    Asked = 1,
    /// It has sent more than its rate allows.
    Rate = 2,
}

/// The reasons that hold for a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pauses(u8);

impl Pauses {
    pub(super) const fn none() -> Self {
        Self(0)
    }

    pub(super) const fn is_none(self) -> bool {
        self.0 == 0
    }

    const fn with(self, why: Pause) -> Self {
        Self(self.0 | why as u8)
    }

    const fn without(self, why: Pause) -> Self {
        Self(self.0 & !(why as u8))
    }
}

impl<P: Protocol> Shard<P> {
    /// What comes from this connection is to be left with its transport, until
    /// [`Transport::Read`]. That the transport is broken may still be told.
    #[must_use]
    pub fn is_paused(&self, key: ConnectionKey) -> bool {
        self.slots.get(key).is_some_and(|slot| !slot.link.pauses.is_none())
    }
}

impl Shared {
    pub(super) fn pause(&self, link: &mut Link, why: Pause) {
        if !link.is_open() {
            return;
        }
        if link.pauses.is_none() {
            self.counters.paused.add(1);
            link.deadlines.grace = Grace::None;
            for deadline in [Deadline::Ping, Deadline::HangUp, Deadline::Message] {
                link.clear(deadline, &self.counters);
            }
        }
        link.pauses = link.pauses.with(why);
    }

    pub(super) fn resume(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        why: Pause,
        now: Timestamp,
    ) {
        let before = link.pauses;
        link.pauses = before.without(why);
        if link.pauses.is_none() && !before.is_none() {
            self.read_again(key);
            self.watch_life(link, now);
        }
    }

    /// A connection that ends is read from to the last.
    pub(super) fn end_pauses(&mut self, key: ConnectionKey, link: &mut Link) {
        if !std::mem::take(&mut link.pauses).is_none() {
            self.read_again(key);
        }
    }

    fn read_again(&mut self, key: ConnectionKey) {
        self.counters.paused.subtract(1);
        self.transports.push_back(Transport::Read(key));
    }
}
