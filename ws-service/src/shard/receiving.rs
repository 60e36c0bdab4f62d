//! From the bytes of a peer to the protocol's handlers.

use sul::Timestamp;

use super::Shard;
use super::config::Config;
use super::deadlines::Deadline;
use super::frames::{Incoming, Input, Rules};
use super::id::ConnectionKey;
use super::link::{Phase, Slot};
use super::protocol::{Message, Protocol};
use super::reason::CloseReason;

impl<P: Protocol> Shard<P> {
    /// Takes what has come from a peer. Frames are unmasked where they lie: the bytes are used up.
    pub fn receive(&mut self, key: ConnectionKey, bytes: &mut [u8], now: Timestamp) {
        let Some(slot) = self.slots.get_mut(key) else { return };
        match &mut slot.link.phase {
            Phase::Handshake(_) => self.receive_head(key, bytes, now),
            Phase::Deferred(deferred) => {
                let limit = self.shared.config.limits.handshake_bytes;
                if deferred.pipelined.len() + bytes.len() <= limit {
                    deferred.pipelined.extend_from_slice(bytes);
                } else {
                    self.refuse_flood(key, now);
                }
            }
            Phase::Open | Phase::Closing => self.receive_frames(key, bytes, now),
            Phase::Lingering { .. } | Phase::Finished => {}
        }
    }

    pub(super) fn receive_frames(&mut self, key: ConnectionKey, bytes: &mut [u8], now: Timestamp) {
        let rules = rules(&self.shared.config);
        let mut input = Input::new(bytes);
        let mut is_fresh = false;
        loop {
            let Some(Slot { decoder, link, session }) = self.slots.get_mut(key) else { return };
            if !matches!(link.phase, Phase::Open | Phase::Closing) {
                return;
            }
            is_fresh |= !decoder.is_unfinished();
            let incoming = match decoder.next(&mut input, rules) {
                Ok(Some(incoming)) => incoming,
                Ok(None) => break,
                Err(violation) => {
                    self.shared.end(key, link, CloseReason::Violation(violation), "", now);
                    self.end_of_closing(key);
                    return;
                }
            };
            let message = match incoming {
                Incoming::Text(text) => Message::Text(text),
                Incoming::Binary(bytes) => Message::Binary(bytes),
                Incoming::Fragment => continue,
                Incoming::Ping(payload) => {
                    if link.is_open() {
                        self.shared.queue(key, link, |outbox, pool| outbox.pong(pool, payload));
                    }
                    continue;
                }
                Incoming::Pong(payload) => {
                    self.shared.pong(link, payload, now);
                    continue;
                }
                Incoming::Close(code, text) => {
                    let reason = CloseReason::Peer(code, text.into());
                    self.shared.end(key, link, reason, "", now);
                    self.end_of_closing(key);
                    return;
                }
            };
            let (Phase::Open, Some(session)) = (&link.phase, session) else { continue };
            self.shared.counters.messages_in.add(1);
            self.shared.counters.bytes_in.add(message.as_bytes().len() as u64);
            let protocol = &*self.protocol;
            self.shared.run(key, link, now, |cx| protocol.message(cx, session, message));
        }
        self.time_message(key, is_fresh, now);
    }

    /// The message deadline runs from the first byte of what is unfinished.
    fn time_message(&mut self, key: ConnectionKey, is_fresh: bool, now: Timestamp) {
        let Some(Slot { decoder, link, .. }) = self.slots.get_mut(key) else { return };
        if !link.is_open() {
            return;
        }
        let timeouts = &self.shared.config.timeouts;
        let counters = &self.shared.counters;
        if !decoder.is_unfinished() {
            link.clear(Deadline::Message, counters);
        } else if is_fresh {
            link.set(Deadline::Message, timeouts.message.map(|after| now + after), counters);
        }
        if link.owes_hangup && !decoder.is_inside_frame() {
            // The frame is through: the peer gets the time for its pong that it had no chance to use.
            link.owes_hangup = false;
            let grace = timeouts
                .hangup_after
                .map(|hangup| now + hangup.saturating_sub(timeouts.ping_after.unwrap_or_default()));
            link.set(Deadline::HangUp, grace, counters);
        }
    }

    /// In the closing handshake, anything that ends the peer's side ends the connection.
    fn end_of_closing(&mut self, key: ConnectionKey) {
        let Some(Slot { link, .. }) = self.slots.get_mut(key) else { return };
        if matches!(link.phase, Phase::Closing) {
            link.phase = Phase::Finished;
            self.settle_transport(key);
        }
    }
}

const fn rules(config: &Config) -> Rules {
    Rules { message_size: config.limits.message_size, fragments: config.limits.fragments }
}
