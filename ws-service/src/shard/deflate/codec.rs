//! Who compresses and inflates: the connection's own stream, or the thread's.

use bytes::Bytes;
use flate2::{Compress, Decompress};

use super::offer::Agreement;
use super::{WINDOWS, stream};
use crate::shard::config::{Compression, Limits};
use crate::shard::frame::Frame;
use crate::shard::frames::{self, Telling};
use crate::shard::reason::Violation;

/// The end of a stream takes about as long as so many bytes.
const END: usize = 64;
/// Capacity that is kept from turn to turn.
const KEEP: usize = 64 * 1024;

/// The streams that a connection has of its own: one empty pointer until it needs any.
#[derive(Debug, Default)]
pub(in crate::shard) struct Streams(Option<Box<Own>>);

#[derive(Debug, Default)]
pub(super) struct Own {
    /// Its context is taken over, or it is in the middle of a message that is told as it comes.
    pub(super) inflater: Option<Decompress>,
    /// Its context is taken over.
    compressor: Option<Compress>,
    /// How far that message has been told.
    telling: Option<Telling>,
}

impl Streams {
    pub(in crate::shard) const fn none() -> Self {
        Self(None)
    }

    pub(super) fn own(&mut self) -> &mut Own {
        self.0.get_or_insert_default()
    }

    /// Goes on with a message that is told as it comes, or begins one.
    pub(in crate::shard) fn take_telling(&mut self) -> Telling {
        self.0.as_mut().and_then(|own| own.telling.take()).unwrap_or_default()
    }

    /// Keeps what is to be gone on with; if that is nothing, and no context is taken over, nothing is kept.
    pub(in crate::shard) fn put_telling(&mut self, telling: Option<Telling>) {
        if telling.is_some() {
            self.own().telling = telling;
        } else if let Some(own) = &mut self.0 {
            own.telling = None;
            if own.inflater.is_none() && own.compressor.is_none() {
                self.0 = None;
            }
        }
    }
}

/// How a connection's messages are compressed: what it has agreed on, and its own streams.
#[derive(Debug)]
pub(in crate::shard) struct Codec<'a> {
    pub(super) agreement: Agreement,
    pub(in crate::shard) streams: &'a mut Streams,
}

impl<'a> Codec<'a> {
    pub(in crate::shard) const fn new(agreement: Agreement, streams: &'a mut Streams) -> Self {
        Self { agreement, streams }
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
    /// Bytes that this turn has inflated, and those they came from.
    spent: usize,
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

    /// Bytes that have been inflated since the last turn began, and those they came from.
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

    /// Inflates a whole message. The caller gives the buffer [back](Self::give_back).
    ///
    /// # Errors
    /// It is longer than it may be, ends its stream more often than it may have frames, or is no DEFLATE
    /// data.
    pub(in crate::shard) fn inflate(
        &mut self,
        codec: &mut Codec<'_>,
        message: &[u8],
        limits: &Limits,
    ) -> Result<Vec<u8>, Violation> {
        let Agreement { client_keeps, .. } = codec.agreement;
        let slot =
            if client_keeps { &mut codec.streams.own().inflater } else { &mut self.inflater };
        let inflater = slot.get_or_insert_with(stream::inflater);
        let mut out = std::mem::take(&mut self.inflated);
        out.clear();
        let (size, mut ends) = (limits.message_size, limits.fragments);
        let result = stream::inflate(inflater, message, size, &mut ends, client_keeps, &mut out);
        if !client_keeps {
            inflater.reset(false);
        }
        self.spend(message.len() + out.len(), limits.fragments - ends);
        match result {
            Ok(()) => Ok(out),
            Err(violation) => {
                self.inflated = out;
                Err(violation)
            }
        }
    }

    /// So many bytes have been inflated, and those they came from, and the stream has ended so often.
    pub(super) fn spend(&mut self, bytes: usize, ends: u32) {
        let ends = END.saturating_mul(ends as usize);
        self.spent = self.spent.saturating_add(bytes).saturating_add(ends);
    }

    pub(in crate::shard) fn give_back(&mut self, scratch: Vec<u8>) {
        self.inflated = scratch;
    }

    /// Compresses a message, if it is long enough. One that doesn't get smaller grows by five bytes for
    /// each 16 KiB: not worth a rule of its own.
    pub(in crate::shard) fn compress(
        &mut self,
        codec: &mut Codec<'_>,
        message: &[u8],
    ) -> Option<&[u8]> {
        if !self.is_long_enough(message) {
            return None;
        }
        let Agreement { server_keeps, server_bits, .. } = codec.agreement;
        let slot = if server_keeps {
            &mut codec.streams.own().compressor
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
    pub(in crate::shard) fn frame(&mut self, codec: &mut Codec<'_>, frame: &Frame) -> Bytes {
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
