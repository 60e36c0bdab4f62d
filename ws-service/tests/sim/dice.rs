//! All chance of a run comes from here, and from one seed.

use rand_core::{Rng, SeedableRng};
use rand_xorshift::XorShiftRng;

/// A generator with a stable stream, and the few questions the simulation asks it.
///
/// The answers are computed here, not by a distributions crate: a seed in a bug report must mean
/// the same run after an update.
pub(crate) struct Dice(XorShiftRng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(XorShiftRng::seed_from_u64(seed))
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// At least `low`, at most `high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        let span = u128::from(high - low) + 1;
        let offset = (u128::from(self.word()) * span) >> 64;
        low + u64::try_from(offset).expect("below a span of 64 bits")
    }

    /// [`between`](Self::between) for sizes.
    pub(crate) fn size(&mut self, low: usize, high: usize) -> usize {
        let size = self.between(low as u64, high as u64);
        usize::try_from(size).expect("between two sizes")
    }

    /// [`between`](Self::between) for small numbers.
    pub(crate) fn count(&mut self, low: u32, high: u32) -> u32 {
        let count = self.between(low.into(), high.into());
        u32::try_from(count).expect("between two small numbers")
    }

    /// Yes, `chances` times in a thousand.
    pub(crate) fn per_mille(&mut self, chances: u32) -> bool {
        self.between(0, 999) < u64::from(chances)
    }

    /// One of `items`, each as likely as the others.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.size(0, items.len() - 1)]
    }

    /// One of `items`, as likely as its weight says; the weights must not all be zero.
    pub(crate) fn weighed<T: Copy>(&mut self, items: &[(T, u32)]) -> T {
        let total: u32 = items.iter().map(|&(_, weight)| weight).sum();
        let mut left = self.count(1, total);
        for &(item, weight) in items {
            if left <= weight {
                return item;
            }
            left -= weight;
        }
        unreachable!("the weights add up to their total")
    }
}
