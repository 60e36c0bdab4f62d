//! The message that is sent again and again, and what must come back.

use clap::ValueEnum;

/// What messages are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Binary messages.
    Binary,
    /// Text of one byte a character.
    Ascii,
    /// Text of two and three bytes a character.
    Wide,
    /// No WebSocket: the bytes of a server's frame, which come back as they are.
    Raw,
}

/// Frames ready to be written.
#[derive(Debug)]
pub struct Content {
    /// Several frames back to back: as many as may be in flight.
    pub burst: Vec<u8>,
    /// Bytes of one of them.
    pub frame: usize,
    /// What comes back for one.
    pub reply: Vec<u8>,
}

impl Content {
    /// Frames of `size` bytes, `in_flight` of them in a burst.
    #[must_use]
    pub fn new(kind: Kind, size: usize, in_flight: usize) -> Self {
        let payload = payload(kind, size);
        let first = if matches!(kind, Kind::Binary | Kind::Raw) { 0x82 } else { 0x81 };
        let mut reply = header(first, size, 0);
        reply.extend_from_slice(&payload);
        let frame = if kind == Kind::Raw { reply.clone() } else { masked(first, &payload) };
        Self { burst: frame.repeat(in_flight), frame: frame.len(), reply }
    }
}

fn payload(kind: Kind, size: usize) -> Vec<u8> {
    let pattern: &[u8] = match kind {
        Kind::Binary | Kind::Raw => b"\x00\x01\xfe\xffbytes",
        Kind::Ascii => b"The quick brown fox. ",
        Kind::Wide => "κόσμε — 世界".as_bytes(),
    };
    let mut payload: Vec<u8> = pattern.iter().copied().cycle().take(size).collect();
    if kind == Kind::Wide {
        // Whole characters only.
        let valid =
            std::str::from_utf8(&payload).map_or_else(|error| error.valid_up_to(), str::len);
        payload[valid..].fill(b'.');
    }
    payload
}

fn header(first: u8, size: usize, mask_bit: u8) -> Vec<u8> {
    let mut header = vec![first];
    match (u8::try_from(size), u16::try_from(size)) {
        (Ok(size @ ..=125), _) => header.push(mask_bit | size),
        (_, Ok(size)) => {
            header.push(mask_bit | 0x7e);
            header.extend(size.to_be_bytes());
        }
        _ => {
            header.push(mask_bit | 0x7f);
            header.extend((size as u64).to_be_bytes());
        }
    }
    header
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = header(first, payload.len(), 0x80);
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}
