//! One direction of a simulated connection: bytes on their way, bytes that have arrived, an end.

use std::collections::VecDeque;

/// A bounded byte pipe. What was written arrives in pieces, later, in order.
pub(crate) struct Pipe {
    bytes: VecDeque<u8>,
    arrived: usize,
    capacity: usize,
    /// When the last piece that is on its way arrives: nothing overtakes it.
    last_arrival: u64,
    /// The writer has ended it.
    pub(crate) is_ended: bool,
    /// The reader has been reached by that.
    pub(crate) is_end_known: bool,
    /// The reader has been reached by a reset.
    pub(crate) is_reset: bool,
}

impl Pipe {
    pub(crate) const fn new(capacity: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            arrived: 0,
            capacity,
            last_arrival: 0,
            is_ended: false,
            is_end_known: false,
            is_reset: false,
        }
    }

    /// How much may be written.
    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.bytes.len())
    }

    /// Writes; the caller respects [`room`](Self::room).
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// When something sent now, with this latency, arrives.
    pub(crate) const fn arrival(&mut self, now: u64, latency: u64) -> u64 {
        let at = now + latency;
        if at > self.last_arrival {
            self.last_arrival = at;
        }
        self.last_arrival
    }

    /// The next `count` bytes have arrived.
    pub(crate) fn arrive(&mut self, count: usize) {
        self.arrived = (self.arrived + count).min(self.bytes.len());
    }

    /// Bytes that can be read.
    pub(crate) const fn readable(&self) -> usize {
        self.arrived
    }

    /// Reads up to `count` bytes.
    pub(crate) fn read(&mut self, count: usize, into: &mut Vec<u8>) -> usize {
        let count = count.min(self.arrived);
        self.arrived -= count;
        let (front, back) = self.bytes.as_slices();
        let split = count.min(front.len());
        into.extend_from_slice(&front[..split]);
        into.extend_from_slice(&back[..count - split]);
        self.bytes.drain(..count);
        count
    }

    /// Nothing that was written will be read any more.
    pub(crate) fn discard(&mut self) {
        self.bytes.clear();
        self.arrived = 0;
    }

    /// The reader has all it will ever get.
    pub(crate) fn is_at_end(&self) -> bool {
        self.is_reset || (self.is_end_known && self.arrived == 0)
    }
}
