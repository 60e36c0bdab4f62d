//! What the server sent: frames into messages and control frames, checked as a client must.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// More than any echo that a storm asks for; a longer declared length is a broken server.
const MAX_MESSAGE: usize = 16 << 20;

/// A complete message, lent out of the receive buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storm) struct Message<'a> {
    pub(in crate::storm) binary: bool,
    pub(in crate::storm) payload: &'a [u8],
}

/// One thing the server said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Message(Message<'a>),
    Ping(&'a [u8]),
    Pong,
    /// With its code, if it carried one.
    Close(Option<u16>),
}

/// How a server can break RFC 6455; the section is named with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::storm) enum Violation {
    #[error("a masked frame (5.1)")]
    Masked,
    #[error("reserved bits are set (5.2)")]
    ReservedBits,
    #[error("a reserved opcode (5.2)")]
    ReservedOpcode,
    #[error("a fragmented control frame (5.5)")]
    FragmentedControl,
    #[error("a control frame longer than 125 bytes (5.5)")]
    LongControl,
    #[error("a Close frame with one byte of payload (5.5.1)")]
    BadClose,
    #[error("a continuation of nothing (5.4)")]
    StrayContinuation,
    #[error("a new message inside an unfinished one (5.4)")]
    InterruptedMessage,
    #[error("a message above 16 MiB")]
    TooLong,
}

/// The unfinished end of a connection's input; empty, and without a buffer, between messages.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The head of a frame whose rest has not come yet.
    pending: Vec<u8>,
    /// The fragments of the unfinished message, and whether it is binary.
    message: Option<(bool, Vec<u8>)>,
}

impl Decoder {
    /// Takes the bytes of one `recv` and hands each complete item to `each`.
    ///
    /// # Errors
    ///
    /// A violation of the protocol, or the first error of `each`; the connection is then of no use.
    pub(super) fn feed<E: From<Violation>>(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.pending.is_empty() {
            let used = self.consume(bytes, &mut each)?;
            self.pending.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(bytes);
        let used = self.consume(&pending, &mut each)?;
        if used < pending.len() {
            pending.drain(..used);
            self.pending = pending;
        }
        Ok(())
    }

    fn consume<E: From<Violation>>(
        &mut self,
        bytes: &[u8],
        each: &mut impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut used = 0;
        while let Some(Frame { header, payload, length }) = Frame::parse(&bytes[used..])? {
            used += length;
            match header.opcode {
                OpCode::Control(control) => each(self::control(&header, control, payload)?)?,
                OpCode::Data(data) => self.data(&header, data, payload, each)?,
            }
        }
        Ok(used)
    }

    fn data<E: From<Violation>>(
        &mut self,
        header: &FrameHeader,
        data: Data,
        payload: &[u8],
        each: &mut impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match (data, &mut self.message) {
            (Data::Continue, None) => return Err(Violation::StrayContinuation.into()),
            (Data::Continue, Some((_, message))) => {
                if message.len() + payload.len() > MAX_MESSAGE {
                    return Err(Violation::TooLong.into());
                }
                message.extend_from_slice(payload);
            }
            (_, Some(_)) => return Err(Violation::InterruptedMessage.into()),
            (_, None) if header.is_final => {
                return each(Item::Message(Message { binary: data == Data::Binary, payload }));
            }
            (_, None) => self.message = Some((data == Data::Binary, payload.to_vec())),
        }
        match self.message.take() {
            Some((binary, message)) if header.is_final => {
                each(Item::Message(Message { binary, payload: &message }))
            }
            unfinished => {
                self.message = unfinished;
                Ok(())
            }
        }
    }
}

struct Frame<'a> {
    header: FrameHeader,
    payload: &'a [u8],
    /// Of header and payload.
    length: usize,
}

impl<'a> Frame<'a> {
    /// The first frame of `bytes`, if it is all there.
    fn parse(bytes: &'a [u8]) -> Result<Option<Self>, Violation> {
        let mut cursor = Cursor::new(bytes);
        // tungstenite's parser has one fault to find in a header: its opcode.
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Violation::ReservedOpcode)?;
        let Some((header, declared)) = parsed else { return Ok(None) };
        if header.mask.is_some() {
            return Err(Violation::Masked);
        }
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(Violation::ReservedBits);
        }
        let payload = usize::try_from(declared).ok().filter(|&payload| payload <= MAX_MESSAGE);
        let head = header.len(declared);
        let length = head + payload.ok_or(Violation::TooLong)?;
        Ok(bytes.get(head..length).map(|payload| Self { header, payload, length }))
    }
}

fn control<'a>(
    header: &FrameHeader,
    control: Control,
    payload: &'a [u8],
) -> Result<Item<'a>, Violation> {
    if !header.is_final {
        return Err(Violation::FragmentedControl);
    }
    if payload.len() > 125 {
        return Err(Violation::LongControl);
    }
    match (control, payload) {
        (Control::Ping, _) => Ok(Item::Ping(payload)),
        (Control::Pong, _) => Ok(Item::Pong),
        (Control::Close, []) => Ok(Item::Close(None)),
        (Control::Close, [high, low, ..]) => {
            Ok(Item::Close(Some(u16::from_be_bytes([*high, *low]))))
        }
        (Control::Close, [_]) => Err(Violation::BadClose),
        (Control::Reserved(_), _) => Err(Violation::ReservedOpcode),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that `bytes` says when it arrives in pieces of `step` bytes.
    fn decode(bytes: &[u8], step: usize) -> Result<Vec<String>, Violation> {
        let (mut decoder, mut items) = (Decoder::default(), Vec::new());
        for piece in bytes.chunks(step) {
            decoder.feed(piece, |item| {
                items.push(format!("{item:?}"));
                Ok::<_, Violation>(())
            })?;
        }
        Ok(items)
    }

    #[test]
    fn any_tearing_gives_the_same_items() {
        let bytes = [
            &[0x82, 3, 1, 2, 3][..],      // binary
            &[0x01, 2, b'h', b'e'],       // text, first fragment
            &[0x89, 1, 9],                // ping between fragments
            &[0x80, 3, b'l', b'l', b'o'], // last fragment
            &[0x88, 2, 0x03, 0xE8],       // close 1000
        ]
        .concat();
        let whole = decode(&bytes, bytes.len()).unwrap();
        assert_eq!(whole.len(), 4, "{whole:?}");
        assert!(whole[2].contains("[104, 101, 108, 108, 111]"), "{whole:?}");
        for step in 1..bytes.len() {
            assert_eq!(decode(&bytes, step).unwrap(), whole, "pieces of {step}");
        }
    }

    #[test]
    fn long_payloads_are_kept_until_they_are_whole() {
        let mut bytes = vec![0x82, 126];
        bytes.extend_from_slice(&300_u16.to_be_bytes());
        bytes.extend_from_slice(&[7; 300]);
        assert_eq!(decode(&bytes, 64).unwrap().len(), 1);
        assert_eq!(decode(&bytes[..303], 64).unwrap().len(), 0);
    }

    #[test]
    fn every_violation_is_named() {
        let mut huge = vec![0x82, 127];
        huge.extend_from_slice(&u64::MAX.to_be_bytes());
        let mut long_ping = vec![0x89, 126, 0, 126];
        long_ping.extend_from_slice(&[0; 126]);
        let cases: [(&[u8], Violation); 9] = [
            (&[0x82, 0x81, 0, 0, 0, 0, 1], Violation::Masked),
            (&[0xC2, 0], Violation::ReservedBits),
            (&[0x83, 0], Violation::ReservedOpcode),
            (&[0x09, 0], Violation::FragmentedControl),
            (&long_ping, Violation::LongControl),
            (&[0x88, 1, 3], Violation::BadClose),
            (&[0x80, 0], Violation::StrayContinuation),
            (&[0x02, 0, 0x82, 0], Violation::InterruptedMessage),
            (&huge, Violation::TooLong),
        ];
        for (bytes, violation) in cases {
            assert_eq!(decode(bytes, bytes.len()), Err(violation));
        }
    }

    #[test]
    fn garbage_never_panics() {
        let seed = 11;
        println!("seed {seed}");
        let mut random = crate::storm::random::Random::new(seed);
        for length in 0..2_000 {
            let mut bytes = vec![0; length % 97];
            random.fill(&mut bytes);
            let _ = decode(&bytes, 1 + length % 7);
        }
    }
}
