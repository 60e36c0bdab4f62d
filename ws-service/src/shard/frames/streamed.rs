//! A message that is told as it comes, frame by frame.

use super::decoder::{Incoming, Input};
use super::header::{Header, Kind};
use super::partial::{Assembly, Partial};
use super::telling::Telling;
use crate::shard::reason::Violation;

/// Compressed bytes in a piece. They can inflate to a thousand times as many, and a turn looks at its
/// budget behind each piece.
const DEFLATED: usize = 4096;

/// How far such a message has come.
#[derive(Debug)]
pub(super) struct Streamed {
    is_text: bool,
    is_deflated: bool,
    /// As they came.
    bytes: u64,
    telling: Telling,
}

impl Streamed {
    pub(super) fn new(header: &Header) -> Self {
        Self {
            is_text: header.kind == Kind::Text,
            is_deflated: header.is_deflated,
            bytes: 0,
            telling: Telling::default(),
        }
    }

    /// Bytes so far, as they came.
    pub(super) const fn len(&self) -> u64 {
        self.bytes
    }

    pub(super) const fn is_deflated(&self) -> bool {
        self.is_deflated
    }

    pub(super) fn release(&mut self) {
        self.telling.release();
    }

    /// Tells what the unmasked `bytes` bring.
    fn tell<'a>(&'a mut self, bytes: &'a [u8], is_last: bool) -> Result<Incoming<'a>, Violation> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.is_deflated {
            return Ok(Incoming::DeflatedPiece { is_text: self.is_text, payload: bytes, is_last });
        }
        let piece = self.telling.tell(self.is_text, bytes, is_last)?;
        Ok(piece.map_or(Incoming::Fragment, Incoming::Piece))
    }
}

impl Partial {
    /// Takes what `input` has of the frame that is open; `None` if that is nothing.
    pub(super) fn next_piece<'a>(
        &'a mut self,
        input: &'a mut Input<'_>,
    ) -> Result<Option<Incoming<'a>>, Violation> {
        let (Some(frame), Some(Assembly::Streamed(message))) = (&mut self.frame, &self.message)
        else {
            return Ok(None);
        };
        let step = if message.is_deflated() { DEFLATED } else { usize::MAX };
        let bytes = frame.unmask(input, step);
        if bytes.is_empty() && frame.remaining > 0 {
            return Ok(None);
        }
        let is_whole = frame.remaining == 0;
        let is_last = is_whole && frame.is_final;
        if is_whole {
            self.frame = None;
        }
        let message = if is_last { self.finish() } else { self.message.as_mut() };
        match message {
            Some(Assembly::Streamed(message)) => message.tell(bytes, is_last).map(Some),
            _ => Ok(None),
        }
    }
}
