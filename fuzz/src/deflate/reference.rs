//! Another inflater, written by others, that knows nothing of windows: it remembers all.

use miniz_oxide::inflate::TINFLStatus as Status;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags as flags};

/// What a message's end leaves off (RFC 7692 §7.2.2).
pub(super) const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

pub(super) struct Reference {
    state: Box<DecompressorOxide>,
    /// All that was inflated since the stream began.
    out: Vec<u8>,
}

/// What a message inflates to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inflated {
    Whole(Vec<u8>),
    /// It ends inside a block.
    Cut(Vec<u8>),
    TooLong,
    /// It goes wrong behind so much.
    Bad(Vec<u8>),
}

impl Reference {
    pub(super) fn new() -> Self {
        Self { state: Box::default(), out: Vec::new() }
    }

    pub(super) fn message(&mut self, payload: &[u8], limit: usize) -> Inflated {
        let whole = [payload, &TAIL].concat();
        let (mut rest, mut message) = (&whole[..], Vec::new());
        while !rest.is_empty() {
            let before = self.out.len();
            self.out.resize(before + limit + 1 - message.len(), 0);
            let flags =
                flags::TINFL_FLAG_HAS_MORE_INPUT | flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
            let (status, used, made) =
                decompress(&mut self.state, rest, &mut self.out, before, flags);
            self.out.truncate(before + made);
            message.extend_from_slice(&self.out[before..]);
            rest = &rest[used..];
            if message.len() > limit {
                return Inflated::TooLong;
            }
            match status {
                Status::NeedsMoreInput => {}
                // A block marked as the last: what follows begins a stream of its own.
                Status::Done => *self = Self::new(),
                Status::HasMoreOutput => return Inflated::TooLong,
                _ => return Inflated::Bad(message),
            }
        }
        if self.is_between_blocks() { Inflated::Whole(message) } else { Inflated::Cut(message) }
    }

    /// A compressed block that is the last could come next, and would tell nothing.
    fn is_between_blocks(&self) -> bool {
        let (mut state, mut out) = (self.state.clone(), self.out.clone());
        let place = out.len();
        out.push(0);
        let flags = flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, used, made) = decompress(&mut state, &[3, 0], &mut out, place, flags);
        (status, used, made) == (Status::Done, 2, 0)
    }
}
