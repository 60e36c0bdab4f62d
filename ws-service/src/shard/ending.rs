//! How connections end. Whatever the cause, it comes through [`Shared::end`], once; the session's
//! end is then told from a queue, a bounded number per turn, so that losing all at once starves
//! nobody.

use http::StatusCode;
use sul::Timestamp;

use super::Shard;
use super::code_group::CodeGroup;
use super::deadlines::Deadline;
use super::deflate::Streams;
use super::frames::Decoder;
use super::handshake;
use super::id::ConnectionKey;
use super::link::{Ending, Link, Phase, Slot};
use super::protocol::{Protocol, Rejection};
use super::reason::CloseReason;
use super::shared::{Shared, Transport};

impl Shared {
    /// Ends a connection's session, and says goodbye to its peer where that makes sense. Only the
    /// first reason counts.
    pub(super) fn end(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        reason: CloseReason,
        text: &str,
        now: Timestamp,
    ) {
        if link.is_ending() {
            return;
        }
        link.ending = Ending::Queued;
        link.clear_all(&self.counters);
        self.drop_held(key, link);
        self.end_pauses(key, link);
        self.meters.forget(key);
        self.losses.forget(key);
        let (was_open, was_asking) = (link.is_open(), link.is_asking());
        link.phase = phase_after(&reason);
        match (&reason, &link.phase) {
            // It has ended its side; what it was sent before that it may still read.
            (CloseReason::Disconnected, _) => {}
            // It has shown that it takes nothing.
            (CloseReason::Timeout(_), Phase::Finished) => self.abandon(link),
            _ if was_open => self.say_goodbye(key, link, &reason, text),
            _ if was_asking => self.turn_away(key, link),
            _ => {}
        }
        if was_asking {
            self.counters.handshakes_failed.add(1);
            self.counters.unopened[reason.kind() as usize].add(1);
        }
        if !link.outbox.is_empty() || !matches!(link.phase, Phase::Finished) {
            link.set(Deadline::Close, now + self.config.timeouts.close, &self.counters);
        }
        self.endings.push_back((key, reason));
    }

    fn say_goodbye(&mut self, key: ConnectionKey, link: &mut Link, why: &CloseReason, text: &str) {
        let code = match why {
            CloseReason::Peer(code, _) => *code,
            other => other.code(),
        };
        self.queue(key, link, |outbox, pool| {
            if matches!(why, CloseReason::Backlog) {
                outbox.truncate(pool);
            }
            outbox.push_close(pool, code, text);
        });
    }

    /// Before the upgrade the last word is a refusal: the one that is queued, or that we can't serve
    /// the request. There is no closing handshake to wait for.
    fn turn_away(&mut self, key: ConnectionKey, link: &mut Link) {
        link.phase = Phase::Lingering { is_shut: false };
        if link.outbox.is_empty() {
            let rejection = Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "not available now");
            let response = handshake::refusal(&rejection);
            self.queue(key, link, |outbox, pool| outbox.push_response(pool, response));
        }
    }

    /// The transport is gone, or nothing more can be written to it.
    pub(super) fn abandon(&mut self, link: &mut Link) {
        link.outbox.clear(&mut self.pool);
        link.phase = Phase::Finished;
        link.clear_all(&self.counters);
    }

    /// Answers an upgrade request with a refusal.
    pub(super) fn refuse(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        response: bytes::Bytes,
        reason: CloseReason,
        now: Timestamp,
    ) {
        self.queue(key, link, |outbox, pool| outbox.push_response(pool, response));
        self.end(key, link, reason, "", now);
    }

    pub(super) fn refuse_late(&mut self, key: ConnectionKey, link: &mut Link, now: Timestamp) {
        let rejection = Rejection::new(StatusCode::REQUEST_TIMEOUT, "the request took too long");
        let response = handshake::refusal(&rejection);
        self.refuse(key, link, response, CloseReason::Timeout(Deadline::Handshake), now);
    }
}

/// Who has the last word decides how the transport ends.
fn phase_after(reason: &CloseReason) -> Phase {
    match reason {
        CloseReason::Local(_) | CloseReason::Shutdown => Phase::Closing,
        CloseReason::Violation(_)
        | CloseReason::Backlog
        | CloseReason::Panicked
        | CloseReason::Rejected
        | CloseReason::Timeout(Deadline::Message | Deadline::Handshake) => {
            Phase::Lingering { is_shut: false }
        }
        CloseReason::Peer(..) | CloseReason::Disconnected | CloseReason::Timeout(_) => {
            Phase::Finished
        }
    }
}

impl<P: Protocol> Shard<P> {
    /// Tells the ends that are queued, up to the turn's budget.
    pub(super) fn tell_endings(&mut self, now: Timestamp) {
        for _ in 0..self.shared.config.budget.closes {
            let Some((key, reason)) = self.shared.endings.pop_front() else { break };
            self.tell_ending(key, reason, now);
            self.settle_transport(key);
        }
    }

    fn tell_ending(&mut self, key: ConnectionKey, reason: CloseReason, now: Timestamp) {
        let Some(Slot { link, session, .. }) = self.slots.get_mut(key) else { return };
        let shared = &mut self.shared;
        link.ending = Ending::Told;
        shared.counters.closes[reason.kind() as usize].add(1);
        shared.counters.codes[CodeGroup::of(&reason) as usize].add(1);
        if let Some(session) = session.take() {
            shared.counters.sessions.subtract(1);
            let protocol = &*self.protocol;
            shared.run(key, link, now, |cx| protocol.closed(cx, session, reason));
        }
        shared.topics.unsubscribe_all(key, &mut link.subscriptions);
    }

    /// The transport is gone, both ways: a reset, or a write that failed.
    pub fn disconnected(&mut self, key: ConnectionKey, now: Timestamp) {
        let Some(Slot { link, .. }) = self.slots.get_mut(key) else { return };
        self.shared.end(key, link, CloseReason::Disconnected, "", now);
        self.shared.abandon(link);
        self.settle_transport(key);
    }

    /// The peer has ended its side: nothing more will come. What is queued for it is still written,
    /// under the close deadline, for it may have stopped sending only. What is still
    /// [unread](Self::has_unread) is not taken any more.
    pub fn ended(&mut self, key: ConnectionKey, now: Timestamp) {
        let Some(Slot { link, .. }) = self.slots.get_mut(key) else { return };
        self.shared.end(key, link, CloseReason::Disconnected, "", now);
        link.phase = Phase::Finished;
        self.settle_transport(key);
    }

    /// All transports are gone, at once.
    pub fn disconnect_all(&mut self, now: Timestamp) {
        let keys: Vec<_> = self.slots.keys().collect();
        for key in keys {
            self.disconnected(key, now);
        }
    }

    /// Forgets a connection that has nothing left to say, or shuts its write side where only the
    /// peer has.
    pub(super) fn settle_transport(&mut self, key: ConnectionKey) {
        let Some(Slot { decoder, link, .. }) = self.slots.get_mut(key) else { return };
        if matches!(link.phase, Phase::Lingering { .. } | Phase::Finished) {
            // Nothing is read any more: what was begun is not kept until the peer is done.
            *decoder = Decoder::default();
            link.streams = Streams::none();
        }
        if !link.outbox.is_empty() {
            return;
        }
        match link.phase {
            Phase::Finished if link.is_told() => {
                link.clear_all(&self.shared.counters);
                self.slots.remove(key);
                self.roster.leave(key);
                self.shared.counters.connections.set(self.slots.len() as u64);
                self.shared.transports.push_back(Transport::Close(key));
            }
            Phase::Lingering { is_shut: false } => {
                link.phase = Phase::Lingering { is_shut: true };
                self.shared.transports.push_back(Transport::ShutWrite(key));
            }
            _ => {}
        }
    }
}
