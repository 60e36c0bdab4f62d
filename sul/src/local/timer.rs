//! The handle: owning it is having it cancelled when you go away.

use alloc::rc::Rc;
use core::fmt;

use super::Shared;
use crate::Timestamp;
use crate::engine::{Class, Node};
use crate::retry::Retry;

/// A timer. Put it in whatever it times: dropping it cancels it. So bind it:
/// `timers.timer(7).schedule(at);` has dropped it at the end of the line.
///
/// A timer is 16 bytes, belongs to the thread of its list, and can't be named on another:
///
/// ```compile_fail,E0277
/// let timers = sul::TimerList::new();
/// let timer = timers.timer(1);
/// std::thread::spawn(move || drop(timer));
/// ```
///
/// Forgetting one ([`mem::forget`](core::mem::forget)) leaks its slot and nothing worse: if it is
/// armed it is still delivered.
///
/// ```
/// use sul::{TimerList, Timestamp};
///
/// let timers = TimerList::new();
/// let mut timer = timers.timer("connection 7");
/// timer.schedule(Timestamp::from_micros(100));
/// drop(timer);
/// assert_eq!(timers.expire(Timestamp::MAX).next(), None);
/// ```
pub struct Timer<T: Copy> {
    shared: Shared<T>,
    node: Node,
}

impl<T: Copy> Timer<T> {
    #[inline]
    pub(super) fn new(shared: &Shared<T>, class: Class, token: T) -> Self {
        let node = shared.borrow_mut().insert(class, token);
        Self { shared: Rc::clone(shared), node }
    }

    /// Arms the timer, or moves it if it is armed. The old deadline, if any, is never delivered,
    /// even if it was already due.
    ///
    /// Any deadline will do. One that is past is delivered by the next pass; while a pass is open it
    /// is raised to that pass's `now`. Costs O(log n) and never allocates.
    ///
    /// ```
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let mut timer = timers.timer(());
    /// timer.schedule(Timestamp::from_micros(10));
    /// timer.schedule(Timestamp::from_micros(30));
    /// assert_eq!(timers.expire(Timestamp::from_micros(29)).count(), 0);
    /// assert_eq!(timers.expire(Timestamp::from_micros(30)).count(), 1);
    /// ```
    #[inline]
    pub fn schedule(&mut self, deadline: Timestamp) {
        self.shared.borrow_mut().arm(self.node, deadline.as_micros());
    }

    /// Disarms the timer; true if it was armed. It can be scheduled again.
    ///
    /// ```
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let mut timer = timers.timer(());
    /// timer.schedule(Timestamp::from_micros(10));
    /// assert!(timer.cancel());
    /// assert!(!timer.cancel());
    /// assert!(timers.is_empty());
    /// ```
    #[inline]
    pub fn cancel(&mut self) -> bool {
        self.shared.borrow_mut().disarm(self.node)
    }

    /// Arms the timer for the next attempt of `retry` and returns true, as long as the policy
    /// conceals it. After that, leaves timer and `retry` as they are and returns false: the caller
    /// decides whether to give up or to go on with [`Retry::next_delay`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::retry::{Policy, Retry};
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
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
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let mut timer = timers.timer(());
    /// assert_eq!(timer.deadline(), None);
    /// timer.schedule(Timestamp::from_micros(10));
    /// assert_eq!(timer.deadline(), Some(Timestamp::from_micros(10)));
    /// ```
    #[inline]
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.shared.borrow().deadline(self.node).map(Timestamp::from_micros)
    }

    /// Whether the timer is armed: scheduled, and neither cancelled nor delivered since.
    ///
    /// ```
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let mut timer = timers.timer(());
    /// timer.schedule(Timestamp::from_micros(10));
    /// assert!(timer.is_armed());
    /// timers.expire(Timestamp::from_micros(10)).next();
    /// assert!(!timer.is_armed());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.deadline().is_some()
    }

    /// What the timer was made with.
    ///
    /// ```
    /// let timers = sul::TimerList::new();
    /// assert_eq!(timers.timer(7).token(), 7);
    /// ```
    #[inline]
    #[must_use]
    pub fn token(&self) -> T {
        self.shared.borrow().token(self.node)
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
        self.shared.borrow_mut().remove(self.node);
    }
}
