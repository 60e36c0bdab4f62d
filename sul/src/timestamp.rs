//! Points in time, as plain numbers.
//!
//! Deliberately absent: a clock. Whoever owns the loop reads one and passes the result in.

use core::fmt;
use core::ops::{Add, AddAssign};
use core::time::Duration;

const MICROS_PER_SEC: u64 = 1_000_000;

/// Microseconds since an epoch of the caller's choosing.
///
/// The epoch may be the start of the program, boot, or 1970; a list compares timestamps with each
/// other and with nothing else. 64 bits of microseconds last 584,000 years.
///
/// ```
/// use std::time::Duration;
/// use sul::Timestamp;
///
/// let now = Timestamp::from_micros(5_000_000);
/// let later = now + Duration::from_millis(30);
/// assert_eq!(later.as_micros(), 5_030_000);
/// assert_eq!(later.saturating_since(now), Duration::from_millis(30));
/// assert_eq!(format!("{later:?}"), "5.030000s");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The epoch itself.
    ///
    /// ```
    /// assert_eq!(sul::Timestamp::ZERO.as_micros(), 0);
    /// ```
    pub const ZERO: Self = Self(0);

    /// The last point in time there is; additions stop here.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::Timestamp;
    ///
    /// assert_eq!(Timestamp::MAX + Duration::from_secs(1), Timestamp::MAX);
    /// ```
    pub const MAX: Self = Self(u64::MAX);

    /// The point `micros` microseconds after the epoch.
    ///
    /// ```
    /// const START: sul::Timestamp = sul::Timestamp::from_micros(250);
    /// assert_eq!(START.as_micros(), 250);
    /// ```
    #[inline]
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    ///
    /// ```
    /// assert_eq!(sul::Timestamp::from_micros(7).as_micros(), 7);
    /// ```
    #[inline]
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time that passed since `earlier`, or zero if `earlier` is the later one.
    ///
    /// This is what a loop passes to `poll`: the wait until a deadline, zero once it is past.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::Timestamp;
    ///
    /// let (a, b) = (Timestamp::from_micros(10), Timestamp::from_micros(25));
    /// assert_eq!(b.saturating_since(a), Duration::from_micros(15));
    /// assert_eq!(a.saturating_since(b), Duration::ZERO);
    /// ```
    #[inline]
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// Rounds up to the next microsecond, so that a deadline is never early, and stops at
/// [`Timestamp::MAX`].
///
/// ```
/// use std::time::Duration;
/// use sul::Timestamp;
///
/// let start = Timestamp::from_micros(10);
/// assert_eq!(start + Duration::from_nanos(1), Timestamp::from_micros(11));
/// assert_eq!(start + Duration::MAX, Timestamp::MAX);
/// ```
impl Add<Duration> for Timestamp {
    type Output = Self;

    #[inline]
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros_rounded_up(duration)))
    }
}

impl AddAssign<Duration> for Timestamp {
    #[inline]
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

/// Seconds with six decimals, which is how people read a deadline.
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / MICROS_PER_SEC, self.0 % MICROS_PER_SEC)
    }
}

/// `duration` in microseconds, a started one counted in full; [`u64::MAX`] if there are more.
#[inline]
pub(crate) fn micros_rounded_up(duration: Duration) -> u64 {
    let whole = duration.as_secs().saturating_mul(MICROS_PER_SEC);
    whole.saturating_add(u64::from(duration.subsec_nanos().div_ceil(1_000)))
}

/// `duration` in microseconds, a started one not counted; [`u64::MAX`] if there are more.
pub(crate) fn micros_rounded_down(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
