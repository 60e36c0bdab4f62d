//! A frame's header: parsed by tungstenite, checked here for what RFC 6455 asks of a client.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::shard::reason::Violation;

/// The longest header: two bytes, a 64-bit length, a mask (§5.2).
pub(super) const MAX_HEADER: usize = 14;
/// The longest payload of a control frame (§5.5).
pub(super) const MAX_CONTROL: usize = 125;

/// A checked header of a client's frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) is_final: bool,
    /// RSV1: the message is compressed (RFC 7692 §6).
    pub(super) is_deflated: bool,
    pub(super) mask: [u8; 4],
    /// Of the payload, in bytes; at most 2⁶³ − 1.
    pub(super) length: u64,
    /// Of the header itself, in bytes.
    pub(super) size: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Binary,
    Continue,
    Close,
    Ping,
    Pong,
}

impl Kind {
    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// What nearly every frame begins with, parsed without tungstenite and in agreement with it: an
/// uncompressed message of less than 64 KiB, about which there is nothing to refuse.
///
/// Apart from [`Header`], so that it stays in registers: this is the only parsing that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common {
    pub(super) is_text: bool,
    pub(super) mask: [u8; 4],
    /// Of the payload, in bytes.
    pub(super) length: usize,
    /// Of the header itself, in bytes.
    pub(super) size: usize,
}

/// The header that `bytes` begin with, if it is of the common kind, and all there.
#[inline]
pub(super) fn common(bytes: &[u8]) -> Option<Common> {
    let [first @ (0x81 | 0x82), second, rest @ ..] = bytes else { return None };
    let is_text = *first == 0x81;
    match second {
        0x80..=0xfd => {
            let length = usize::from(second & 0x7f);
            Some(Common { is_text, mask: *rest.first_chunk()?, length, size: 2 + 4 })
        }
        0xfe => {
            let (&length, rest) = rest.split_first_chunk()?;
            let length = usize::from(u16::from_be_bytes(length));
            let mask = *rest.first_chunk()?;
            (length > MAX_CONTROL).then_some(Common { is_text, mask, length, size: 4 + 4 })
        }
        _ => None,
    }
}

/// Parses the header that `bytes` begin with; `None` if it is not all there.
///
/// What the first two bytes give away is refused without waiting for the rest. RSV1 has a meaning only
/// where `deflate` has been agreed on.
pub(super) fn parse(bytes: &[u8], deflate: bool) -> Result<Option<Header>, Violation> {
    let Some(&[first, second]) = bytes.first_chunk() else { return Ok(None) };
    refuse_early(first, second, deflate)?;
    let mut cursor = Cursor::new(bytes);
    let Some((header, length)) =
        FrameHeader::parse(&mut cursor).map_err(|_| Violation::ReservedOpcode)?
    else {
        return Ok(None);
    };
    let kind = kind(header.opcode).ok_or(Violation::ReservedOpcode)?;
    let mask = header.mask.ok_or(Violation::Unmasked)?;
    // At most MAX_HEADER: it always fits.
    let size = usize::try_from(cursor.position()).map_err(|_| Violation::BadLength)?;
    if length > i64::MAX as u64 || header.len(length) != size {
        return Err(Violation::BadLength);
    }
    let FrameHeader { is_final, rsv1: is_deflated, .. } = header;
    Ok(Some(Header { kind, is_final, is_deflated, mask, length, size }))
}

/// How long the header that `bytes` begin with will be, as far as they tell.
pub(super) fn size_of(bytes: &[u8]) -> usize {
    match bytes.get(1).map(|second| second & 0x7f) {
        None => 2,
        Some(126) => 2 + 2 + 4,
        Some(127) => MAX_HEADER,
        Some(_) => 2 + 4,
    }
}

fn refuse_early(first: u8, second: u8, deflate: bool) -> Result<(), Violation> {
    let opcode = OpCode::from(first & 0x0f);
    // Only a message's first frame says that it is compressed.
    let may_be_deflated = deflate && matches!(opcode, OpCode::Data(Data::Text | Data::Binary));
    let reserved = if may_be_deflated { 0x30 } else { 0x70 };
    if first & reserved != 0 {
        return Err(Violation::ReservedBit);
    }
    if kind(opcode).is_none() {
        return Err(Violation::ReservedOpcode);
    }
    let is_final = first & 0x80 != 0;
    let control = matches!(opcode, OpCode::Control(_));
    if control && (!is_final || usize::from(second & 0x7f) > MAX_CONTROL) {
        return Err(Violation::BadControl);
    }
    if second & 0x80 == 0 { Err(Violation::Unmasked) } else { Ok(()) }
}

const fn kind(opcode: OpCode) -> Option<Kind> {
    match opcode {
        OpCode::Data(Data::Text) => Some(Kind::Text),
        OpCode::Data(Data::Binary) => Some(Kind::Binary),
        OpCode::Data(Data::Continue) => Some(Kind::Continue),
        OpCode::Control(Control::Close) => Some(Kind::Close),
        OpCode::Control(Control::Ping) => Some(Kind::Ping),
        OpCode::Control(Control::Pong) => Some(Kind::Pong),
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The short way tells what tungstenite tells, or leaves it to it.
        #[test]
        fn the_short_way_agrees(
            first in prop_oneof![Just(0x81), Just(0x82), any::<u8>()],
            second in prop_oneof![0x80_u8..=0xff, any::<u8>()],
            rest in prop::collection::vec(any::<u8>(), 0..20),
            deflate: bool,
        ) {
            let bytes = [&[first, second][..], &rest].concat();
            if let Some(Common { is_text, mask, length, size }) = common(&bytes) {
                let kind = if is_text { Kind::Text } else { Kind::Binary };
                let length = length as u64;
                let header = Header { kind, is_final: true, is_deflated: false, mask, length, size };
                prop_assert_eq!(parse(&bytes, deflate), Ok(Some(header)));
            } else if let Ok(Some(header)) = parse(&bytes, deflate) {
                let is_message = matches!(header.kind, Kind::Text | Kind::Binary);
                let is_long = header.length > u64::from(u16::MAX);
                let is_plain = header.is_final && !header.is_deflated && is_message;
                prop_assert!(is_long || !is_plain, "{:?} could go the short way", header);
            }
        }
    }
}
