//! How long things took, in buckets of fixed bounds.

use std::time::Duration;

use super::counters::Counter;

/// Durations of one kind, counted by a shard: written by its thread only, read by anyone.
///
/// Recording is a search of four steps and two stores; nothing is allocated.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One for each bound, and the last for what is beyond them all.
    buckets: [Counter; Histogram::BUCKETS],
    /// Microseconds.
    sum: Counter,
}

impl Histogram {
    /// The upper bounds of the buckets but the last, in microseconds; each belongs to its bucket.
    pub const BOUNDS: [u64; 16] = [
        10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
        500_000, 1_000_000,
    ];
    /// How many buckets there are.
    pub const BUCKETS: usize = Self::BOUNDS.len() + 1;

    pub(super) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.buckets[Self::BOUNDS.partition_point(|&bound| bound < micros)].add(1);
        self.sum.add(micros);
    }
}

/// A [`Histogram`] at one moment, of one shard or summed over several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Durations {
    /// How many fell into each bucket, and not into one before it: by [`Histogram::BOUNDS`], the last
    /// for what is beyond them all.
    pub buckets: [u64; Histogram::BUCKETS],
    /// All of them together, in microseconds.
    pub sum: u64,
}

impl Durations {
    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    pub(super) fn add(&mut self, histogram: &Histogram) {
        for (sum, bucket) in self.buckets.iter_mut().zip(&histogram.buckets) {
            *sum += bucket.get();
        }
        self.sum = self.sum.wrapping_add(histogram.sum.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn micros(count: u64) -> Duration {
        Duration::from_micros(count)
    }

    #[test]
    fn a_bound_belongs_to_its_bucket() {
        let histogram = Histogram::default();
        for duration in [micros(0), micros(10), micros(11), micros(1_000_000), micros(1_000_001)] {
            histogram.record(duration);
        }
        let mut durations = Durations::default();
        durations.add(&histogram);
        assert_eq!(durations.buckets[0], 2);
        assert_eq!(durations.buckets[1], 1);
        assert_eq!(durations.buckets[Histogram::BUCKETS - 2..], [1, 1]);
        assert_eq!((durations.count(), durations.sum), (5, 2_000_022));
    }

    #[test]
    fn the_longest_duration_is_one_like_any_other() {
        let histogram = Histogram::default();
        histogram.record(Duration::MAX);
        let mut durations = Durations::default();
        durations.add(&histogram);
        assert_eq!((durations.buckets[Histogram::BUCKETS - 1], durations.sum), (1, u64::MAX));
    }

    #[test]
    fn the_bounds_rise() {
        assert!(Histogram::BOUNDS.is_sorted_by(|one, next| one < next));
    }
}
