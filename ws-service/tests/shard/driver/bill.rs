//! What something costs a shard: memory by the allocator's count, work as calls. Never time.

use ws_service::shard::Protocol;

use super::Driver;

/// The shard's side of it: what the driver and its peers take up is not counted.
#[derive(Debug)]
pub(crate) struct Bill {
    /// Bytes that were held at once, at most, beyond those held before.
    pub(crate) peak: u64,
    /// Bytes that are held still.
    pub(crate) kept: i64,
    /// Bytes allocated in all, given back or not: what is copied over and over shows here.
    pub(crate) allocated: u64,
    /// Allocations.
    pub(crate) allocations: u64,
    /// Turns.
    pub(crate) turns: usize,
    /// Writes to transports.
    pub(crate) writes: usize,
}

impl<P: Protocol> Driver<P> {
    /// Runs `attack`, and says what it has cost.
    pub(crate) fn bill(&mut self, attack: impl FnOnce(&mut Self)) -> Bill {
        let (turns, writes) = (self.turns, self.writes);
        let memory = allocation_counter::measure(|| attack(self));
        Bill {
            peak: memory.bytes_max,
            kept: memory.bytes_current,
            allocated: memory.bytes_total,
            allocations: memory.count_total,
            turns: self.turns - turns,
            writes: self.writes - writes,
        }
    }
}

/// Runs what is the test's own, and costs the shard nothing.
pub(crate) fn uncounted<T>(run: impl FnOnce() -> T) -> T {
    let mut result = None;
    allocation_counter::opt_out(|| result = Some(run()));
    result.expect("it has run")
}
