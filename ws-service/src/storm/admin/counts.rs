//! Counters, and what they say about the time between two looks at them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Numbers by their name.
type Numbers = BTreeMap<String, u64>;

/// Everything that is used here of what a service has counted since its start.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::storm) struct Counts {
    counters: Numbers,
    /// Deadlines that are set, by kind.
    pub(in crate::storm) armed: Numbers,
    expired: Numbers,
    closes: Numbers,
    turn_time: Buckets,
    timer_lateness: Buckets,
    /// Upper bounds of all buckets but the last, which has none, in microseconds.
    #[serde(skip)]
    bounds_us: Arc<[u64]>,
}

/// A histogram.
#[derive(Debug, Clone, Default, Deserialize)]
struct Buckets {
    counts: Vec<u64>,
}

/// What a service counted between two moments. Times are upper bounds of buckets, and null beyond the
/// last bound, or where nothing was counted.
#[derive(Debug, Default, Serialize)]
pub(in crate::storm) struct Told {
    /// Connections that ended, by reason; those that none ended for are left out.
    pub(in crate::storm) closes: Numbers,
    /// Deadlines that came, by kind; the same.
    pub(in crate::storm) expired: Numbers,
    pub(in crate::storm) turns: Spread,
    pub(in crate::storm) timer_lateness: Spread,
}

/// How long something took, as far as a histogram tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(in crate::storm) struct Spread {
    pub(in crate::storm) count: u64,
    pub(in crate::storm) p50_us: Option<u64>,
    pub(in crate::storm) p99_us: Option<u64>,
    pub(in crate::storm) max_us: Option<u64>,
}

impl Counts {
    pub(super) fn with_bounds(mut self, seconds: &[f64]) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a few seconds"
        )]
        let microseconds = |bound: &f64| (bound * 1e6).round() as u64;
        self.bounds_us = seconds.iter().map(microseconds).collect();
        self
    }

    pub(in crate::storm) fn connections(&self) -> u64 {
        self.counters.get("connections").copied().unwrap_or(0)
    }

    /// What was counted since an earlier look.
    pub(in crate::storm) fn since(&self, before: &Self) -> Told {
        Told {
            closes: more(&self.closes, &before.closes),
            expired: more(&self.expired, &before.expired),
            turns: self.spread(&self.turn_time, &before.turn_time),
            timer_lateness: self.spread(&self.timer_lateness, &before.timer_lateness),
        }
    }

    fn spread(&self, now: &Buckets, before: &Buckets) -> Spread {
        let before = before.counts.iter().chain(std::iter::repeat(&0));
        let counts = now.counts.iter().zip(before).map(|(now, before)| now.saturating_sub(*before));
        let counts: Vec<u64> = counts.collect();
        let count: u64 = counts.iter().sum();
        // The bound of the bucket in which the `rank`th of them lies, counted from 1.
        let bound = |rank: u64| {
            let mut seen = 0;
            let bucket = counts.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            self.bounds_us.get(bucket.filter(|_| rank > 0)?).copied()
        };
        let share = |percent: u64| bound((count * percent).div_ceil(100));
        Spread { count, p50_us: share(50), p99_us: share(99), max_us: bound(count) }
    }
}

/// What has grown, and by how much.
fn more(now: &Numbers, before: &Numbers) -> Numbers {
    let before = |name| before.get(name).copied().unwrap_or(0);
    let grown = now.iter().map(|(name, count)| (name.clone(), count.saturating_sub(before(name))));
    grown.filter(|(_, count)| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(turns: &[u64], closes: &[(&str, u64)]) -> Counts {
        let closes = closes.iter().map(|&(name, count)| (name.to_owned(), count)).collect();
        let turn_time = Buckets { counts: turns.to_vec() };
        Counts { closes, turn_time, ..Counts::default() }.with_bounds(&[1e-5, 1e-3])
    }

    #[test]
    fn what_is_told_lies_between_two_looks() {
        let before = counts(&[100, 0, 5], &[("peer", 3), ("hang_up", 1)]);
        let after = counts(&[198, 2, 5], &[("peer", 3), ("hang_up", 8)]);
        let told = after.since(&before);
        assert_eq!(told.closes, BTreeMap::from([("hang_up".to_owned(), 7)]));
        let turns =
            Spread { count: 100, p50_us: Some(10), p99_us: Some(1_000), max_us: Some(1_000) };
        assert_eq!(told.turns, turns);
        assert_eq!(told.timer_lateness, Spread::default());
    }

    #[test]
    fn what_lies_beyond_the_last_bound_has_none() {
        let told = counts(&[0, 99, 1], &[]).since(&Counts::default());
        let turns = Spread { count: 100, p50_us: Some(1_000), p99_us: Some(1_000), max_us: None };
        assert_eq!(told.turns, turns);
    }
}
