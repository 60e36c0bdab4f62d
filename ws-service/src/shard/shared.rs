//! What a shard has besides its connections, and what can be done to one connection with it.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use sul::Timestamp;

use super::config::{Config, Overflow, Timeouts};
use super::context::{Context, Reading, Recorded, SendError, Sent, TimerChange};
use super::counters::Counters;
use super::deadlines::{Deadline, Grace};
use super::deflate::Deflate;
use super::held::Held;
use super::id::{ConnectionId, ConnectionKey, ShardId};
use super::link::Link;
use super::losses::Losses;
use super::mail::Relay;
use super::outbox::Outbox;
use super::outlet::Outlet;
use super::pausing::Pause;
use super::pool::Pool;
use super::rate::Meters;
use super::reason::CloseReason;
use super::topics::Topics;
use super::unread::Unread;

/// The parts of a shard that don't depend on the protocol.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) id: ShardId,
    pub(super) config: Config,
    pub(super) counters: Arc<Counters>,
    pub(super) pool: Pool,
    pub(super) topics: Topics,
    pub(super) relay: Relay,
    pub(super) unread: Unread,
    pub(super) deflate: Deflate,
    pub(super) held: Held,
    pub(super) losses: Losses,
    pub(super) meters: Meters,
    /// Connections that have got something to write since the turn.
    pub(super) dirty: VecDeque<ConnectionKey>,
    /// Connections to be flushed in this turn.
    pub(super) flushing: VecDeque<ConnectionKey>,
    /// Sessions whose end has not been told, each once.
    pub(super) endings: VecDeque<(ConnectionKey, CloseReason)>,
    /// Connections whose ping and hang-up are to be measured anew, each once.
    pub(super) retiming: VecDeque<ConnectionKey>,
    /// What the transports are to do.
    pub(super) transports: VecDeque<Transport>,
    /// What the next ping carries.
    next_ping: NonZero<u32>,
}

/// What a transport is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Read from it again: it was [paused](super::Shard::is_paused), and what came then waits.
    Read(ConnectionKey),
    /// Shut the write side; go on reading.
    ShutWrite(ConnectionKey),
    /// Close it: the shard has forgotten the connection.
    Close(ConnectionKey),
}

impl Shared {
    pub(super) fn new(id: ShardId, shards: usize, config: Config) -> Self {
        Self {
            id,
            deflate: Deflate::new(config.compression.clone()),
            config,
            counters: Arc::default(),
            pool: Pool::default(),
            topics: Topics::default(),
            relay: Relay::new(shards, id.index()),
            unread: Unread::default(),
            held: Held::default(),
            losses: Losses::default(),
            meters: Meters::default(),
            dirty: VecDeque::new(),
            flushing: VecDeque::new(),
            endings: VecDeque::new(),
            retiming: VecDeque::new(),
            transports: VecDeque::new(),
            next_ping: NonZero::<u32>::MIN,
        }
    }

    pub(super) const fn name(&self, key: ConnectionKey) -> ConnectionId {
        ConnectionId { shard: self.id, key }
    }

    /// Runs one handler and settles what it has recorded. If it panics, its connection ends.
    #[inline]
    pub(super) fn run(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        now: Timestamp,
        handler: impl FnOnce(&mut Context<'_>),
    ) {
        self.run_at(&mut Outlet::none(), key, link, now, handler);
    }

    /// The same where the connection's transport can be written to.
    #[inline]
    pub(super) fn run_at(
        &mut self,
        outlet: &mut Outlet<'_>,
        key: ConnectionKey,
        link: &mut Link,
        now: Timestamp,
        handler: impl FnOnce(&mut Context<'_>),
    ) {
        let id = self.name(key);
        let mut recorded = Recorded::default();
        let recorded = &mut recorded;
        let outlet = outlet.lend();
        let mut context =
            Context { id, now, link: &mut *link, shared: &mut *self, recorded, outlet };
        if catch_unwind(AssertUnwindSafe(|| handler(&mut context))).is_err() {
            self.panicked(key, link, now);
        } else if !recorded.is_empty() {
            self.settle(key, link, recorded, now);
        }
        self.flush_later(key, link);
    }

    fn panicked(&mut self, key: ConnectionKey, link: &mut Link, now: Timestamp) {
        self.counters.panics.add(1);
        if !link.is_told() {
            self.end(key, link, CloseReason::Panicked, "", now);
        }
    }

    fn settle(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        recorded: &mut Recorded,
        now: Timestamp,
    ) {
        if link.is_told() {
            return;
        }
        if recorded.is_alive && link.is_open() {
            self.prove_alive(link, now);
        }
        match recorded.timer {
            Some(TimerChange::Set(at)) => link.set(Deadline::User, at, &self.counters),
            Some(TimerChange::Clear) => link.clear(Deadline::User, &self.counters),
            None => {}
        }
        match recorded.reading {
            Some(Reading::Pause) => self.pause(link, Pause::Asked),
            Some(Reading::Resume) => self.resume(key, link, Pause::Asked, now),
            None => {}
        }
        if let Some((reason, text)) = recorded.end.take() {
            self.end(key, link, reason, &text, now);
        }
    }

    /// Something waits to be written: the peer is to take some of it before long.
    pub(super) fn watch_writing(&self, link: &mut Link, now: Timestamp) {
        let until = self.config.timeouts.write.map(|after| now + after);
        link.set(Deadline::Write, until, &self.counters);
    }

    /// Changes what is queued to a peer, and sees to it that it is written.
    pub(super) fn queue(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        change: impl FnOnce(&mut Outbox, &mut Pool),
    ) {
        change(&mut link.outbox, &mut self.pool);
        self.flush_later(key, link);
    }

    /// Puts a connection with something to write on the list, once.
    #[inline]
    pub(super) fn flush_later(&mut self, key: ConnectionKey, link: &mut Link) {
        if !link.is_dirty && !link.outbox.is_empty() && !link.outbox.is_blocked() {
            link.is_dirty = true;
            self.dirty.push_back(key);
        }
    }

    /// Whether a message of `size` bytes may be queued.
    #[inline]
    pub(super) fn room_for(
        &self,
        key: ConnectionKey,
        link: &Link,
        size: usize,
    ) -> Result<(), SendError> {
        if !link.is_open() {
            return Err(SendError::Closed);
        }
        let limits = &self.config.limits;
        if self.queued(key, link).saturating_add(size) <= limits.queued_bytes {
            return Ok(());
        }
        match limits.overflow {
            Overflow::Close => Err(SendError::Overflow),
            Overflow::Drop => {
                self.counters.dropped.add(1);
                Err(SendError::Dropped)
            }
        }
    }

    /// Counts a queued message, and says whether the queue is above its mark.
    pub(super) fn sent(&self, link: &mut Link) -> Sent {
        self.counters.messages_out.add(1);
        self.pressure(link)
    }

    /// Says whether a queue is above its mark.
    pub(super) fn pressure(&self, link: &mut Link) -> Sent {
        if link.outbox.len() <= self.config.limits.high_water {
            return Sent::Queued;
        }
        link.outbox.press();
        Sent::AboveHighWater
    }

    /// Too many publications wait, here or for another shard.
    pub(super) fn is_congested(&self) -> bool {
        let limits = &self.config.limits;
        limits.is_reached(self.topics.pending()) || limits.is_reached(self.relay.staged())
    }

    /// The peer has proved that it receives: ping and hang-up are measured from now.
    pub(super) fn prove_alive(&self, link: &mut Link, now: Timestamp) {
        link.deadlines.ping = None;
        link.deadlines.grace = Grace::None;
        self.watch_life(link, now);
    }

    /// Begins to wait for the next proof, unless we don't read what it would come with.
    pub(super) fn watch_life(&self, link: &mut Link, now: Timestamp) {
        if !link.pauses.is_none() {
            return;
        }
        let timeouts = &self.config.timeouts;
        link.set(Deadline::Ping, timeouts.ping_after.map(|after| now + after), &self.counters);
        link.set(Deadline::HangUp, timeouts.hangup_after.map(|after| now + after), &self.counters);
    }

    /// Pings a peer, and gives it the time to answer that the configuration means it to have, however
    /// late we are ourselves: after a stop of minutes everyone would be hung up on unasked.
    pub(super) fn ping(&mut self, key: ConnectionKey, link: &mut Link, now: Timestamp) {
        let hangup = self.time_to_answer().map(|time| now + time);
        link.set(Deadline::HangUp, hangup, &self.counters);
        // One that was sent before a pause is asked again, so that an answer to either counts.
        let payload = *link.deadlines.ping.get_or_insert_with(|| {
            self.next_ping = self.next_ping.checked_add(1).unwrap_or(NonZero::<u32>::MIN);
            self.next_ping
        });
        self.queue(key, link, |outbox, pool| outbox.ping(pool, &bytes(payload)));
    }

    /// From a ping to the hang-up.
    fn time_to_answer(&self) -> Option<Duration> {
        let Timeouts { ping_after, hangup_after, .. } = self.config.timeouts;
        hangup_after.map(|hangup| hangup.saturating_sub(ping_after.unwrap_or_default()))
    }

    /// A frame has ended inside of which the hang-up came due: the peer gets the time for its pong
    /// that it had no chance to use.
    #[inline]
    pub(super) fn grant_grace(&self, link: &mut Link, now: Timestamp) {
        if link.is_open() && link.pauses.is_none() && link.deadlines.grace == Grace::Owed {
            link.deadlines.grace = Grace::Given;
            let until = self.time_to_answer().map(|time| now + time);
            link.set(Deadline::HangUp, until, &self.counters);
        }
    }

    /// A Pong counts only if it answers our ping: anyone could send one unasked. Behind our Close
    /// it counts no more, or it would bring another ping.
    pub(super) fn pong(&self, link: &mut Link, payload: &[u8], now: Timestamp) {
        if link.is_open() && link.deadlines.ping.is_some_and(|ping| payload == bytes(ping)) {
            self.prove_alive(link, now);
        }
    }
}

/// What a ping carries.
const fn bytes(ping: NonZero<u32>) -> [u8; 4] {
    ping.get().to_be_bytes()
}
