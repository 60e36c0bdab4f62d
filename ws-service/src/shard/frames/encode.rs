//! Messages to bytes: a server's frames are final and unmasked (RFC 6455 §5.1).

use std::io::Write;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use crate::shard::protocol::Message;

/// The longest header of a server's frame.
const MAX_HEADER: usize = 10;
/// What a close reason's text may take: a control frame less the code (§5.5.1).
const MAX_REASON: usize = 123;

/// Appends one final frame to `out`.
fn frame(out: &mut Vec<u8>, opcode: OpCode, payload: &[u8]) {
    let header = FrameHeader { is_final: true, opcode, ..FrameHeader::default() };
    out.reserve(MAX_HEADER + payload.len());
    // Writing to a Vec never fails, and the header refuses nothing.
    let written = header.format(payload.len() as u64, out).map(|()| out.write_all(payload));
    debug_assert!(matches!(written, Ok(Ok(()))));
}

/// Appends a message in one frame.
pub(in crate::shard) fn message_frame(out: &mut Vec<u8>, message: Message<'_>) {
    let opcode = match message {
        Message::Text(_) => Data::Text,
        Message::Binary(_) => Data::Binary,
    };
    frame(out, OpCode::Data(opcode), message.as_bytes());
}

/// Appends a Ping.
pub(in crate::shard) fn ping_frame(out: &mut Vec<u8>, payload: &[u8]) {
    frame(out, OpCode::Control(Control::Ping), payload);
}

/// Appends a Pong.
pub(in crate::shard) fn pong_frame(out: &mut Vec<u8>, payload: &[u8]) {
    frame(out, OpCode::Control(Control::Pong), payload);
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
    frame(out, OpCode::Control(Control::Close), &body[..length]);
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
