//! What a handler can do: it records what it wants done, and nothing here runs another handler. Only a long
//! answer is written at once.

use std::time::Duration;

use sul::Timestamp;
use tungstenite::protocol::frame::coding::CloseCode;

use super::frame::Frame;
use super::id::ConnectionId;
use super::link::Link;
use super::outlet::Outlet;
use super::peer::Peer;
use super::protocol::{Message, Piece};
use super::reason::{CloseReason, sendable};
use super::shared::Shared;

/// A handler's view of its connection and its shard. It can't be named on another thread:
///
/// ```compile_fail,E0277
/// fn later(cx: &'static mut ws_service::Context<'static>) {
///     std::thread::spawn(move || cx.clear_timer());
/// }
/// ```
#[derive(Debug)]
pub struct Context<'a> {
    pub(super) id: ConnectionId,
    pub(super) now: Timestamp,
    pub(super) link: &'a mut Link,
    pub(super) shared: &'a mut Shared,
    pub(super) recorded: &'a mut Recorded,
    pub(super) outlet: Outlet<'a>,
}

/// What is settled after the handler has returned.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) end: Option<(CloseReason, Box<str>)>,
    pub(super) timer: Option<TimerChange>,
    pub(super) reading: Option<Reading>,
    pub(super) is_alive: bool,
}

/// Whether a handler wants its connection to be read from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reading {
    Pause,
    Resume,
}

/// What a handler wants of its connection's own deadline.
#[derive(Debug, Clone, Copy)]
pub(super) enum TimerChange {
    Set(Timestamp),
    Clear,
}

/// How a message was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Sent {
    /// It is queued, or has been written.
    Queued,
    /// It is queued, and with it more than [`Limits::high_water`](super::Limits::high_water):
    /// [`Protocol::drained`](super::Protocol::drained) says when that has gone.
    AboveHighWater,
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The connection is not open, or is being closed.
    #[error("the connection is closed")]
    Closed,
    /// It would queue more than [`Limits::queued_bytes`](super::Limits::queued_bytes); by
    /// [`Overflow::Close`](super::Overflow::Close) the connection is closed.
    #[error("too many bytes queued: the connection is closed")]
    Overflow,
    /// The same, by [`Overflow::Drop`](super::Overflow::Drop): the message is dropped and counted.
    #[error("too many bytes queued: the message is dropped")]
    Dropped,
    /// A first part inside a message in parts; a later one of none, or of one of the other kind.
    #[error("not the part of a message that can come next")]
    OutOfSequence,
}

/// Other threads have not taken what was published before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many publications are waiting")]
pub struct Congested;

/// A connection has as many subscriptions as it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many subscriptions")]
pub struct TooManyTopics;

impl Recorded {
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        !self.is_alive && self.timer.is_none() && self.reading.is_none() && self.end.is_none()
    }
}

impl Context<'_> {
    /// The connection's name, valid on every thread.
    #[must_use]
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// Who is at the other end.
    #[must_use]
    pub fn peer(&self) -> Peer {
        self.link.peer.into()
    }

    /// The time of this turn.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Bytes that wait to be written to the peer.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.shared.queued(self.id.key, self.link)
    }

    /// Queues a message to the peer: copied, in one frame, written at the end of the turn. A long one
    /// may be written at once, and then only what the transport doesn't take is
    /// [copied](super::Budget::copied_bytes). One that waits for the end of a message in pieces is no
    /// pressure before that: see [`queued_bytes`](Self::queued_bytes).
    ///
    /// # Errors
    /// [`SendError::Closed`] after [`close`](Self::close) and in `closed`; otherwise too many bytes
    /// are queued already.
    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<Sent, SendError> {
        let message = message.into();
        let size = message.as_bytes().len();
        if self.recorded.end.is_some() {
            return Err(SendError::Closed);
        }
        let room = self.shared.room_for(self.id.key, self.link, size);
        self.note_overflow(room)?;
        self.shared.push_message(self.id.key, self.link, message, &mut self.outlet, self.now);
        Ok(self.shared.sent(self.link))
    }

    /// Queues a part of a message, in a frame of its own (RFC 6455 §5.4): for messages that are too
    /// long, or come too slowly, to be sent whole. It goes uncompressed.
    ///
    /// Until the last part, all else that is sent to this peer, by whomever, waits behind it; closing
    /// leaves the message unfinished and drops what waits. A part that is not taken can be sent again.
    ///
    /// # Errors
    /// [`SendError::OutOfSequence`] if it is not the part that can come next; otherwise as for
    /// [`send`](Self::send).
    pub fn send_piece(&mut self, piece: Piece<'_>) -> Result<Sent, SendError> {
        if self.recorded.end.is_some() {
            return Err(SendError::Closed);
        }
        let sent = self.shared.push_piece(self.id.key, self.link, piece);
        self.note_overflow(sent)
    }

    /// A queue that overflows ends the connection, once the handler has returned.
    fn note_overflow<T>(&mut self, result: Result<T, SendError>) -> Result<T, SendError> {
        if matches!(result, Err(SendError::Overflow)) {
            self.recorded.end = Some((CloseReason::Backlog, Box::default()));
        }
        result
    }

    /// Subscribes the connection to a topic, until [`unsubscribe`](Self::unsubscribe) or its end.
    /// Subscribing twice is the same as once.
    ///
    /// # Errors
    /// The connection has [`Limits::topics_per_connection`](super::Limits::topics_per_connection)
    /// topics.
    pub fn subscribe(&mut self, topic: &str) -> Result<(), TooManyTopics> {
        let link = &mut *self.link;
        if self.shared.topics.is_subscribed(topic, &link.subscriptions) || link.is_told() {
            return Ok(());
        }
        if link.subscriptions.len() >= self.shared.config.limits.topics_per_connection {
            self.shared.counters.topics_refused.add(1);
            return Err(TooManyTopics);
        }
        self.shared.topics.subscribe(topic, self.id.key, &mut link.subscriptions);
        Ok(())
    }

    /// Ends a subscription; says whether there was one. What was published before and has not been
    /// delivered is not delivered any more.
    pub fn unsubscribe(&mut self, topic: &str) -> bool {
        self.shared.topics.unsubscribe(topic, self.id.key, &mut self.link.subscriptions)
    }

    /// Publishes a message to all who subscribe to the topic, on all threads, but not to this
    /// connection itself.
    ///
    /// # Errors
    /// [`Congested`], and then nobody gets it, while too many publications wait to be delivered
    /// here or to be taken by another thread.
    pub fn publish<'m>(
        &mut self,
        topic: &str,
        message: impl Into<Message<'m>>,
    ) -> Result<(), Congested> {
        if self.shared.is_congested() {
            self.shared.counters.congested.add(1);
            return Err(Congested);
        }
        let publication = Frame::new(message.into()).to_topic(topic);
        self.shared.topics.publish(&publication, Some(self.id.key));
        self.shared.relay.publish(&publication);
        Ok(())
    }

    /// Closes the connection: what is queued is written, then a Close with this code and text
    /// (at most 123 bytes of it). The first call counts.
    ///
    /// A code that must not be sent (RFC 6455 §7.4) is sent as 1000.
    pub fn close(&mut self, code: CloseCode, text: &str) {
        let reason = CloseReason::Local(sendable(code));
        self.recorded.end.get_or_insert_with(|| (reason, text.into()));
    }

    /// Calls [`Protocol::timer`](super::Protocol::timer) this long after the turn's time; replaces
    /// what was set before.
    pub fn set_timer(&mut self, after: Duration) {
        self.recorded.timer = Some(TimerChange::Set(self.now + after));
    }

    /// Unsets the timer.
    pub fn clear_timer(&mut self) {
        self.recorded.timer = Some(TimerChange::Clear);
    }

    /// Stops reading from the peer, whose transport then makes it wait: for a protocol that can't keep up
    /// with it. Messages that have been received already are still delivered.
    ///
    /// Meanwhile the peer's silence proves nothing: it is neither pinged nor hung up on, and that it has
    /// gone may not be noticed before something is sent to it.
    pub fn pause_reading(&mut self) {
        self.recorded.reading = Some(Reading::Pause);
    }

    /// Goes on reading; the times to the ping and to the hang-up begin anew.
    pub fn resume_reading(&mut self) {
        self.recorded.reading = Some(Reading::Resume);
    }

    /// The protocol knows that the peer receives: counts as the answer to a ping would.
    pub fn confirm_alive(&mut self) {
        self.recorded.is_alive = true;
    }
}
