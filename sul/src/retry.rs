//! When to try again: a table of delays, jitter, and how many failures to keep to oneself.
//!
//! A [`Policy`] is shared and constant, a [`Retry`] is the state of one thing that is being retried.
//!
//! ```
//! use std::time::Duration;
//! use sul::retry::{Policy, Retry};
//! use sul::{TimerList, Timestamp};
//!
//! const RECONNECT: Policy<'_> = Policy::new(&[
//!     Duration::from_millis(100),
//!     Duration::from_secs(1),
//!     Duration::from_secs(10), // from here on, every time
//! ])
//! .with_jitter_percent(20) // up to 20 % more
//! .with_conceal(5); // then tell the user
//!
//! let timers = TimerList::new();
//! let mut timer = timers.timer("reconnect");
//! let mut retry = Retry::new(RECONNECT, 0x5EED);
//!
//! // each time the connection fails
//! let now = Timestamp::ZERO;
//! if !timer.schedule_retry(&mut retry, now) {
//!     timer.schedule(now + retry.next_delay()); // or give up
//!     println!("still trying after {} failures", retry.attempts());
//! }
//! assert!(timer.deadline() >= Some(Timestamp::from_micros(100_000)));
//! assert!(timer.deadline() <= Some(Timestamp::from_micros(120_000)));
//!
//! // once it is up again
//! retry.reset();
//! ```
//!
//! # The seed
//!
//! The jitter comes from a seed of the caller's, so that a run can be replayed: the same seed gives
//! the same delays on every platform and in every version of the crate that is compatible. Clients
//! that should not come back together need different ones. With the standard library, and without
//! another crate, there is one to be had for each of them:
//!
//! ```
//! use std::hash::{BuildHasher, RandomState};
//!
//! let seed = RandomState::new().hash_one(7); // the number of the connection, say
//! # let _ = sul::retry::Retry::new(sul::retry::Policy::new(&[]), seed);
//! ```

use core::time::Duration;

use crate::Timestamp;

/// How long to wait before each attempt. It borrows its table: make both `const`, or keep the table
/// where the configuration is.
///
/// ```
/// use std::time::Duration;
/// use sul::retry::Policy;
///
/// const POLICY: Policy<'_> = Policy::new(&[Duration::from_secs(1), Duration::from_secs(5)]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy<'a> {
    delays: &'a [Duration],
    jitter_percent: u8,
    conceal: Option<u32>,
}

impl<'a> Policy<'a> {
    /// Waits for `delays[0]` before the first retry, `delays[1]` before the second, and so on; when
    /// they run out, the last is used for ever. An empty table waits for nothing.
    ///
    /// Without jitter, and with every failure concealed: until
    /// [`with_conceal`](Self::with_conceal) says otherwise,
    /// [`schedule_retry`](crate::Timer::schedule_retry) never answers `false`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::retry::{Policy, Retry};
    ///
    /// let table = [Duration::from_secs(1), Duration::from_secs(5)];
    /// let mut retry = Retry::new(Policy::new(&table), 0);
    /// let seconds: Vec<u64> = (0..4).map(|_| retry.next_delay().as_secs()).collect();
    /// assert_eq!(seconds, [1, 5, 5, 5]);
    /// ```
    #[must_use]
    pub const fn new(delays: &'a [Duration]) -> Self {
        Self { delays, jitter_percent: 0, conceal: None }
    }

    /// Lengthens each delay at random by up to `percent` of it, to the nanosecond, so that clients that
    /// were cut off together do not come back together. Never shortens one; above 100 it may more than
    /// double it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::retry::{Policy, Retry};
    ///
    /// let table = [Duration::from_secs(10)];
    /// let policy = Policy::new(&table).with_jitter_percent(30);
    /// let delay = Retry::new(policy, 7).next_delay();
    /// assert!((10..=13).contains(&delay.as_secs()));
    /// ```
    #[must_use]
    pub const fn with_jitter_percent(self, percent: u8) -> Self {
        Self { jitter_percent: percent, ..self }
    }

    /// Keeps the first `attempts` failures to oneself. After those
    /// [`Retry::is_concealed`] is false, and [`schedule_retry`](crate::Timer::schedule_retry) leaves
    /// the decision to its caller.
    ///
    /// ```
    /// use sul::retry::{Policy, Retry};
    ///
    /// let mut retry = Retry::new(Policy::new(&[]).with_conceal(2), 0);
    /// let concealed: Vec<bool> = (0..3)
    ///     .map(|_| {
    ///         let concealed = retry.is_concealed();
    ///         retry.next_delay();
    ///         concealed
    ///     })
    ///     .collect();
    /// assert_eq!(concealed, [true, true, false]);
    /// ```
    #[must_use]
    pub const fn with_conceal(self, attempts: u32) -> Self {
        Self { conceal: Some(attempts), ..self }
    }

    /// The delay before retry number `attempt`, counted from 0, without jitter.
    fn delay(&self, attempt: u32) -> Duration {
        let index = usize::try_from(attempt).unwrap_or(usize::MAX);
        self.delays.get(index).or(self.delays.last()).copied().unwrap_or_default()
    }
}

/// The state of one thing that is being retried.
///
/// ```
/// use std::time::Duration;
/// use sul::retry::{Policy, Retry};
///
/// let table = [Duration::from_secs(1)];
/// let policy = Policy::new(&table).with_jitter_percent(50);
/// let (mut one, mut same) = (Retry::new(policy, 42), Retry::new(policy, 42));
/// assert_eq!(one.next_delay(), same.next_delay()); // the seed decides
/// ```
#[derive(Clone, Debug)]
pub struct Retry<'a> {
    policy: Policy<'a>,
    attempts: u32,
    random: u64,
}

impl<'a> Retry<'a> {
    /// No attempt made yet. The seed decides the jitter; give each retry its own. The
    /// [module](self#the-seed) says where to get one.
    ///
    /// ```
    /// use sul::retry::{Policy, Retry};
    ///
    /// assert_eq!(Retry::new(Policy::new(&[]), 1).attempts(), 0);
    /// ```
    #[must_use]
    pub const fn new(policy: Policy<'a>, seed: u64) -> Self {
        Self { policy, attempts: 0, random: seed }
    }

    /// How long to wait before the next attempt, which is counted as made.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::retry::{Policy, Retry};
    ///
    /// let table = [Duration::from_secs(3)];
    /// let mut retry = Retry::new(Policy::new(&table), 1);
    /// assert_eq!(retry.next_delay(), Duration::from_secs(3));
    /// assert_eq!(retry.attempts(), 1);
    /// ```
    pub fn next_delay(&mut self) -> Duration {
        let delay = self.policy.delay(self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        delay.saturating_add(self.jitter(delay))
    }

    /// How many delays have been handed out since the last [`reset`](Self::reset): one for each failure.
    /// A [`Timer::schedule_retry`](crate::Timer::schedule_retry) that answered `false` handed out none:
    /// who gives up then has failed once more than this says.
    ///
    /// ```
    /// use sul::retry::{Policy, Retry};
    ///
    /// let mut retry = Retry::new(Policy::new(&[]), 1);
    /// retry.next_delay();
    /// assert_eq!(retry.attempts(), 1);
    /// ```
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether the next attempt is still one that the policy keeps to itself.
    ///
    /// ```
    /// use sul::retry::{Policy, Retry};
    ///
    /// assert!(Retry::new(Policy::new(&[]), 1).is_concealed());
    /// assert!(!Retry::new(Policy::new(&[]).with_conceal(0), 1).is_concealed());
    /// ```
    #[must_use]
    pub const fn is_concealed(&self) -> bool {
        match self.policy.conceal {
            Some(conceal) => self.attempts < conceal,
            None => true,
        }
    }

    /// It worked: the next failure starts the table from the top. The jitter goes on from where it
    /// is; it does not start again with what the seed gave first.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::retry::{Policy, Retry};
    ///
    /// let table = [Duration::from_secs(1), Duration::from_secs(5)];
    /// let mut retry = Retry::new(Policy::new(&table), 1);
    /// retry.next_delay();
    /// retry.reset();
    /// assert_eq!(retry.next_delay(), Duration::from_secs(1));
    /// ```
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    /// The deadline of the next attempt, if it is a concealed one; otherwise nothing is counted.
    pub(crate) fn next_deadline(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.is_concealed().then(|| now + self.next_delay())
    }

    /// Uniform between nothing and the policy's percentage of `delay`.
    fn jitter(&mut self, delay: Duration) -> Duration {
        let percent = u32::from(self.policy.jitter_percent);
        if percent == 0 {
            return Duration::ZERO;
        }
        let most = u128::from(percent) * (delay.as_nanos() / 100);
        // `most` is below 2^102: its product with 16 bits fits.
        let nanos = (most * u128::from(self.bits() >> 48)) >> 16;
        let secs = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
        Duration::from_secs(secs) + Duration::from_nanos((nanos % 1_000_000_000) as u64)
    }

    /// `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
    fn bits(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
