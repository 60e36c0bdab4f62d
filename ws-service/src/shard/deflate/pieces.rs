//! Inflating a message as it comes: for those that are told in pieces, and may be longer than memory.

use super::codec::{Codec, Deflate};
use super::stream;
use crate::shard::reason::Violation;

/// The most bytes that a piece is inflated to.
const PIECE: usize = 64 * 1024;

/// A part of a compressed message, and how much of it has been inflated.
#[derive(Debug)]
pub(in crate::shard) struct Deflated<'a> {
    pub(in crate::shard) is_text: bool,
    is_last: bool,
    payload: &'a [u8],
    /// What was left off at the message's end (RFC 7692 §7.2.2).
    tail: &'static [u8],
    is_done: bool,
}

impl<'a> Deflated<'a> {
    pub(in crate::shard) const fn new(is_text: bool, payload: &'a [u8], is_last: bool) -> Self {
        let tail: &[u8] = if is_last { &stream::TAIL } else { &[] };
        Self { is_text, is_last, payload, tail, is_done: false }
    }

    /// All of it has been inflated.
    pub(in crate::shard) const fn is_done(&self) -> bool {
        self.is_done
    }

    /// All of it has been, and with it the message.
    pub(in crate::shard) const fn ends_message(&self) -> bool {
        self.is_done && self.is_last
    }
}

impl Deflate {
    /// Inflates some more of a message's part, into a buffer that the caller gives
    /// [back](Self::give_back).
    ///
    /// # Errors
    /// It is no DEFLATE data.
    pub(in crate::shard) fn inflate_some(
        &mut self,
        codec: &mut Codec<'_>,
        part: &mut Deflated<'_>,
    ) -> Result<Vec<u8>, Violation> {
        let keeps = codec.agreement.client_keeps;
        let own = codec.streams.own();
        // Others inflate before this message ends: the thread's own stream is not for it.
        let inflater = own.inflater.get_or_insert_with(|| {
            let spare = if keeps { None } else { self.inflater.take() };
            spare.unwrap_or_else(stream::inflater)
        });
        let mut out = std::mem::take(&mut self.inflated);
        out.clear();
        out.reserve_exact(PIECE);
        // What is told as it comes may go on for ever: it only has to pay for it.
        let (before, mut ends) = (part.payload.len(), u32::MAX);
        part.is_done = stream::fill(inflater, &mut part.payload, &mut ends, &mut out)?
            && stream::fill(inflater, &mut part.tail, &mut ends, &mut out)?;
        if part.ends_message() {
            stream::check_end(inflater, keeps)?;
            if !keeps {
                inflater.reset(false);
                self.inflater = own.inflater.take();
            }
        }
        self.spend(before - part.payload.len() + out.len(), u32::MAX - ends);
        Ok(out)
    }
}
