//! The bytes of a client, frame by frame.

use tungstenite::protocol::frame::coding::CloseCode;

use super::header::{self, Common, Header, Kind};
use super::mask;
use super::partial::{Assembly, OpenFrame, Partial};
use super::streamed::Streamed;
use super::utf8::{self, InvalidUtf8};
use crate::shard::protocol::{Message, Piece};
use crate::shard::reason::Violation;

/// What a peer may send.
#[derive(Debug, Clone, Copy)]
pub(in crate::shard) struct Rules {
    pub(in crate::shard) message_size: u64,
    pub(in crate::shard) fragments: u32,
    /// Messages may be compressed.
    pub(in crate::shard) deflate: bool,
    /// Messages are told as they come.
    pub(in crate::shard) in_pieces: bool,
}

impl Rules {
    /// What a message may take up as it comes. Data that doesn't compress grows by five bytes a block,
    /// and a compressor with little memory makes blocks of 128 bytes; the true size is known once it is
    /// inflated.
    const fn longest(self, is_deflated: bool) -> u64 {
        let growth = if is_deflated { self.message_size / 16 + 64 } else { 0 };
        self.message_size.saturating_add(growth)
    }
}

/// Received bytes, and how far they have been read.
#[derive(Debug)]
pub(in crate::shard) struct Input<'b> {
    bytes: &'b mut [u8],
    at: usize,
}

impl<'b> Input<'b> {
    pub(in crate::shard) const fn new(bytes: &'b mut [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes that have been read.
    pub(in crate::shard) const fn used(&self) -> usize {
        self.at
    }

    /// What has not been read.
    pub(in crate::shard) fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Takes the next `count` bytes, or all there are.
    #[inline]
    pub(super) fn take(&mut self, count: usize) -> &mut [u8] {
        let start = self.at;
        self.at = start.saturating_add(count).min(self.bytes.len());
        &mut self.bytes[start..self.at]
    }

    /// Takes the next message if it is all here, in one frame, uncompressed, and not too long: so come
    /// nearly all. Only where [nothing is unfinished](Decoder::is_unfinished). Says, too, whether that is the
    /// last of the bytes.
    #[inline]
    pub(in crate::shard) fn take_message(
        &mut self,
        longest: u64,
    ) -> Option<Result<(Message<'_>, bool), Violation>> {
        let Common { is_text, mask, length, size } = header::common(self.rest())?;
        if length as u64 > longest || length > self.rest().len() - size {
            return None;
        }
        let is_last = self.rest().len() == size + length;
        let payload = &mut self.take(size + length)[size..];
        mask::xor(payload, mask);
        Some(message(is_text, payload).map(|message| (message, is_last)))
    }
}

/// One thing a peer has said, lent from the receive buffer or from the unfinished message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shard) enum Incoming<'a> {
    Message(Message<'a>),
    /// A whole message, compressed.
    Deflated {
        is_text: bool,
        payload: &'a [u8],
    },
    Ping(&'a [u8]),
    Pong(&'a [u8]),
    Close(Option<CloseCode>, &'a str),
    /// A part of a message that is told as it comes.
    Piece(Piece<'a>),
    /// The same, compressed.
    DeflatedPiece {
        is_text: bool,
        payload: &'a [u8],
        is_last: bool,
    },
    /// A frame that is not its message's last.
    Fragment,
}

/// A connection's receiving state: one empty pointer while nothing is unfinished.
#[derive(Debug, Default)]
pub(in crate::shard) struct Decoder {
    partial: Option<Box<Partial>>,
}

impl Decoder {
    /// A frame, or the header of one, is half received: the peer can say nothing else before its end.
    pub(in crate::shard) fn is_inside_frame(&self) -> bool {
        self.partial
            .as_ref()
            .is_some_and(|partial| partial.frame.is_some() || partial.stash.is_open())
    }

    /// A frame or a message is unfinished.
    pub(in crate::shard) fn is_unfinished(&self) -> bool {
        self.partial.as_ref().is_some_and(|partial| !partial.is_empty())
    }

    /// Reads on until there is something to tell, or until `input` is used up (`None`).
    ///
    /// After an error, neither the decoder nor `input` has a meaning.
    pub(in crate::shard) fn next<'a>(
        &'a mut self,
        input: &'a mut Input<'_>,
        rules: Rules,
    ) -> Result<Option<Incoming<'a>>, Violation> {
        self.release();
        match &self.partial {
            Some(partial) if partial.frame.is_some() => self.continue_frame(input, rules),
            Some(partial) if partial.stash.is_open() => self.continue_stash(input, rules),
            _ => self.start_frame(input, rules),
        }
    }

    /// Lets go of what the last call lent. Not to be forgotten where no call follows.
    pub(in crate::shard) fn release(&mut self) {
        if let Some(partial) = &mut self.partial {
            partial.release();
            if partial.is_empty() {
                self.partial = None;
            }
        }
    }

    fn start_frame<'a>(
        &'a mut self,
        input: &'a mut Input<'_>,
        rules: Rules,
    ) -> Result<Option<Incoming<'a>>, Violation> {
        let Some(header) = header::parse(input.rest(), rules.deflate)? else {
            return Ok(self.keep(input));
        };
        self.check(&header, rules)?;
        // A length beyond the address space is beyond any rule.
        let length = usize::try_from(header.length).map_err(|_| Violation::TooLong)?;
        let is_whole = input.rest().len() - header.size >= length;
        if header.kind.is_control() {
            if !is_whole {
                return Ok(self.keep(input));
            }
            return control(header.kind, unmasked(input, &header, length)).map(Some);
        }
        let is_streamed = rules.in_pieces && header.is_deflated;
        if is_whole && header.is_final && header.kind != Kind::Continue && !is_streamed {
            let payload = unmasked(input, &header, length);
            let is_text = header.kind == Kind::Text;
            return if header.is_deflated {
                Ok(Some(Incoming::Deflated { is_text, payload }))
            } else {
                message(is_text, payload).map(Incoming::Message).map(Some)
            };
        }
        input.take(header.size);
        self.open_frame(&header, rules);
        self.continue_frame(input, rules)
    }

    /// What the frame's place in its message, and the limits, say to it.
    fn check(&self, header: &Header, rules: Rules) -> Result<(), Violation> {
        if header.kind.is_control() {
            return Ok(());
        }
        let message = self.partial.as_ref().and_then(|partial| {
            partial.message.as_ref().map(|message| (message, partial.fragments))
        });
        if message.is_some() != (header.kind == Kind::Continue) {
            return Err(Violation::OutOfSequence);
        }
        let (so_far, fragments, is_deflated) = match message {
            Some((message, fragments)) => (message.len(), fragments, message.is_deflated()),
            None => (0, 0, header.is_deflated),
        };
        if header.length > rules.longest(is_deflated).saturating_sub(so_far) {
            return Err(Violation::TooLong);
        }
        if fragments >= rules.fragments && !rules.in_pieces {
            return Err(Violation::TooManyFragments);
        }
        Ok(())
    }

    fn open_frame(&mut self, header: &Header, rules: Rules) {
        let partial = self.partial.get_or_insert_default();
        partial.frame = Some(OpenFrame::new(header));
        if header.kind != Kind::Continue {
            partial.message = Some(if rules.in_pieces {
                Assembly::Streamed(Streamed::new(header))
            } else {
                Assembly::new(header)
            });
            partial.fragments = 0;
        }
        partial.fragments = partial.fragments.saturating_add(1);
    }

    fn continue_frame<'a>(
        &'a mut self,
        input: &'a mut Input<'_>,
        rules: Rules,
    ) -> Result<Option<Incoming<'a>>, Violation> {
        let Some(partial) = self.partial.as_deref_mut() else { return Ok(None) };
        if rules.in_pieces {
            return partial.next_piece(input);
        }
        let (Some(frame), Some(message)) = (&mut partial.frame, &mut partial.message) else {
            return Ok(None);
        };
        let bytes = frame.unmask(input, usize::MAX);
        message.push(bytes, frame.more())?;
        if frame.remaining > 0 {
            return Ok(None);
        }
        let is_final = frame.is_final;
        partial.frame = None;
        if !is_final {
            return Ok(Some(Incoming::Fragment));
        }
        match partial.finish() {
            Some(Assembly::Text(text)) => text
                .finish()
                .map(|text| Some(Incoming::Message(Message::Text(text))))
                .map_err(|InvalidUtf8| Violation::InvalidUtf8),
            Some(Assembly::Binary(bytes)) => Ok(Some(Incoming::Message(Message::Binary(bytes)))),
            Some(Assembly::Deflated { is_text, bytes }) => {
                Ok(Some(Incoming::Deflated { is_text: *is_text, payload: bytes }))
            }
            Some(Assembly::Streamed(_)) | None => Ok(None),
        }
    }

    /// Keeps the rest of `input`: a header, or a control frame, whose end has not come.
    fn keep<'a>(&mut self, input: &mut Input<'_>) -> Option<Incoming<'a>> {
        if !input.rest().is_empty() {
            let stash = &mut self.partial.get_or_insert_default().stash;
            let taken = stash.fill(usize::MAX, input.rest());
            input.take(taken);
        }
        None
    }

    fn continue_stash<'a>(
        &'a mut self,
        input: &'a mut Input<'_>,
        rules: Rules,
    ) -> Result<Option<Incoming<'a>>, Violation> {
        let Some(header) = self.stashed_header(input, rules)? else { return Ok(None) };
        if !header.kind.is_control() {
            self.check(&header, rules)?;
            self.open_frame(&header, rules);
            if let Some(partial) = &mut self.partial {
                partial.stash.clear();
            }
            return self.continue_frame(input, rules);
        }
        let Some(partial) = self.partial.as_deref_mut() else { return Ok(None) };
        let total = header.size + usize::try_from(header.length).unwrap_or(usize::MAX);
        if !partial.stash.fill_from(total, input) {
            return Ok(None);
        }
        partial.stash.close();
        let payload = partial.stash.payload_mut(header.size);
        mask::xor(payload, header.mask);
        control(header.kind, payload).map(Some)
    }

    /// Completes the header in the stash, byte by byte of what it is known to need.
    fn stashed_header(
        &mut self,
        input: &mut Input<'_>,
        rules: Rules,
    ) -> Result<Option<Header>, Violation> {
        let Some(partial) = self.partial.as_deref_mut() else { return Ok(None) };
        loop {
            if let Some(header) = header::parse(partial.stash.bytes(), rules.deflate)? {
                return Ok(Some(header));
            }
            let target = header::size_of(partial.stash.bytes());
            if !partial.stash.fill_from(target, input) {
                return Ok(None);
            }
        }
    }
}

impl super::partial::Stash {
    /// Fills up to `target` bytes; says whether they are all there.
    fn fill_from(&mut self, target: usize, input: &mut Input<'_>) -> bool {
        let taken = self.fill(target, input.rest());
        input.take(taken);
        self.bytes().len() >= target
    }
}

/// Takes a whole frame from `input` and unmasks its payload where it lies.
fn unmasked<'a>(input: &'a mut Input<'_>, header: &Header, length: usize) -> &'a [u8] {
    input.take(header.size);
    let payload = input.take(length);
    mask::xor(payload, header.mask);
    payload
}

#[inline]
fn message(is_text: bool, payload: &[u8]) -> Result<Message<'_>, Violation> {
    if !is_text {
        return Ok(Message::Binary(payload));
    }
    utf8::text(payload).map(Message::Text).map_err(|InvalidUtf8| Violation::InvalidUtf8)
}

fn control(kind: Kind, payload: &[u8]) -> Result<Incoming<'_>, Violation> {
    match kind {
        Kind::Ping => Ok(Incoming::Ping(payload)),
        Kind::Pong => Ok(Incoming::Pong(payload)),
        _ => close(payload),
    }
}

/// A Close body: nothing, or a code that may be sent and a text (§5.5.1, §7.4).
fn close(payload: &[u8]) -> Result<Incoming<'_>, Violation> {
    let Some((code, text)) = payload.split_first_chunk() else {
        return if payload.is_empty() {
            Ok(Incoming::Close(None, ""))
        } else {
            Err(Violation::BadClose)
        };
    };
    let code = CloseCode::from(u16::from_be_bytes(*code));
    if !code.is_allowed() {
        return Err(Violation::BadClose);
    }
    let text = utf8::text(text).map_err(|InvalidUtf8| Violation::InvalidUtf8)?;
    Ok(Incoming::Close(Some(code), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However a message came, nothing of it is kept once it has been lent out.
    #[test]
    fn an_idle_decoder_owns_nothing() {
        assert_eq!(size_of::<Decoder>(), size_of::<usize>());
        let rules = Rules { message_size: 100, fragments: 10, deflate: false, in_pieces: false };
        let stream = b"\x01\x82\0\0\0\0ab\x89\x81\0\0\0\0!\x80\x81\0\0\0\0c\x82\x80\0\0\0\0";
        for size in 1..=stream.len() {
            let (mut decoder, mut count) = (Decoder::default(), 0);
            for piece in stream.chunks(size) {
                let mut piece = piece.to_vec();
                let mut input = Input::new(&mut piece);
                while decoder.next(&mut input, rules).unwrap().is_some() {
                    count += 1;
                }
                assert_eq!(decoder.partial.is_some(), decoder.is_unfinished());
            }
            assert_eq!(count, 4, "a fragment, a ping, the text, and an empty message");
            assert!(decoder.partial.is_none(), "in pieces of {size}");
        }
    }
}
