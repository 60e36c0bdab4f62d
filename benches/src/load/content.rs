//! The messages that are sent again and again, and what must come back.

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
        let reply = server_frame(kind, &payload);
        let frame =
            if kind == Kind::Raw { reply.clone() } else { masked(first_byte(kind), &payload) };
        Self { burst: frame.repeat(in_flight), frame: frame.len(), reply }
    }
}

/// Different messages, published again and again in the same order.
#[derive(Debug)]
pub struct Round {
    published: Vec<Vec<u8>>,
    /// What subscribers get: all frames, back to back.
    pub received: Vec<u8>,
    /// Bytes of one of those.
    pub frame: usize,
}

impl Round {
    /// `count` messages of `size` bytes. More than may be in flight, or one that is lost would not be
    /// missed.
    #[must_use]
    pub fn new(kind: Kind, size: usize, count: usize) -> Self {
        let mut round = Self { published: Vec::new(), received: Vec::new(), frame: 0 };
        for number in 0..count {
            let mut payload = payload(kind, size);
            let digits = format!("{number:08} ");
            let digits = &digits.as_bytes()[..size.min(digits.len())];
            payload[..digits.len()].copy_from_slice(digits);
            let frame = server_frame(kind, &payload);
            round.frame = frame.len();
            round.received.extend_from_slice(&frame);
            round.published.push(if kind == Kind::Raw {
                frame
            } else {
                masked(first_byte(kind), &payload)
            });
        }
        round
    }

    /// The frame of the message with this number, counted from the first of all.
    #[must_use]
    pub fn published(&self, number: u64) -> &[u8] {
        let place = number % self.published.len() as u64;
        &self.published[usize::try_from(place).unwrap_or(0)]
    }
}

fn first_byte(kind: Kind) -> u8 {
    if matches!(kind, Kind::Binary | Kind::Raw) { 0x82 } else { 0x81 }
}

fn server_frame(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first_byte(kind), payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
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
