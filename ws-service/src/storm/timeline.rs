//! What survivors felt and what was held, moment by moment around the end: for plots.

use std::time::{Duration, Instant};

use super::latency::microseconds;

/// Moments of a round at most; the rest of it is not drawn.
const MOST: usize = 2_000;
/// A round that goes as planned has about as many.
const USUAL: u32 = 1_000;
/// The shortest that a moment lasts: ten echoes of each survivor, by default.
const SHORTEST: Duration = Duration::from_millis(10);

/// A round as it goes on.
#[derive(Debug)]
pub(super) struct Timeline {
    /// How long a moment lasts.
    length: Duration,
    next: Instant,
    /// When the crowd was ended.
    end: Option<Instant>,
    moments: Vec<Moment>,
    /// Echoes of the moment that lasts, in microseconds. Bounded by the rate at which survivors send.
    latencies: Vec<u64>,
    is_cut: bool,
}

/// A round as it was.
#[derive(Debug)]
pub(super) struct Course {
    /// When the crowd was ended.
    pub(super) end: Instant,
    pub(super) moments: Vec<Moment>,
    /// It went on for longer than is kept.
    pub(super) is_cut: bool,
}

/// A short time, at its end.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) at: Instant,
    /// Of the echoes that came back in it; none may have.
    pub(super) felt: Option<Felt>,
    pub(super) held: Held,
}

/// Echoes that came back in one moment.
#[expect(clippy::struct_field_names, reason = "the unit")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Felt {
    pub(super) p50_us: u64,
    pub(super) p99_us: u64,
    pub(super) max_us: u64,
}

/// What was held at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Connections, as far as the storm knows.
    pub(super) connections: u64,
    /// Descriptors of the server's process.
    pub(super) descriptors: Option<u64>,
}

impl Timeline {
    /// Begins, for a round that is planned to last so long.
    pub(super) fn new(planned: Duration) -> Self {
        let length = (planned / USUAL).max(SHORTEST);
        let next = Instant::now() + length;
        let (moments, latencies) = (Vec::new(), Vec::new());
        Self { length, next, end: None, moments, latencies, is_cut: false }
    }

    /// When the moment that lasts is over.
    pub(super) fn next_due(&self) -> Option<Instant> {
        (!self.is_cut).then_some(self.next)
    }

    pub(super) fn echoed(&mut self, latency: Duration) {
        if !self.is_cut {
            self.latencies.push(microseconds(latency));
        }
    }

    /// From now on the crowd is ending.
    pub(super) fn end(&mut self, now: Instant) {
        self.end = Some(now);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Ends the moment that lasts, and begins the next.
    pub(super) fn turn(&mut self, now: Instant, held: Held) {
        self.moments.push(Moment { at: now, felt: Felt::of(&mut self.latencies), held });
        self.latencies.clear();
        // The storm may have been held up: moments that it missed are part of this one.
        self.next = now + self.length;
        self.is_cut = self.moments.len() >= MOST;
    }

    /// Nothing, if the round never came to the end of its crowd.
    pub(super) fn finish(self) -> Option<Course> {
        Some(Course { end: self.end?, moments: self.moments, is_cut: self.is_cut })
    }
}

impl Felt {
    fn of(latencies: &mut [u64]) -> Option<Self> {
        latencies.sort_unstable();
        let rank = |percent: usize| (latencies.len() * percent).div_ceil(100).saturating_sub(1);
        let at = |percent| latencies.get(rank(percent)).copied();
        Some(Self { p50_us: at(50)?, p99_us: at(99)?, max_us: at(100)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: Held = Held { connections: 1, descriptors: None };

    #[test]
    fn a_moment_has_the_echoes_that_came_in_it() {
        let mut timeline = Timeline::new(Duration::ZERO);
        let start = Instant::now();
        for ms in (1..=200).rev() {
            timeline.echoed(Duration::from_millis(ms));
        }
        timeline.turn(start, HELD);
        timeline.end(start);
        timeline.turn(start, HELD);
        let course = timeline.finish().unwrap();
        let felt = Felt { p50_us: 100_000, p99_us: 198_000, max_us: 200_000 };
        assert_eq!(course.moments[0].felt, Some(felt));
        assert_eq!(course.moments[1].felt, None);
        assert!(!course.is_cut);
    }

    #[test]
    fn a_round_without_end_is_cut() {
        let mut timeline = Timeline::new(Duration::from_secs(100));
        assert_eq!(timeline.length, Duration::from_millis(100));
        let now = Instant::now();
        timeline.end(now);
        while timeline.next_due().is_some() {
            timeline.turn(now, HELD);
        }
        timeline.echoed(Duration::from_millis(1));
        assert!(timeline.latencies.is_empty());
        let course = timeline.finish().unwrap();
        assert!(course.is_cut && course.moments.len() == MOST);
    }

    #[test]
    fn a_round_that_never_came_to_its_end_has_no_course() {
        assert!(Timeline::new(Duration::ZERO).finish().is_none());
    }
}
