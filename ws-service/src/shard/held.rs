//! Messages that wait for the end of one that is sent in pieces: nothing but a control frame may come
//! inside it (RFC 6455 §5.4).

use std::collections::BTreeMap;

use super::id::ConnectionKey;

/// Whole frames, back to back, by connection. Those that send no message in pieces have no entry.
#[derive(Debug, Default)]
pub(super) struct Held {
    frames: BTreeMap<ConnectionKey, Vec<u8>>,
    total: usize,
}

impl Held {
    /// Appends what `encode` writes: whole frames.
    pub(super) fn push(&mut self, key: ConnectionKey, encode: impl FnOnce(&mut Vec<u8>)) {
        let buffer = self.frames.entry(key).or_default();
        let before = buffer.len();
        encode(buffer);
        self.total += buffer.len() - before;
    }

    /// Bytes that wait, of all connections.
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self, key: ConnectionKey) -> usize {
        self.frames.get(&key).map_or(0, Vec::len)
    }

    /// Waits no longer.
    pub(super) fn take(&mut self, key: ConnectionKey) -> Vec<u8> {
        let frames = self.frames.remove(&key).unwrap_or_default();
        self.total -= frames.len();
        frames
    }
}
