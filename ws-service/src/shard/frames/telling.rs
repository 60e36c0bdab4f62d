//! A message in pieces, as far as it has been told: all that is kept of it is an unfinished character.

use super::utf8::{InvalidUtf8, Text};
use crate::shard::protocol::{Message, Piece};
use crate::shard::reason::Violation;

/// Makes pieces of bytes.
#[derive(Debug, Default)]
pub(in crate::shard) struct Telling {
    is_begun: bool,
    bytes: u64,
    text: Text,
}

impl Telling {
    /// Bytes so far.
    pub(in crate::shard) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the next `bytes` tell; `None` if that is nothing.
    ///
    /// # Errors
    /// They are to be text, and are none.
    pub(in crate::shard) fn tell<'a>(
        &'a mut self,
        is_text: bool,
        bytes: &'a [u8],
        is_last: bool,
    ) -> Result<Option<Piece<'a>>, Violation> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        let part = if is_text {
            let text = self.text.piece(bytes, is_last);
            Message::Text(text.map_err(|InvalidUtf8| Violation::InvalidUtf8)?)
        } else {
            Message::Binary(bytes)
        };
        if part.as_bytes().is_empty() && !is_last {
            return Ok(None);
        }
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        Ok(Some(Piece { part, is_first, is_last }))
    }

    /// Lets go of what the last `tell` lent.
    pub(in crate::shard) fn release(&mut self) {
        self.text.release();
    }
}
