//! The handle, for any thread.

use alloc::sync::Arc;
use core::fmt;

use super::Shared;
use crate::Timestamp;
use crate::engine::{Class, Node};
use crate::retry::Retry;

/// A timer of a shared list. Put it in whatever it times: dropping it cancels it. So bind it:
/// `timers.timer(7).schedule(at);` has dropped it at the end of the line.
///
/// 16 bytes, `Send` and `Sync` if its token is `Send`. What a cancel means while another thread
/// delivers is [stated with the module](super#what-cancelled-means-while-another-thread-delivers).
/// Forgetting one ([`mem::forget`](core::mem::forget)) leaks its slot and nothing worse.
///
/// ```
/// use sul::{Timestamp, sync::TimerList};
///
/// let timers = TimerList::new(|| {});
/// let mut timer = timers.timer("job");
/// timer.schedule(Timestamp::from_micros(100));
/// std::thread::spawn(move || drop(timer)).join().unwrap();
/// assert_eq!(timers.expire(Timestamp::MAX).next(), None);
/// ```
pub struct Timer<T: Copy> {
    pub(super) shared: Shared<T>,
    pub(super) node: Node,
}

impl<T: Copy> Timer<T> {
    #[inline]
    pub(super) fn new(shared: &Shared<T>, class: Class, token: T) -> Self {
        let node = shared.insert(class, token);
        Self { shared: Arc::clone(shared), node }
    }

    /// Arms the timer, or moves it if it is armed; the old deadline, if any, is not delivered any
    /// more, even if it was already due.
    ///
    /// Rings the wake function if the deadline precedes what the owner sleeps on. Any deadline will
    /// do; while a pass is open, one earlier than its `now` is raised to that `now`. O(log n); never
    /// allocates.
    ///
    /// It does not tell whether the old deadline had been delivered by then. Who must know calls
    /// [`cancel`](Self::cancel) first.
    ///
    /// ```
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// let timers = TimerList::new(|| {});
    /// let mut timer = timers.timer(());
    /// timer.schedule(Timestamp::from_micros(10));
    /// timer.schedule(Timestamp::from_micros(30));
    /// assert_eq!(timers.expire(Timestamp::from_micros(29)).count(), 0);
    /// assert_eq!(timers.expire(Timestamp::from_micros(30)).count(), 1);
    /// ```
    #[inline]
    pub fn schedule(&mut self, deadline: Timestamp) {
        self.shared.arm(self.node, deadline.as_micros());
    }

    /// Disarms the timer; true if it was armed, and then that deadline is never delivered. False if
    /// there was nothing to cancel: never armed, cancelled before, or already taken by a pass.
    ///
    /// ```
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// let timers = TimerList::new(|| {});
    /// let mut timer = timers.timer(());
    /// timer.schedule(Timestamp::from_micros(10));
    /// assert!(timer.cancel());
    /// assert!(!timer.cancel());
    /// ```
    #[inline]
    pub fn cancel(&mut self) -> bool {
        self.shared.disarm(self.node)
    }

    /// Arms the timer for the next attempt of `retry` and returns true, as long as the policy
    /// conceals it. After that, leaves timer and `retry` as they are and returns false: the caller
    /// decides whether to give up or to go on with [`Retry::next_delay`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::retry::{Policy, Retry};
    /// use sul::{Timestamp, sync};
    ///
    /// let timers = sync::TimerList::new(|| {});
    /// let mut timer = timers.timer("reconnect");
    /// let table = [Duration::from_secs(1)];
    /// let mut retry = Retry::new(Policy::new(&table).with_conceal(1), 0x5EED);
    /// assert!(timer.schedule_retry(&mut retry, Timestamp::ZERO));
    /// assert_eq!(timer.deadline(), Some(Timestamp::from_micros(1_000_000)));
    /// assert!(!timer.schedule_retry(&mut retry, Timestamp::ZERO));
    /// ```
    #[must_use = "nothing is armed if it says false"]
    pub fn schedule_retry(&mut self, retry: &mut Retry<'_>, now: Timestamp) -> bool {
        let deadline = retry.next_deadline(now);
        if let Some(deadline) = deadline {
            self.schedule(deadline);
        }
        deadline.is_some()
    }

    /// When the timer is due, if it is armed: what it was scheduled for, or the `now` of the pass that was
    /// open at the time, if that was later.
    ///
    /// ```
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// let timers = TimerList::new(|| {});
    /// let mut timer = timers.timer(());
    /// timer.schedule(Timestamp::from_micros(10));
    /// assert_eq!(timer.deadline(), Some(Timestamp::from_micros(10)));
    /// ```
    #[inline]
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.shared.deadline(self.node).map(Timestamp::from_micros)
    }

    /// Whether the timer is armed: scheduled, and neither cancelled nor delivered since.
    ///
    /// ```
    /// let timers = sul::sync::TimerList::new(|| {});
    /// assert!(!timers.timer(()).is_armed());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.deadline().is_some()
    }

    /// What the timer was made with.
    ///
    /// ```
    /// let timers = sul::sync::TimerList::new(|| {});
    /// assert_eq!(timers.timer(7).token(), 7);
    /// ```
    #[inline]
    #[must_use]
    pub fn token(&self) -> T {
        self.shared.token(self.node)
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for Timer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (token, deadline) = (self.token(), self.deadline());
        f.debug_struct("Timer").field("token", &token).field("deadline", &deadline).finish()
    }
}

impl<T: Copy> Drop for Timer<T> {
    #[inline]
    fn drop(&mut self) {
        self.shared.remove(self.node);
    }
}
