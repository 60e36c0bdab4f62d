//! Who compresses and inflates: the connection's own stream, or the thread's.

use bytes::Bytes;
use flate2::{Compress, Decompress};

use super::offer::Agreement;
use super::{MAX_BITS, WINDOWS, stream};
use crate::shard::config::Compression;
use crate::shard::frame::Frame;
use crate::shard::frames::{self, Telling};
use crate::shard::reason::Violation;

/// Capacity that is kept from turn to turn.
const KEEP: usize = 64 * 1024;

/// What a connection has agreed on, and the streams whose context it takes over: made when they are
/// first needed.
#[derive(Debug)]
pub(in crate::shard) struct Codec {
    pub(super) agreement: Agreement,
    pub(super) inflater: Option<Decompress>,
    compressor: Option<Compress>,
    /// A message that is told as it comes.
    pub(in crate::shard) telling: Option<Box<Telling>>,
}

impl Codec {
    pub(super) const fn new(agreement: Agreement) -> Self {
        Self { agreement, inflater: None, compressor: None, telling: None }
    }
}

/// A shard's streams and scratch buffers.
#[derive(Debug)]
pub(in crate::shard) struct Deflate {
    config: Compression,
    pub(super) inflater: Option<Decompress>,
    /// By window.
    compressors: [Option<Compress>; WINDOWS],
    /// The last message that was inflated.
    pub(super) inflated: Vec<u8>,
    /// The last message that was compressed.
    compressed: Vec<u8>,
    /// Bytes inflated in this turn.
    pub(super) spent: usize,
}

impl Deflate {
    pub(in crate::shard) const fn new(config: Compression) -> Self {
        Self {
            config,
            inflater: None,
            compressors: [const { None }; WINDOWS],
            inflated: Vec::new(),
            compressed: Vec::new(),
            spent: 0,
        }
    }

    /// Takes new settings. Streams that connections have of their own go on as they are.
    pub(in crate::shard) fn configure(&mut self, config: &Compression) {
        if self.config.level != config.level {
            self.compressors = [const { None }; WINDOWS];
        }
        self.config = config.clone();
    }

    /// Bytes inflated since the last turn.
    pub(in crate::shard) const fn spent(&self) -> usize {
        self.spent
    }

    /// A turn begins: what one large message needed is let go.
    pub(in crate::shard) fn begin_turn(&mut self) {
        self.spent = 0;
        for scratch in [&mut self.inflated, &mut self.compressed] {
            scratch.clear();
            scratch.shrink_to(KEEP);
        }
    }

    /// Inflates a whole message of at most `limit` bytes. The caller gives the buffer
    /// [back](Self::give_back).
    ///
    /// # Errors
    /// It is too long, or it is no DEFLATE data.
    pub(in crate::shard) fn inflate(
        &mut self,
        codec: &mut Codec,
        message: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, Violation> {
        let Agreement { client_keeps, client_bits, .. } = codec.agreement;
        let (slot, bits) = if client_keeps {
            (&mut codec.inflater, client_bits)
        } else {
            (&mut self.inflater, MAX_BITS)
        };
        let inflater = slot.get_or_insert_with(|| stream::inflater(bits));
        let mut out = std::mem::take(&mut self.inflated);
        out.clear();
        let result = stream::inflate(inflater, message, limit, client_keeps, &mut out);
        if !client_keeps {
            inflater.reset(false);
        }
        self.spent = self.spent.saturating_add(out.len());
        match result {
            Ok(()) => Ok(out),
            Err(violation) => {
                self.inflated = out;
                Err(violation)
            }
        }
    }

    pub(in crate::shard) fn give_back(&mut self, scratch: Vec<u8>) {
        self.inflated = scratch;
    }

    /// Compresses a message, if it is long enough. One that doesn't get smaller grows by five bytes for
    /// each 16 KiB: not worth a rule of its own.
    pub(in crate::shard) fn compress(
        &mut self,
        codec: &mut Codec,
        message: &[u8],
    ) -> Option<&[u8]> {
        if !self.is_long_enough(message) {
            return None;
        }
        let Agreement { server_keeps, server_bits, .. } = codec.agreement;
        let slot = if server_keeps {
            &mut codec.compressor
        } else {
            self.compressors.get_mut(codec.agreement.window())?
        };
        let level = self.config.level;
        let compressor = slot.get_or_insert_with(|| stream::compressor(level, server_bits));
        self.compressed.clear();
        if stream::compress(compressor, message, &mut self.compressed).is_err() {
            // A new stream refers to nothing that the peer has not seen: it can follow.
            *slot = None;
            return None;
        }
        if !server_keeps {
            compressor.reset();
        }
        Some(&self.compressed)
    }

    /// The frame of a message to many, as this connection is to get it: compressed once for all who
    /// have agreed on the same window and take no context over.
    pub(in crate::shard) fn frame(&mut self, codec: &mut Codec, frame: &Frame) -> Bytes {
        if !self.is_long_enough(frame.payload()) {
            return frame.plain().clone();
        }
        let agreement = codec.agreement;
        let mut compressed = || {
            let payload = self.compress(codec, frame.payload())?;
            let mut out = Vec::new();
            frames::deflated_frame(&mut out, frame.is_text(), payload);
            Some(Bytes::from(out))
        };
        if agreement.server_keeps {
            compressed().unwrap_or_else(|| frame.plain().clone())
        } else {
            frame.variant(agreement.window(), compressed)
        }
    }

    fn is_long_enough(&self, message: &[u8]) -> bool {
        message.len() >= self.config.threshold.max(1)
    }
}
