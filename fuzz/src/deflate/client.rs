//! A client that compresses what it sends, or pretends to.

use std::io::Cursor;

use flate2::{Compress, Compression, FlushCompress};
use tungstenite::protocol::frame::FrameHeader;

use super::reference::{Inflated, Reference, TAIL};
use super::{Outcome, Piece};
use crate::choices::Choices;
use crate::driver::client::{BINARY, FIN, TEXT, frame};

/// The bit of a compressed message's first frame.
const RSV1: u8 = 0x40;
const CHARACTERS: [&str; 5] = ["a", "é", "€", "🦀", "\0"];

/// What both sides have agreed on.
#[derive(Debug)]
pub(super) struct Terms {
    server_keeps: bool,
    client_keeps: bool,
    client_bits: u8,
}

impl Terms {
    /// Reads the answer to an offer.
    pub(super) fn read(answer: &str) -> Self {
        let mut parts = answer.split("; ");
        assert_eq!(parts.next(), Some("permessage-deflate"));
        let mut terms = Self { server_keeps: true, client_keeps: true, client_bits: 15 };
        for part in parts {
            match part.split_once('=') {
                None if part == "server_no_context_takeover" => terms.server_keeps = false,
                None if part == "client_no_context_takeover" => terms.client_keeps = false,
                Some(("server_max_window_bits", bits)) => {
                    assert!((9..=15).contains(&bits.parse().expect("a number")));
                }
                Some(("client_max_window_bits", bits)) => {
                    terms.client_bits = bits.parse().expect("a number");
                }
                _ => panic!("{answer}"),
            }
        }
        terms
    }
}

pub(super) struct Client {
    terms: Terms,
    limit: usize,
    compress: Compress,
    /// What the server has to make of what we send.
    sent: Reference,
    received: Reference,
    /// The stream that is taken over has had bytes in it that no compressor made: it may be inside a block.
    is_derailed: bool,
}

impl Client {
    pub(super) fn new(terms: Terms, limit: usize) -> Self {
        let compress =
            Compress::new_with_window_bits(Compression::best(), false, terms.client_bits);
        let (sent, received) = (Reference::new(), Reference::new());
        Self { terms, limit, compress, sent, received, is_derailed: false }
    }

    /// The next thing to send.
    pub(super) fn piece(&mut self, choices: &mut Choices<'_>) -> Piece {
        match choices.byte() % 4 {
            1 => {
                let (is_text, parts) = (choices.flag(), choices.byte());
                let payload = choices.bytes().to_vec();
                let inflated = self.sent.message(&payload, self.limit);
                self.forget();
                // It has not seen these bytes: it must not count back over them.
                self.compress.reset();
                self.is_derailed = self.terms.client_keeps;
                let outcome = self.outcome(is_text, inflated);
                Piece { bytes: frames(is_text, &payload, parts), outcome }
            }
            2 => super::plain(choices),
            _ => self.message(choices),
        }
    }

    /// A message, compressed in parts.
    fn message(&mut self, choices: &mut Choices<'_>) -> Piece {
        let is_text = choices.flag();
        let size = usize::from(choices.word()) % (self.limit + 500);
        let (manner, flushes, parts) = (choices.byte(), choices.byte() % 4, choices.byte());
        let message = content(is_text, size, manner);
        let mut payload = Vec::new();
        let step = message.len() / (usize::from(flushes) + 1) + 1;
        for part in message.chunks(step) {
            deflate(&mut self.compress, part, &mut payload);
        }
        if message.is_empty() {
            payload.push(0);
        } else {
            payload.truncate(payload.len() - TAIL.len());
        }
        let inflated = self.sent.message(&payload, self.limit);
        assert!(
            self.is_derailed
                || inflated == Inflated::TooLong && message.len() > self.limit
                || inflated == Inflated::Whole(message),
            "the reference is none"
        );
        let outcome = match inflated {
            Inflated::TooLong if !self.is_derailed => Outcome::Refused(&[1009]),
            inflated => self.outcome(is_text, inflated),
        };
        self.forget();
        Piece { bytes: frames(is_text, &payload, parts), outcome }
    }

    fn outcome(&self, is_text: bool, inflated: Inflated) -> Outcome {
        match inflated {
            Inflated::Whole(message) if is_text && str::from_utf8(&message).is_err() => {
                Outcome::Refused(&[1007])
            }
            Inflated::Whole(message) => Outcome::Echoed { is_text, message },
            // What is told as it comes may be found to be no text before it is found to be too long.
            Inflated::TooLong if is_text => Outcome::Refused(&[1009, 1007]),
            Inflated::TooLong => Outcome::Refused(&[1009]),
            // Where the stream goes on, what is wrong with a block's codes may be found when they are first used: by
            // the next message.
            Inflated::Cut(message) | Inflated::Bad(message) if self.terms.client_keeps => {
                Outcome::Unsure { is_text, message }
            }
            Inflated::Cut(_) | Inflated::Bad(_) => Outcome::Refused(&[1007]),
        }
    }

    /// A message is over.
    fn forget(&mut self) {
        if !self.terms.client_keeps {
            self.compress.reset();
            self.sent = Reference::new();
        }
    }

    /// What the server has said: opcodes and payloads, inflated.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut cursor = Cursor::new(bytes);
        let mut heard = Vec::new();
        while let Some((header, length)) = FrameHeader::parse(&mut cursor).expect("a header") {
            let start = usize::try_from(cursor.position()).expect("in memory");
            let end = start + usize::try_from(length).expect("in memory");
            cursor.set_position(end as u64);
            assert!(header.is_final && header.mask.is_none());
            let payload = &bytes[start..end];
            let payload = if header.rsv1 {
                let inflated = self.received.message(payload, self.limit);
                if !self.terms.server_keeps {
                    self.received = Reference::new();
                }
                let Inflated::Whole(message) = inflated else { panic!("{inflated:?}") };
                message
            } else {
                payload.to_vec()
            };
            heard.push((header.opcode.into(), payload));
        }
        assert_eq!(cursor.position(), bytes.len() as u64, "whole frames");
        heard
    }
}

/// The same byte, a count, or noise; characters of one to four bytes.
fn content(is_text: bool, size: usize, manner: u8) -> Vec<u8> {
    let mut state = u32::from(manner) + 1;
    let mut next = |place: usize| match manner % 3 {
        0 => manner,
        1 => u8::try_from(place % 251).unwrap_or(0),
        _ => {
            state = state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
            state.to_be_bytes()[0]
        }
    };
    if !is_text {
        return (0..size).map(next).collect();
    }
    let mut text = String::new();
    while text.len() < size {
        let character = CHARACTERS[usize::from(next(text.len())) % CHARACTERS.len()];
        text.push_str(if text.len() + character.len() <= size { character } else { "." });
    }
    text.into_bytes()
}

fn deflate(stream: &mut Compress, mut part: &[u8], out: &mut Vec<u8>) {
    loop {
        out.reserve(part.len() + 100);
        let before = stream.total_in();
        stream.compress_vec(part, out, FlushCompress::Sync).expect("a stream");
        part = &part[usize::try_from(stream.total_in() - before).expect("in memory")..];
        if part.is_empty() && out.len() < out.capacity() {
            return;
        }
    }
}

/// A compressed message in up to eight frames.
fn frames(is_text: bool, payload: &[u8], parts: u8) -> Vec<u8> {
    let opcode = if is_text { TEXT } else { BINARY };
    let step = payload.len() / (usize::from(parts % 8) + 1) + 1;
    let chunks: Vec<_> = payload.chunks(step).collect();
    let last = chunks.len().saturating_sub(1);
    let mut bytes = Vec::new();
    for (place, chunk) in chunks.iter().enumerate() {
        let first = if place == 0 { RSV1 | opcode } else { 0 };
        let fin = if place == last { FIN } else { 0 };
        bytes.extend(frame(fin | first, chunk));
    }
    if chunks.is_empty() { frame(FIN | RSV1 | opcode, b"") } else { bytes }
}
