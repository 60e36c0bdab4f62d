//! How long echoes took, and the histogram's answer to what nobody was there to measure.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Anything slower is recorded as this.
const LONGEST: Duration = Duration::from_mins(10);

/// Latencies of one kind in one window: quantiles to three significant digits, the extremes exactly.
#[derive(Debug)]
pub(super) struct Latencies {
    histogram: Option<Histogram<u64>>,
    min_us: u64,
    max_us: u64,
}

/// A histogram in numbers; all zero if nothing was recorded. Times are in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct LatencySummary {
    /// Including those that stand for missed slots.
    pub(super) samples: u64,
    pub(super) min_us: u64,
    pub(super) p50_us: u64,
    pub(super) p99_us: u64,
    pub(super) p999_us: u64,
    pub(super) max_us: u64,
}

impl Latencies {
    pub(super) fn new() -> Self {
        // These bounds are valid, so there always is a histogram.
        let histogram = Histogram::new_with_bounds(1, microseconds(LONGEST), 3).ok();
        Self { histogram, min_us: u64::MAX, max_us: 0 }
    }

    pub(super) fn record(&mut self, latency: Duration) {
        self.record_us(microseconds(latency));
    }

    pub(super) fn record_us(&mut self, latency_us: u64) {
        self.min_us = self.min_us.min(latency_us);
        self.max_us = self.max_us.max(latency_us);
        if let Some(histogram) = &mut self.histogram {
            histogram.saturating_record(latency_us);
        }
    }

    /// Records a latency, and one for each message that could not be sent because of it: those
    /// would have waited one `interval` less each (correction of coordinated omission).
    pub(super) fn record_with_missed(&mut self, latency: Duration, interval: Duration) {
        let (latency, interval) = (microseconds(latency), microseconds(interval).max(1));
        self.record_us(latency);
        let mut missed = latency.saturating_sub(interval);
        while missed >= interval {
            self.record_us(missed);
            missed -= interval;
        }
    }

    /// Adds what another has recorded.
    pub(super) fn add(&mut self, other: &Self) {
        self.min_us = self.min_us.min(other.min_us);
        self.max_us = self.max_us.max(other.max_us);
        if let (Some(histogram), Some(others)) = (&mut self.histogram, &other.histogram) {
            // The same bounds: it cannot fail.
            let _ = histogram.add(others);
        }
    }

    pub(super) fn summary(&self) -> LatencySummary {
        let Some(histogram) = self.histogram.as_ref().filter(|histogram| !histogram.is_empty())
        else {
            return LatencySummary::default();
        };
        // A quantile stands for its bucket, whose edge may lie beyond what was recorded.
        let quantile = |at| histogram.value_at_quantile(at).clamp(self.min_us, self.max_us);
        LatencySummary {
            samples: histogram.len(),
            min_us: self.min_us,
            p50_us: quantile(0.5),
            p99_us: quantile(0.99),
            p999_us: quantile(0.999),
            max_us: self.max_us,
        }
    }
}

pub(super) fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_counts_for_every_slot_it_covered() {
        let ms = Duration::from_millis;
        let mut latencies = Latencies::new();
        latencies.record_with_missed(ms(5), ms(1));
        let summary = latencies.summary();
        assert_eq!(summary.samples, 5, "5, 4, 3, 2 and 1 ms");
        assert_eq!((summary.min_us, summary.max_us), (1_000, 5_000), "the extremes are exact");
        latencies.record_with_missed(Duration::from_micros(900), ms(1));
        assert_eq!(latencies.summary().samples, 6);
    }

    #[test]
    fn two_together_are_as_if_recorded_in_one() {
        let (mut one, mut other) = (Latencies::new(), Latencies::new());
        one.record_us(5);
        other.record_us(9_000);
        one.add(&other);
        one.add(&Latencies::new());
        let summary = one.summary();
        assert_eq!((summary.samples, summary.min_us, summary.max_us), (2, 5, 9_000));
    }

    #[test]
    fn nothing_recorded_is_all_zero() {
        assert_eq!(Latencies::new().summary(), LatencySummary::default());
    }

    #[test]
    fn what_is_too_slow_is_still_counted() {
        let mut latencies = Latencies::new();
        latencies.record(Duration::from_secs(100_000));
        assert_eq!(latencies.summary().samples, 1);
    }
}
