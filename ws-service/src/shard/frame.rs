//! A message to many: encoded once, for all who will get it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::deflate::WINDOWS;
use super::frames;
use super::protocol::Message;

/// An encoded message; cheap to clone.
#[derive(Debug, Clone)]
pub struct Frame {
    plain: Bytes,
    /// The same, compressed, by window: made by the first shard that needs it, and never waited for.
    variants: Arc<[OnceLock<Bytes>; WINDOWS]>,
}

impl Frame {
    /// Encodes a message, once for all who will get it.
    #[must_use]
    pub fn new(message: Message<'_>) -> Self {
        let mut out = Vec::new();
        frames::message_frame(&mut out, message);
        Self { plain: out.into(), variants: Arc::default() }
    }

    pub(super) const fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// Its size, uncompressed.
    pub(super) const fn len(&self) -> usize {
        self.plain.len()
    }

    pub(super) fn payload(&self) -> &[u8] {
        self.plain.get(frames::header_size(&self.plain)..).unwrap_or_default()
    }

    pub(super) fn is_text(&self) -> bool {
        frames::is_text(&self.plain)
    }

    /// The frame that `make` made for this window before, or makes now; the plain one if it can't.
    pub(super) fn variant(&self, window: usize, make: impl FnOnce() -> Option<Bytes>) -> Bytes {
        let Some(place) = self.variants.get(window) else { return self.plain.clone() };
        if let Some(frame) = place.get() {
            return frame.clone();
        }
        let frame = make().unwrap_or_else(|| self.plain.clone());
        // Another shard may have been faster: its frame is the same.
        let _ = place.set(frame.clone());
        frame
    }
}
