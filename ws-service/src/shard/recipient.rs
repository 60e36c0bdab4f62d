//! What becomes of one thing that a peer has said.

use sul::Timestamp;

use super::deflate::Deflated;
use super::frames::{self, Incoming, Input, InvalidUtf8};
use super::id::ConnectionKey;
use super::link::{Link, Phase};
use super::outlet::Outlet;
use super::protocol::{Message, Piece, Protocol};
use super::reason::{CloseReason, Violation};
use super::shared::Shared;

/// A connection that its peer speaks to, apart from its decoder, which lends what has been said.
pub(super) struct Recipient<'a, P: Protocol> {
    pub(super) protocol: &'a P,
    pub(super) shared: &'a mut Shared,
    pub(super) key: ConnectionKey,
    pub(super) link: &'a mut Link,
    pub(super) session: &'a mut Option<P::Session>,
    pub(super) outlet: Outlet<'a>,
    pub(super) now: Timestamp,
}

/// What has been taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// A message, a control frame, or what tells nothing yet.
    Frame,
    /// A part of a message that is told as it comes.
    Piece,
    /// The peer's last word.
    Close,
}

impl<P: Protocol> Recipient<'_, P> {
    pub(super) fn take(&mut self, incoming: Incoming<'_>) -> Result<Taken, Violation> {
        match incoming {
            Incoming::Message(message) => self.message(message),
            Incoming::Deflated { is_text, payload } => return self.deflated(is_text, payload),
            Incoming::Piece(piece) => {
                self.piece(piece);
                return Ok(Taken::Piece);
            }
            Incoming::DeflatedPiece { is_text, payload, is_last } => {
                return self.deflated_piece(Deflated::new(is_text, payload, is_last));
            }
            Incoming::Fragment => {}
            Incoming::Ping(payload) => {
                if self.link.is_open() {
                    self.shared
                        .queue(self.key, self.link, |outbox, pool| outbox.pong(pool, payload));
                }
            }
            Incoming::Pong(payload) => self.shared.pong(self.link, payload, self.now),
            Incoming::Close(code, text) => {
                let reason = CloseReason::Peer(code, text.into());
                self.shared.end(self.key, self.link, reason, "", self.now);
                return Ok(Taken::Close);
            }
        }
        Ok(Taken::Frame)
    }

    /// Takes what comes [whole](Input::take_message), up to `most` messages: says how many.
    ///
    /// This loop is what a busy service does all day. It leaves its inside only to settle what a
    /// handler has asked for.
    pub(super) fn take_messages(
        &mut self,
        input: &mut Input<'_>,
        longest: u64,
        most: usize,
    ) -> Result<usize, Violation> {
        let Self { protocol, shared, key, link, session, outlet, now } = self;
        let Some(session) = session else { return Ok(0) };
        let (mut count, mut bytes, mut end) = (0, 0, None);
        while end.is_none() && count < most && link.is_open() {
            shared.run_at(outlet, *key, link, *now, |cx| {
                while count < most && cx.recorded.is_empty() {
                    match input.take_message(longest) {
                        Some(Ok((message, is_last))) => {
                            cx.outlet.nothing_follows = is_last;
                            count += 1;
                            bytes += message.as_bytes().len();
                            protocol.message(cx, session, message);
                        }
                        Some(Err(violation)) => return end = Some(Err(violation)),
                        None => return end = Some(Ok(())),
                    }
                }
            });
        }
        shared.counters.messages_in.add(count as u64);
        shared.counters.bytes_in.add(bytes as u64);
        end.unwrap_or(Ok(())).map(|()| count)
    }

    /// A whole message.
    fn message(&mut self, message: Message<'_>) {
        if self.link.in_pieces {
            return self.piece(Piece { part: message, is_first: true, is_last: true });
        }
        let Self { protocol, shared, key, link, session, outlet, now } = self;
        if let (Phase::Open, Some(session)) = (&link.phase, session) {
            shared.counters.messages_in.add(1);
            shared.counters.bytes_in.add(message.as_bytes().len() as u64);
            shared.run_at(outlet, *key, link, *now, |cx| protocol.message(cx, session, message));
        }
    }

    fn piece(&mut self, piece: Piece<'_>) {
        let Self { protocol, shared, key, link, session, outlet, now } = self;
        if let (Phase::Open, Some(session)) = (&link.phase, session) {
            shared.counters.messages_in.add(u64::from(piece.is_last));
            shared.counters.bytes_in.add(piece.part.as_bytes().len() as u64);
            shared.run_at(outlet, *key, link, *now, |cx| protocol.piece(cx, session, piece));
        }
    }

    /// A whole message that came compressed.
    fn deflated(&mut self, is_text: bool, payload: &[u8]) -> Result<Taken, Violation> {
        let Some(mut codec) = self.link.codec() else { return Ok(Taken::Frame) };
        let Shared { deflate, config, .. } = &mut *self.shared;
        let bytes = deflate.inflate(&mut codec, payload, &config.limits)?;
        self.shared.counters.inflated.add(1);
        if is_text {
            let text = frames::text(&bytes).map_err(|InvalidUtf8| Violation::InvalidUtf8)?;
            self.message(Message::Text(text));
        } else {
            self.message(Message::Binary(&bytes));
        }
        self.shared.deflate.give_back(bytes);
        Ok(Taken::Frame)
    }

    /// A part of a compressed message that is told as it comes.
    fn deflated_piece(&mut self, mut part: Deflated<'_>) -> Result<Taken, Violation> {
        let limit = self.shared.config.limits.streamed_size.unwrap_or(u64::MAX);
        let (mut message, mut taken) = (None, Taken::Frame);
        // Once it is closing, nothing is told, and the stream has lost its thread.
        while !part.is_done() && self.link.is_open() {
            let Some(mut codec) = self.link.codec() else { break };
            let message = message.get_or_insert_with(|| codec.streams.take_telling());
            let bytes = self.shared.deflate.inflate_some(&mut codec, &mut part)?;
            if message.bytes().saturating_add(bytes.len() as u64) > limit {
                return Err(Violation::TooLong);
            }
            if let Some(piece) = message.tell(part.is_text, &bytes, part.ends_message())? {
                self.piece(piece);
                taken = Taken::Piece;
            }
            message.release();
            self.shared.deflate.give_back(bytes);
        }
        self.shared.counters.inflated.add(u64::from(part.ends_message()));
        self.link.streams.put_telling(message.filter(|_| !part.ends_message()));
        Ok(taken)
    }
}
