//! What a pass delivers.

use core::fmt;
use core::time::Duration;

use crate::timestamp::{Timestamp, micros_rounded_up};

/// A timer that has come due: whose it is, and when it should have been.
///
/// The caller's clock less [`deadline`](Self::deadline) is how late the delivery is; the list keeps
/// no statistics of its own.
///
/// ```
/// use sul::{Due, TimerList, Timestamp};
///
/// let timers = TimerList::new();
/// let mut timer = timers.timer("tea");
/// timer.schedule(Timestamp::from_micros(100));
///
/// let now = Timestamp::from_micros(130);
/// let due = timers.expire(now).next();
/// assert_eq!(due, Some(Due { token: "tea", deadline: Timestamp::from_micros(100) }));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Due<T> {
    /// What the timer was made with.
    pub token: T,
    /// What the timer was scheduled for, or the `now` of the pass that was open at the time, if that
    /// was later.
    pub deadline: Timestamp,
}

impl<T> Due<T> {
    /// The next deadline of a timer that repeats every `period` and keeps its phase: the first of
    /// `deadline + period`, `deadline + 2 × period`, … that is after `now`.
    ///
    /// `now` is that of the pass, or later. A next deadline before it would be raised to it and lose
    /// the phase. Periods that were missed are skipped, not replayed in a burst. The period is rounded up to
    /// whole microseconds, a zero one to 1 µs. The result stops at [`Timestamp::MAX`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::{Due, Timestamp};
    ///
    /// let due = Due { token: (), deadline: Timestamp::from_micros(1_000) };
    /// let period = Duration::from_micros(100);
    /// let next = |now| due.next(period, Timestamp::from_micros(now)).as_micros();
    /// assert_eq!(next(1_000), 1_100);
    /// assert_eq!(next(1_099), 1_100);
    /// assert_eq!(next(1_100), 1_200);
    /// assert_eq!(next(5_555), 5_600);
    /// ```
    #[must_use]
    pub fn next(&self, period: Duration, now: Timestamp) -> Timestamp {
        let start = self.deadline.as_micros();
        let period = micros_rounded_up(period).max(1);
        let missed = now.as_micros().saturating_sub(start) / period;
        let steps = missed.saturating_add(1);
        Timestamp::from_micros(start.saturating_add(steps.saturating_mul(period)))
    }
}

impl<T: Copy> Due<T> {
    #[inline]
    pub(crate) fn from_engine((token, deadline): (T, u64)) -> Self {
        Self { token, deadline: Timestamp::from_micros(deadline) }
    }
}

/// How many timers a list shows when it is formatted.
const SHOWN: usize = 8;

impl<T: fmt::Debug> Due<T> {
    /// Formats `armed`, which is all of a list in order, as that list.
    pub(crate) fn fmt_list(armed: &[Self], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let next = NextFew(&armed[..armed.len().min(SHOWN)]);
        let mut list = f.debug_struct("TimerList");
        list.field("armed", &armed.len()).field("next", &next);
        if armed.len() > SHOWN { list.finish_non_exhaustive() } else { list.finish() }
    }
}

struct NextFew<'a, T>(&'a [Due<T>]);

impl<T: fmt::Debug> fmt::Debug for NextFew<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|due| (due.deadline, &due.token))).finish()
    }
}
