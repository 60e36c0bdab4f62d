//! A connection as the shard sees it, whatever its protocol keeps for it.

use bytes::Bytes;
use sul::{Timer, Timestamp};

use super::counters::Counters;
use super::deadlines::{Deadline, Deadlines};
use super::deflate::{Agreement, Codec, Streams};
use super::frames::Decoder;
use super::handshake::Head;
use super::id::ConnectionKey;
use super::outbox::Outbox;
use super::pausing::Pauses;
use super::peer::{PackedPeer, Peer};
use super::protocol::Message;
use super::topics::Subscriptions;

/// All that a shard keeps for a connection. Dropping it cancels its timer.
#[derive(Debug)]
pub(super) struct Slot<S> {
    pub(super) decoder: Decoder,
    pub(super) link: Link,
    /// From `accept` until `closed` takes it.
    pub(super) session: Option<S>,
}

/// The part that doesn't depend on the protocol.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) peer: PackedPeer,
    pub(super) phase: Phase,
    pub(super) outbox: Outbox,
    pub(super) subscriptions: Subscriptions,
    pub(super) streams: Streams,
    timer: Timer<ConnectionKey>,
    pub(super) deadlines: Deadlines,
    /// How messages are compressed, if that has been agreed on.
    pub(super) agreement: Option<Agreement>,
    /// In the list of those to be flushed this turn.
    pub(super) is_dirty: bool,
    /// Messages are told as they come.
    pub(super) in_pieces: bool,
    pub(super) sending: Sending,
    pub(super) pauses: Pauses,
    pub(super) ending: Ending,
}

/// The message whose first pieces have been sent, and whose last has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    Nothing,
    Text,
    Binary,
}

impl Sending {
    pub(super) const fn of(part: Message<'_>) -> Self {
        match part {
            Message::Text(_) => Self::Text,
            Message::Binary(_) => Self::Binary,
        }
    }
}

/// How far the end of a connection's session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It lives, or is yet to come.
    None,
    /// It has ended; the protocol is yet to be told.
    Queued,
    /// The protocol has been told.
    Told,
}

/// How far a connection has come.
#[derive(Debug)]
pub(super) enum Phase {
    /// The upgrade request is not all there.
    Handshake(Option<Box<Head>>),
    /// The protocol has deferred its answer.
    Deferred(Box<Deferred>),
    /// Messages go both ways.
    Open,
    /// Our Close is queued; the peer's is awaited.
    Closing,
    /// Our last words are queued; then the write side is shut, and what comes is thrown away until
    /// the peer is done. Ending at once would reset the transport and lose the last words.
    Lingering {
        /// The write side has been told to shut.
        is_shut: bool,
    },
    /// What is queued is written, then the transport is closed.
    Finished,
}

/// A request whose answer the protocol has deferred.
#[derive(Debug)]
pub(super) struct Deferred {
    /// The 101 to send on admission.
    pub(super) response: Bytes,
    /// What the client sent behind its request.
    pub(super) pipelined: Vec<u8>,
}

impl Link {
    pub(super) fn new(peer: Peer, timer: Timer<ConnectionKey>) -> Self {
        Self {
            peer: peer.into(),
            phase: Phase::Handshake(None),
            outbox: Outbox::new(),
            subscriptions: Subscriptions::new(),
            streams: Streams::none(),
            timer,
            deadlines: Deadlines::new(),
            agreement: None,
            is_dirty: false,
            in_pieces: false,
            sending: Sending::Nothing,
            pauses: Pauses::none(),
            ending: Ending::None,
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// What messages are compressed and inflated with, if that has been agreed on.
    pub(super) fn codec(&mut self) -> Option<Codec<'_>> {
        self.agreement.map(|agreement| Codec::new(agreement, &mut self.streams))
    }

    /// The session's end is queued, or has been told.
    pub(super) const fn is_ending(&self) -> bool {
        !matches!(self.ending, Ending::None)
    }

    pub(super) const fn is_told(&self) -> bool {
        matches!(self.ending, Ending::Told)
    }

    /// Its upgrade request has not come, or has not been answered.
    pub(super) const fn is_asking(&self) -> bool {
        matches!(self.phase, Phase::Handshake(_) | Phase::Deferred(_))
    }

    /// Sets a deadline, or unsets it where the configuration has none.
    pub(super) fn set(
        &mut self,
        deadline: Deadline,
        at: impl Into<Option<Timestamp>>,
        counters: &Counters,
    ) {
        match at.into() {
            Some(at) => {
                if self.deadlines.set(deadline, at) {
                    counters.armed[deadline as usize].add(1);
                }
                self.arm();
            }
            None => self.clear(deadline, counters),
        }
    }

    pub(super) fn clear(&mut self, deadline: Deadline, counters: &Counters) {
        if self.deadlines.clear(deadline) {
            counters.armed[deadline as usize].subtract(1);
            self.arm();
        }
    }

    pub(super) fn clear_all(&mut self, counters: &Counters) {
        for deadline in Deadline::ALL {
            if self.deadlines.clear(deadline) {
                counters.armed[deadline as usize].subtract(1);
            }
        }
        self.timer.cancel();
    }

    pub(super) const fn is_set(&self, deadline: Deadline) -> bool {
        self.deadlines.is_set(deadline)
    }

    /// What is set, and for when.
    pub(super) fn deadlines(&self) -> impl Iterator<Item = (Timestamp, Deadline)> {
        self.deadlines.entries()
    }

    /// Takes the earliest deadline that has come.
    pub(super) fn take_due(&mut self, now: Timestamp, counters: &Counters) -> Option<Deadline> {
        let (at, deadline) = self.deadlines.due(now)?;
        self.deadlines.clear(deadline);
        counters.lateness.record(now.saturating_since(at));
        counters.armed[deadline as usize].subtract(1);
        counters.expired[deadline as usize].add(1);
        Some(deadline)
    }

    /// Arms the timer for the nearest deadline. One that has moved later is left to wake early:
    /// that costs less than moving the timer each time.
    pub(super) fn arm(&mut self) {
        match self.deadlines.nearest() {
            Some(nearest) => {
                if self.timer.deadline().is_none_or(|armed| nearest < armed) {
                    self.timer.schedule(nearest);
                }
            }
            None => {
                self.timer.cancel();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With the slot map's and the timer's share it is to stay below 256 bytes a connection.
    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Slot<()>>() <= 152);
    }
}
