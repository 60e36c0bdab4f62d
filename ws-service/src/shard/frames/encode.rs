//! Messages to bytes: a server's frames are unmasked (RFC 6455 §5.1).

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use crate::shard::protocol::{Message, Piece};

/// The longest header of a server's frame.
const MAX_HEADER: usize = 10;
/// What a close reason's text may take: a control frame less the code (§5.5.1).
const MAX_REASON: usize = 123;

/// A frame's header, apart from its payload.
#[derive(Debug, Clone, Copy)]
pub(in crate::shard) struct Head {
    bytes: [u8; MAX_HEADER],
    size: usize,
}

impl Head {
    /// That of a message in one frame whose payload, compressed or not, is so long.
    pub(in crate::shard) fn new(message: Message<'_>, is_deflated: bool, length: usize) -> Self {
        Self::of_final(OpCode::Data(opcode(message)), is_deflated, length)
    }

    fn of_final(opcode: OpCode, rsv1: bool, length: usize) -> Self {
        let header = FrameHeader { is_final: true, rsv1, opcode, ..FrameHeader::default() };
        Self::of(&header, length)
    }

    fn of(header: &FrameHeader, length: usize) -> Self {
        let mut bytes = [0; MAX_HEADER];
        let mut room = &mut bytes[..];
        // The header refuses nothing, and finds room.
        let written = header.format(length as u64, &mut room);
        debug_assert!(written.is_ok());
        let size = MAX_HEADER - room.len();
        Self { bytes, size }
    }

    pub(in crate::shard) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.size]
    }
}

/// Appends a frame to `out`.
pub(in crate::shard) fn append(out: &mut Vec<u8>, head: &Head, payload: &[u8]) {
    // The payload is most of it: one allocation is enough.
    out.reserve(MAX_HEADER + payload.len());
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(payload);
}

/// Appends a final frame.
fn frame(out: &mut Vec<u8>, opcode: OpCode, rsv1: bool, payload: &[u8]) {
    append(out, &Head::of_final(opcode, rsv1, payload.len()), payload);
}

/// The same for what nearly every frame is, an uncompressed message of less than 64 KiB; says whether it
/// is one.
#[expect(clippy::inline_always, reason = "called once, for each message that is sent")]
#[inline(always)]
fn common(out: &mut Vec<u8>, message: Message<'_>) -> bool {
    let (first, payload) = match message {
        Message::Text(text) => (0x81, text.as_bytes()),
        Message::Binary(bytes) => (0x82, bytes),
    };
    let Ok(length) = u16::try_from(payload.len()) else { return false };
    let [high, low] = length.to_be_bytes();
    if length < 126 {
        out.extend_from_slice(&[first, low]);
    } else {
        out.reserve(MAX_HEADER + payload.len());
        out.extend_from_slice(&[first, 126, high, low]);
    }
    out.extend_from_slice(payload);
    true
}

/// Appends a message in one frame.
#[inline]
pub(in crate::shard) fn message_frame(out: &mut Vec<u8>, message: Message<'_>) {
    if !common(out, message) {
        frame(out, OpCode::Data(opcode(message)), false, message.as_bytes());
    }
}

const fn opcode(message: Message<'_>) -> Data {
    match message {
        Message::Text(_) => Data::Text,
        Message::Binary(_) => Data::Binary,
    }
}

/// Appends a part of a message in a frame of its own (§5.4).
pub(in crate::shard) fn piece_frame(out: &mut Vec<u8>, piece: Piece<'_>) {
    let Piece { part, is_first, is_last } = piece;
    let opcode = OpCode::Data(if is_first { opcode(part) } else { Data::Continue });
    let header = FrameHeader { is_final: is_last, opcode, ..FrameHeader::default() };
    append(out, &Head::of(&header, part.as_bytes().len()), part.as_bytes());
}

/// Appends a message that is compressed (RFC 7692 §6).
pub(in crate::shard) fn deflated_frame(out: &mut Vec<u8>, is_text: bool, payload: &[u8]) {
    let opcode = if is_text { Data::Text } else { Data::Binary };
    frame(out, OpCode::Data(opcode), true, payload);
}

/// How long the header is of the server's frame that `frame` begins with.
pub(in crate::shard) fn header_size(frame: &[u8]) -> usize {
    match frame.get(1) {
        Some(126) => 4,
        Some(127) => MAX_HEADER,
        _ => 2,
    }
}

/// Whether a frame's payload is compressed.
pub(in crate::shard) fn is_deflated(frame: &[u8]) -> bool {
    frame.first().is_some_and(|first| first & 0x40 != 0)
}

/// Whether a frame's payload is text.
pub(in crate::shard) fn is_text(frame: &[u8]) -> bool {
    frame.first().is_some_and(|first| OpCode::from(first & 0x0f) == OpCode::Data(Data::Text))
}

/// Appends a Ping.
pub(in crate::shard) fn ping_frame(out: &mut Vec<u8>, payload: &[u8]) {
    frame(out, OpCode::Control(Control::Ping), false, payload);
}

/// Appends a Pong.
pub(in crate::shard) fn pong_frame(out: &mut Vec<u8>, payload: &[u8]) {
    frame(out, OpCode::Control(Control::Pong), false, payload);
}

/// Appends a Close with a code, its text cut at a character to what fits; without a code, empty.
pub(in crate::shard) fn close_frame(out: &mut Vec<u8>, code: Option<CloseCode>, text: &str) {
    let mut body = [0; 2 + MAX_REASON];
    let length = code.map_or(0, |code| {
        let text = &text[..text.floor_char_boundary(MAX_REASON)];
        body[..2].copy_from_slice(&u16::from(code).to_be_bytes());
        body[2..2 + text.len()].copy_from_slice(text.as_bytes());
        2 + text.len()
    });
    frame(out, OpCode::Control(Control::Close), false, &body[..length]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_text_is_cut_at_a_character() {
        let mut out = Vec::new();
        close_frame(&mut out, Some(CloseCode::Normal), &"é".repeat(62));
        assert_eq!(out[..2], [0x88, 2 + 122]);
        assert!(std::str::from_utf8(&out[4..]).is_ok());
        out.clear();
        close_frame(&mut out, None, "not sent");
        assert_eq!(out, [0x88, 0]);
    }

    /// Either way writes what tungstenite writes.
    #[test]
    fn both_ways_agree_with_tungstenite() {
        let long = "x".repeat(70_000);
        for length in [0, 1, 125, 126, 127, 255, 256, 65_535, 65_536, 70_000] {
            let text = &long[..length];
            for message in [Message::Text(text), Message::Binary(text.as_bytes())] {
                let opcode = OpCode::Data(opcode(message));
                let header = FrameHeader { is_final: true, opcode, ..FrameHeader::default() };
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                header.format(length as u64, &mut theirs).unwrap();
                assert_eq!(Head::new(message, false, length).as_bytes(), theirs);
                let deflated = Head::new(message, true, length);
                assert_eq!(deflated.as_bytes()[0], theirs[0] | 0x40);
                assert_eq!(deflated.as_bytes()[1..], theirs[1..]);
                theirs.extend_from_slice(text.as_bytes());
                assert_eq!(common(&mut ours, message), u16::try_from(length).is_ok());
                assert!(ours == theirs || ours.is_empty(), "{length} bytes");
            }
        }
    }

    #[test]
    fn a_message_is_one_final_unmasked_frame() {
        let mut out = Vec::new();
        message_frame(&mut out, Message::Text("hi"));
        message_frame(&mut out, Message::Binary(&[7; 126]));
        assert_eq!(out[..4], [0x81, 2, b'h', b'i']);
        assert_eq!(out[4..8], [0x82, 126, 0, 126]);
        assert_eq!(out.len(), 4 + 4 + 126);
    }
}
