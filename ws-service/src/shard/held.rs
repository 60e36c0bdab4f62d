//! Messages that wait for the end of one that is sent in pieces: nothing but a control frame may come
//! inside it (RFC 6455 §5.4).

use std::collections::BTreeMap;

use super::id::ConnectionKey;

/// Whole frames, back to back, by connection. Those that send no message in pieces have no entry.
#[derive(Debug, Default)]
pub(super) struct Held {
    frames: BTreeMap<ConnectionKey, Vec<u8>>,
}

impl Held {
    /// Where a connection's next frame goes.
    pub(super) fn buffer(&mut self, key: ConnectionKey) -> &mut Vec<u8> {
        self.frames.entry(key).or_default()
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self, key: ConnectionKey) -> usize {
        self.frames.get(&key).map_or(0, Vec::len)
    }

    /// Waits no longer.
    pub(super) fn take(&mut self, key: ConnectionKey) -> Vec<u8> {
        self.frames.remove(&key).unwrap_or_default()
    }
}
