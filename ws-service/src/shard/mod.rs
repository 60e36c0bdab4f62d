//! A service thread's state without the thread: bytes, mail and `now` in; bytes, mail and the
//! earliest deadline out.
//!
//! ```text
//!      open, receive or exchange, writable, disconnected   deliver
//!  transport ─────────────────────┐                  ┌──────────────── mail
//!                                 ▼                  ▼
//!                              ┌────────────────────────┐
//!          earliest ◄──────────┤ Shard: turn(now)       │◄──────────── now
//!                              └────────────────────────┘
//!                                 │                  │
//!  transport ◄────────────────────┘                  └───────────────► mail
//!             next_dirty, output, wrote, next_transport    post, next_answer
//! ```
//!
//! Bring your own event loop: the crate's reactor, its simulator, its fuzz targets and an embedder's
//! loop (see `examples/own_loop.rs`) all drive a [`Shard`] through this door. The law they obey, once
//! per *turn*:
//!
//! 1. Read the clock once for the turn, or more often, but never hand out a `now` before the last one.
//! 2. [`open`](Shard::open) new transports; [`receive`](Shard::receive) what has come, or
//!    [`exchange`](Shard::exchange) it where writing is possible meanwhile;
//!    [`ended`](Shard::ended) for those whose peer has ended its side,
//!    [`disconnected`](Shard::disconnected) for the dead. Of a connection that
//!    [`has_unread`](Shard::has_unread) bytes, leave what comes behind them, its end too, with the
//!    transport, and likewise of one that [is paused](Shard::is_paused); [`writable`](Shard::writable) for those
//!    with room again; [`deliver`](Shard::deliver) the mail, while the shard is not
//!    [behind](Shard::is_behind).
//! 3. [`turn`](Shard::turn).
//! 4. For each [`next_dirty`](Shard::next_dirty): write [`output`](Shard::output), and say with
//!    [`wrote`](Shard::wrote) how much went.
//! 5. Obey each [`next_transport`](Shard::next_transport), take away each
//!    [`next_answer`](Shard::next_answer), and [`post`](Shard::post) the mail.
//! 6. Sleep until [`earliest`](Shard::earliest).
//!
//! **Architecture invariant:** nothing here reads a clock, sleeps, spawns, or knows a socket; nothing
//! iterates in random order. The same calls give the same bytes.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod code_group;
mod config;
mod context;
mod counters;
mod deadlines;
mod deflate;
mod draining;
mod ending;
mod flushing;
mod frame;
mod frames;
mod handshake;
mod held;
mod histogram;
mod id;
mod link;
mod losses;
mod mail;
mod outbox;
mod outlet;
mod pausing;
mod peer;
mod pool;
mod protocol;
mod questions;
mod rate;
mod reason;
mod receiving;
mod recipient;
mod reconfiguring;
mod request;
mod roster;
mod routes;
mod sending;
mod shared;
mod topics;
mod turning;
mod unread;
mod upgrading;
#[cfg(test)]
mod work;

use std::sync::Arc;
use std::time::Duration;

use slotmap::SlotMap;
use sul::{TimerList, Timestamp};

pub use code_group::CodeGroup;
pub use config::{
    Budget, Compression, CompressionMode, Config, ConfigError, Limits, Origins, Overflow, Timeouts,
};
pub use context::{Congested, Context, SendError, Sent, TooManyTopics};
pub use counters::{Counter, Counters, Stats};
pub use deadlines::Deadline;
pub use frame::Frame;
pub use histogram::{Durations, Histogram};
pub use id::{ConnectionId, ConnectionKey, NoConnectionId, ShardId};
pub use mail::Mail;
pub use peer::Peer;
pub use protocol::{Accept, Message, Piece, Protocol, Rejection};
pub use questions::{
    Answer, ConnectionFacts, ConnectionState, DeadlineFacts, Filter, Page, Question, Ticket,
    TopicFacts,
};
pub use reason::{CloseKind, CloseReason, Violation};
pub use request::{Request, Subprotocol};
pub use routes::{Either, NotFound, Route, RouteError};
pub use shared::Transport;
pub use topics::Publication;
pub use tungstenite::protocol::frame::coding::CloseCode;

use draining::Draining;
use link::{Link, Slot};
use questions::Questions;
use roster::Roster;
use shared::Shared;

/// Everything one service thread owns: its connections, their timers, its topics, its counters. It is
/// made on the thread that drives it, and stays there:
///
/// ```compile_fail,E0277
/// fn elsewhere(shard: ws_service::shard::Shard<ws_service::protocols::Echo>) {
///     std::thread::spawn(move || drop(shard));
/// }
/// ```
#[derive(Debug)]
pub struct Shard<P: Protocol> {
    protocol: Arc<P>,
    slots: SlotMap<ConnectionKey, Slot<P::Session>>,
    timers: TimerList<ConnectionKey>,
    shared: Shared,
    roster: Roster,
    questions: Questions,
    /// While shutting down: those that have not been told.
    draining: Option<Draining>,
}

/// A shard takes no more connections: it has as many as it may have, or it is shutting down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the shard takes no more connections")]
pub struct Refused;

impl<P: Protocol> Shard<P> {
    /// A shard, one of `shards` of its service, without connections.
    ///
    /// Dropping a shard drops its sessions untold: [`disconnect_all`](Self::disconnect_all) and turns
    /// until it [is empty](Self::is_empty) tell them.
    ///
    /// # Errors
    /// The configuration makes no sense, or `id` is none of the `shards`.
    pub fn new(
        protocol: Arc<P>,
        id: ShardId,
        shards: usize,
        config: Config,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        if id.index() >= shards {
            return Err(ConfigError::NoSuchShard { id, shards });
        }
        Ok(Self {
            protocol,
            slots: SlotMap::with_key(),
            timers: TimerList::new(),
            shared: Shared::new(id, shards, config),
            roster: Roster::default(),
            questions: Questions::default(),
            draining: None,
        })
    }

    /// Takes in a transport that a peer has opened; its upgrade request is expected.
    ///
    /// # Errors
    /// [`Refused`], and counted.
    pub fn open(
        &mut self,
        peer: impl Into<Peer>,
        now: Timestamp,
    ) -> Result<ConnectionKey, Refused> {
        let shared = &self.shared;
        if self.draining.is_some() || self.slots.len() >= shared.config.limits.connections {
            self.refused();
            return Err(Refused);
        }
        let timers = &self.timers;
        let key = self.slots.insert_with_key(|key| {
            let mut link = Link::new(peer.into(), timers.timer(key));
            let until = shared.config.timeouts.handshake.map(|after| now + after);
            link.set(Deadline::Handshake, until, &shared.counters);
            Slot { decoder: frames::Decoder::default(), link, session: None }
        });
        self.roster.enter(key, now);
        shared.counters.opened.add(1);
        shared.counters.connections.set(self.slots.len() as u64);
        Ok(key)
    }

    /// Counts a transport that was refused before it came here.
    pub fn refused(&self) {
        self.shared.counters.refused.add(1);
    }

    /// Counts that mail from another thread has woken the loop.
    pub fn woken(&self) {
        self.shared.counters.wakeups.add(1);
    }

    /// Counts a turn that is over, by what it took from its first event to its last write.
    pub fn took(&self, duration: Duration) {
        self.shared.counters.turn_time.record(duration);
    }

    /// When the next [`turn`](Self::turn) has something to do: [`Timestamp::ZERO`], which is always
    /// past, if the last one left work over; `None` if only a peer or mail can bring some.
    #[must_use]
    pub fn earliest(&self) -> Option<Timestamp> {
        let shared = &self.shared;
        let is_behind = !shared.endings.is_empty()
            || !shared.unread.is_empty()
            || !shared.dirty.is_empty()
            || !shared.flushing.is_empty()
            || !shared.losses.is_empty()
            || !shared.retiming.is_empty()
            || shared.topics.pending().0 > 0
            || !self.questions.is_empty();
        if is_behind {
            return Some(Timestamp::ZERO);
        }
        let told = self.draining.as_ref().and_then(Draining::next_at);
        [self.timers.earliest(), told].into_iter().flatten().min()
    }

    /// As many publications wait for this shard's subscribers as may: more mail is to wait in its
    /// mailbox, where it makes its senders wait. What waits for *other* shards doesn't count, or two
    /// that wait for each other would do so for ever.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.shared.config.limits.is_reached(self.shared.topics.pending())
    }

    /// Publications wait for room in another shard's mailbox: offer them again before long.
    #[must_use]
    pub fn has_mail(&self) -> bool {
        self.shared.relay.staged().0 > 0
    }

    /// Whether the connection is still known.
    #[must_use]
    pub fn contains(&self, key: ConnectionKey) -> bool {
        self.slots.contains_key(key)
    }

    /// Connections in whatever state.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Connections whose upgrade request has not come, or has not been answered.
    #[must_use]
    pub fn handshaking(&self) -> usize {
        let counters = &self.shared.counters;
        let over = counters.handshakes.get() + counters.handshakes_failed.get();
        usize::try_from(counters.opened.get().saturating_sub(over)).unwrap_or(usize::MAX)
    }

    /// There are no connections.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Armed timers: at most one a connection.
    #[must_use]
    pub fn timers(&self) -> usize {
        self.timers.len()
    }

    /// [`Mail::Drain`] has come: nothing is taken in any more.
    #[must_use]
    pub const fn is_draining(&self) -> bool {
        self.draining.is_some()
    }

    /// By when all connections of a shutdown have been told: [`Timeouts::drain`].
    #[must_use]
    pub fn drained_by(&self) -> Option<Timestamp> {
        self.draining.as_ref().map(Draining::ends_at)
    }

    /// What the shard counts; stays readable from any thread.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.shared.counters)
    }
}
