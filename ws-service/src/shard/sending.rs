//! From a message to its connection's queue.

use sul::Timestamp;

use super::context::{SendError, Sent};
use super::frame::Frame;
use super::frames;
use super::id::ConnectionKey;
use super::link::{Link, Sending};
use super::outlet::Outlet;
use super::protocol::{Message, Piece};
use super::shared::Shared;

impl Shared {
    /// Queues a message, or writes it, or holds it back while another is sent in pieces.
    #[inline]
    pub(super) fn push_message(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        message: Message<'_>,
        outlet: &mut Outlet<'_>,
        now: Timestamp,
    ) {
        let size = message.as_bytes().len();
        let is_plain = link.agreement.is_none() && link.sending == Sending::Nothing;
        if !is_plain || outlet.is_for(size, self.config.budget.copied_bytes) {
            return self.push_other_message(key, link, message, outlet, now);
        }
        link.outbox.push(&mut self.pool, size, |out| frames::message_frame(out, message));
    }

    /// The same where it may be compressed, or written at once, or has to wait.
    #[inline(never)]
    fn push_other_message(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        message: Message<'_>,
        outlet: &mut Outlet<'_>,
        now: Timestamp,
    ) {
        let deflated = link
            .codec()
            .and_then(|mut codec| self.deflate.compress(&mut codec, message.as_bytes()));
        if deflated.is_some() {
            self.counters.deflated.add(1);
        }
        let payload = deflated.unwrap_or(message.as_bytes());
        let head = frames::Head::new(message, deflated.is_some(), payload.len());
        let encode = |out: &mut Vec<u8>| frames::append(out, &head, payload);
        if link.sending != Sending::Nothing {
            return self.held.push(key, encode);
        }
        if outlet.is_for(payload.len(), self.config.budget.copied_bytes)
            && let Some(taken) =
                link.outbox.pass(&mut self.pool, outlet, [head.as_bytes(), payload])
        {
            self.counters.bytes_out.add(taken as u64);
            if !link.outbox.is_empty() {
                self.watch_writing(link, now);
            }
            return;
        }
        link.outbox.push(&mut self.pool, payload.len(), encode);
    }

    /// The same for a message that others get, too.
    pub(super) fn push_frame(&mut self, key: ConnectionKey, link: &mut Link, frame: &Frame) {
        let bytes = match link.codec() {
            Some(mut codec) => self.deflate.frame(&mut codec, frame),
            None => frame.plain().clone(),
        };
        self.counters.deflated.add(u64::from(frames::is_deflated(&bytes)));
        match link.sending {
            Sending::Nothing => link.outbox.push_shared(&mut self.pool, &bytes),
            Sending::Text | Sending::Binary => {
                self.held.push(key, |out| out.extend_from_slice(&bytes));
            }
        }
        self.flush_later(key, link);
    }

    /// Queues a part of a message, and behind the last one what has waited for it.
    ///
    /// # Errors
    /// There is no room for it, or it is not the part that can come next.
    pub(super) fn push_piece(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        piece: Piece<'_>,
    ) -> Result<Sent, SendError> {
        if !link.is_open() {
            return Err(SendError::Closed);
        }
        let kind = Sending::of(piece.part);
        let expected = if piece.is_first { Sending::Nothing } else { kind };
        if link.sending != expected {
            return Err(SendError::OutOfSequence);
        }
        self.room_for(key, link, piece.part.as_bytes().len())?;
        let Link { outbox, sending, .. } = link;
        outbox.push(&mut self.pool, piece.part.as_bytes().len(), |out| {
            frames::piece_frame(out, piece);
        });
        *sending = if piece.is_last { Sending::Nothing } else { kind };
        if piece.is_last {
            let held = self.held.take(key);
            for frame in frames::each(&held) {
                outbox.push(&mut self.pool, frame.len(), |out| out.extend_from_slice(frame));
            }
        }
        self.counters.messages_out.add(u64::from(piece.is_last));
        Ok(self.pressure(link))
    }

    /// Drops what waits for the end of a message that will have none.
    pub(super) fn drop_held(&mut self, key: ConnectionKey, link: &mut Link) {
        drop(self.held.take(key));
        link.sending = Sending::Nothing;
    }

    /// Bytes that wait to be written to a peer.
    pub(super) fn queued(&self, key: ConnectionKey, link: &Link) -> usize {
        let held = if link.sending == Sending::Nothing { 0 } else { self.held.bytes(key) };
        link.outbox.len() + held
    }
}
