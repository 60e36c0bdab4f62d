//! What the tournament compares: a deadline and the order of scheduling, in one number.

/// `deadline 64 | sequence 64`: comparing two keys as integers compares their deadlines, then the
/// order in which they were scheduled. No two armed ones are equal.
///
/// The upper half of the sequences marks what is not armed, which so comes after all that is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u128);

/// The first sequence that no schedule gets: at a billion a second, in 292 years.
const UNARMED: u64 = 1 << 63;

impl Key {
    /// The key of a node that is not armed.
    pub(crate) const NEVER: Self = Self::new(u64::MAX, UNARMED);

    #[inline]
    pub(crate) const fn new(deadline: u64, sequence: u64) -> Self {
        Self((deadline as u128) << 64 | sequence as u128)
    }

    /// The key of a node that belongs to nobody: not armed either, it links to the next of them.
    #[inline]
    pub(crate) const fn free(next: u32) -> Self {
        Self::new(u64::MAX, UNARMED | next as u64)
    }

    /// What [`free`](Self::free) was given.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower 32 bits are what is wanted")]
    pub(crate) const fn next_free(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    pub(crate) const fn is_armed(self) -> bool {
        self.sequence() < UNARMED
    }

    #[inline]
    pub(crate) const fn deadline(self) -> u64 {
        (self.0 >> 64) as u64
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
    pub(crate) const fn sequence(self) -> u64 {
        self.0 as u64
    }

    /// With `change` of the deadline, if armed.
    pub(crate) fn shifted(self, change: impl Fn(u64) -> u64) -> Self {
        if self.is_armed() { Self::new(change(self.deadline()), self.sequence()) } else { self }
    }
}
