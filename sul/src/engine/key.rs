//! What the heaps order: a deadline, the order of scheduling, and whose it is, in one number.

const NODE_BITS: u32 = 28;

/// How many timers a list can hold: 268,435,455.
pub(crate) const MAX_NODES: u32 = (1 << NODE_BITS) - 1;

/// How many schedules a list numbers before it renumbers: 2^36 - 1, one less than fits, so that no
/// key looks like a vacant place.
pub(crate) const SEQUENCES: u64 = (1 << (64 - NODE_BITS)) - 1;

/// `deadline 64 | sequence 36 | node 28`: comparing two keys as integers compares their deadlines,
/// then the order in which they were scheduled. Sequences are unique, so nodes never decide.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u128);

impl Key {
    /// Later than every key there can be.
    pub(crate) const VACANT: Self = Self(u128::MAX);

    #[inline]
    pub(crate) fn new(deadline: u64, sequence: u64, node: u32) -> Self {
        Self(u128::from(deadline) << 64 | u128::from(sequence << NODE_BITS | u64::from(node)))
    }

    #[inline]
    pub(crate) fn deadline(self) -> u64 {
        (self.0 >> 64) as u64
    }

    #[inline]
    pub(crate) fn sequence(self) -> u64 {
        self.low() >> NODE_BITS
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "masked to 28 bits")]
    pub(crate) fn node(self) -> u32 {
        (self.low() & u64::from(MAX_NODES)) as u32
    }

    pub(crate) fn with_deadline(self, deadline: u64) -> Self {
        Self::new(deadline, self.sequence(), self.node())
    }

    pub(crate) fn with_sequence(self, sequence: u64) -> Self {
        Self::new(self.deadline(), sequence, self.node())
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
    fn low(self) -> u64 {
        self.0 as u64
    }
}
