//! A clock for those who have the standard library. Nothing else in the crate needs it.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the one place that reads a clock, when it is asked to"
)]

use std::time::Instant;

use crate::Timestamp;

/// Monotonic microseconds since the clock was made.
///
/// Read it once per turn of the loop, after the wait, and use that reading for the whole turn: all
/// that is scheduled in a turn then agrees on what time it is. Copies share their epoch, on every
/// thread.
///
/// ```
/// let clock = sul::Clock::new();
/// let (first, second) = (clock.now(), clock.now());
/// assert!(first <= second);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Instant,
}

impl Clock {
    /// A clock that starts at [`Timestamp::ZERO`] now.
    ///
    /// ```
    /// let clock = sul::Clock::new();
    /// let other_thread = std::thread::spawn(move || clock.now());
    /// # drop(other_thread.join());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { epoch: Instant::now() }
    }

    /// The time since the clock was made, rounded down so that nothing is early.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let clock = sul::Clock::new();
    /// let deadline = clock.now() + Duration::from_millis(20);
    /// assert!(deadline > sul::Timestamp::ZERO);
    /// ```
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let elapsed = self.epoch.elapsed();
        let micros = elapsed.as_secs() * 1_000_000 + u64::from(elapsed.subsec_micros());
        Timestamp::from_micros(micros)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
