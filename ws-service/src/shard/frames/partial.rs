//! What a connection keeps between two receives: only the unfinished tail of a frame or message.

use super::decoder::Input;
use super::header::{Header, Kind, MAX_CONTROL, MAX_HEADER};
use super::mask;
use super::streamed::Streamed;
use super::utf8::{InvalidUtf8, Text};
use crate::shard::reason::Violation;

/// The unfinished part of what a peer is sending.
#[derive(Debug, Default)]
pub(super) struct Partial {
    /// The first bytes of a header, or of a control frame.
    pub(super) stash: Stash,
    /// The data frame whose payload is not all there.
    pub(super) frame: Option<OpenFrame>,
    /// The message whose frames are not all there.
    pub(super) message: Option<Assembly>,
    /// Frames of that message so far.
    pub(super) fragments: u32,
    /// The message that is lent out; gone at the next call.
    finished: Option<Assembly>,
}

impl Partial {
    /// Nothing is unfinished: the box can go.
    pub(super) const fn is_empty(&self) -> bool {
        !self.stash.is_open() && self.frame.is_none() && self.message.is_none()
    }

    /// The message is whole: it is lent out until `release`.
    pub(super) fn finish(&mut self) -> Option<&mut Assembly> {
        self.finished = self.message.take();
        self.finished.as_mut()
    }

    /// Lets go of what is lent out.
    pub(super) fn release(&mut self) {
        self.finished = None;
        if let Some(Assembly::Streamed(message)) = &mut self.message {
            message.release();
        }
        if !self.stash.is_open() {
            self.stash.clear();
        }
    }
}

/// A data frame of which `remaining` payload bytes are still to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenFrame {
    pub(super) remaining: u64,
    pub(super) mask: [u8; 4],
    pub(super) is_final: bool,
}

impl OpenFrame {
    pub(super) const fn new(header: &Header) -> Self {
        Self { remaining: header.length, mask: header.mask, is_final: header.is_final }
    }

    /// Takes what `input` has of this frame, at most so many bytes, and unmasks them where they lie.
    pub(super) fn unmask<'a>(&mut self, input: &'a mut Input<'_>, most: usize) -> &'a [u8] {
        let bytes = input.take(self.more().min(most));
        mask::apply(bytes, &mut self.mask);
        self.remaining -= bytes.len() as u64;
        bytes
    }

    /// Bytes that are still to come, as far as an address space reaches.
    pub(super) fn more(&self) -> usize {
        usize::try_from(self.remaining).unwrap_or(usize::MAX)
    }
}

/// A message that is being put together.
#[derive(Debug)]
pub(super) enum Assembly {
    Text(Text),
    Binary(Vec<u8>),
    /// Inflated once it is whole: until then it takes up no more than has come.
    Deflated {
        is_text: bool,
        bytes: Vec<u8>,
    },
    /// Told as it comes: only how far it has come is kept.
    Streamed(Streamed),
}

impl Assembly {
    pub(super) fn new(header: &Header) -> Self {
        match header.kind {
            kind if header.is_deflated => {
                Self::Deflated { is_text: kind == Kind::Text, bytes: Vec::new() }
            }
            Kind::Text => Self::Text(Text::default()),
            _ => Self::Binary(Vec::new()),
        }
    }

    /// Bytes so far, as they came.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Binary(bytes) | Self::Deflated { bytes, .. } => bytes.len() as u64,
            Self::Streamed(message) => message.len(),
        }
    }

    pub(super) const fn is_deflated(&self) -> bool {
        match self {
            Self::Text(_) | Self::Binary(_) => false,
            Self::Deflated { .. } => true,
            Self::Streamed(message) => message.is_deflated(),
        }
    }

    /// Adds unmasked bytes, of whose frame there will be `more`.
    pub(super) fn push(&mut self, bytes: &[u8], more: usize) -> Result<(), Violation> {
        match self {
            Self::Text(text) => {
                text.push(bytes, more).map_err(|InvalidUtf8| Violation::InvalidUtf8)
            }
            Self::Binary(message) | Self::Deflated { bytes: message, .. } => {
                let so_far = message.len() + bytes.len();
                if message.capacity() < so_far {
                    // See `utf8::reserve`.
                    message.reserve(bytes.len() + more.min(so_far));
                }
                message.extend_from_slice(bytes);
                Ok(())
            }
            Self::Streamed(_) => Ok(()),
        }
    }
}

/// Up to one whole control frame, or a header, kept as it came.
#[derive(Debug)]
pub(super) struct Stash {
    bytes: [u8; MAX_HEADER + MAX_CONTROL],
    len: usize,
    /// The frame is whole, and lent out.
    closed: bool,
}

impl Default for Stash {
    fn default() -> Self {
        Self { bytes: [0; MAX_HEADER + MAX_CONTROL], len: 0, closed: false }
    }
}

impl Stash {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Takes what is still missing to `target` bytes, if `from` has it; says how much that was.
    pub(super) fn fill(&mut self, target: usize, from: &[u8]) -> usize {
        let take = target.min(self.bytes.len()).saturating_sub(self.len).min(from.len());
        self.bytes[self.len..self.len + take].copy_from_slice(&from[..take]);
        self.len += take;
        take
    }

    /// It holds the beginning of something whose end has not come.
    pub(super) const fn is_open(&self) -> bool {
        self.len > 0 && !self.closed
    }

    /// What it holds is whole.
    pub(super) const fn close(&mut self) {
        self.closed = true;
    }

    pub(super) const fn clear(&mut self) {
        self.len = 0;
        self.closed = false;
    }

    /// The bytes from `start` on, to be unmasked where they lie.
    pub(super) fn payload_mut(&mut self, start: usize) -> &mut [u8] {
        &mut self.bytes[start.min(self.len)..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::frames::header;

    /// Pushes `pieces`, each announced to have `more` behind it; how often the buffer grew.
    fn growths(first: u8, pieces: &[&[u8]], more: usize) -> usize {
        let header = header::parse(&[first, 0x80, 0, 0, 0, 0], true).unwrap().unwrap();
        let mut message = Assembly::new(&header);
        let mut capacities = Vec::new();
        for piece in pieces {
            message.push(piece, more).unwrap();
            let capacity = match &message {
                Assembly::Text(text) => text.capacity(),
                Assembly::Binary(bytes) | Assembly::Deflated { bytes, .. } => bytes.capacity(),
                Assembly::Streamed(_) => unreachable!("nothing is streamed here"),
            };
            let len = usize::try_from(message.len()).unwrap();
            assert!(capacity <= (2 * len).max(64), "{capacity} for {len}");
            capacities.push(capacity);
        }
        capacities.dedup();
        capacities.len()
    }

    /// Growing by each fragment's own size would copy the message once a fragment.
    #[test]
    fn many_small_fragments_grow_their_message_a_few_times() {
        for first in [0x81, 0x82, 0xc1] {
            for more in [0, 1] {
                let count = growths(first, &vec![&b"abc"[..]; 20_000], more);
                assert!(count < 20, "{count} times");
            }
        }
    }

    /// RUSTSEC-2022-0035: what a frame declares is not what is reserved for it.
    #[test]
    fn a_declared_length_reserves_no_more_than_has_come() {
        for first in [0x81, 0x82, 0xc1] {
            growths(first, &[b"", b"a", b"bc", &[b'd'; 1_000]], usize::MAX);
        }
    }
}
