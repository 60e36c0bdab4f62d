//! The list: where timers are made, and where the loop asks what is due.

use alloc::rc::Rc;
use core::cell::RefCell;

use super::{Expired, Shared, Timer};
use crate::Timestamp;
use crate::engine::{Class, Engine};

/// The timers of one event loop.
///
/// The list reads no clock: the loop asks [`earliest`](Self::earliest) how long it may sleep and
/// tells [`expire`](Self::expire) what time it is. Timers may outlive their list; they can then
/// still be armed, but nobody asks for them any more.
///
/// ```
/// use sul::{TimerList, Timestamp};
///
/// let timers = TimerList::new();
/// let mut timer = timers.timer("token");
/// timer.schedule(Timestamp::from_micros(500));
///
/// assert_eq!(timers.earliest(), Some(Timestamp::from_micros(500)));
/// for due in timers.expire(Timestamp::from_micros(510)) {
///     assert_eq!(due.token, "token");
/// }
/// assert!(timers.is_empty());
/// ```
pub struct TimerList<T: Copy> {
    shared: Shared<T>,
}

impl<T: Copy> TimerList<T> {
    /// A list with no timers and no room yet.
    ///
    /// ```
    /// let timers = sul::TimerList::<u32>::new();
    /// assert_eq!(timers.earliest(), None);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// A list with room for `timers` timers: making that many allocates nothing.
    ///
    /// ```
    /// let timers = sul::TimerList::<u32>::with_capacity(10_000);
    /// assert!(timers.is_empty());
    /// ```
    #[must_use]
    pub fn with_capacity(timers: usize) -> Self {
        Self { shared: Rc::new(RefCell::new(Engine::with_capacity(timers))) }
    }

    /// A new timer, unarmed. Its token comes back in each [`Due`](crate::Due).
    ///
    /// This is the only operation that may allocate.
    ///
    /// # Panics
    ///
    /// If the list already has 268,435,455 timers.
    ///
    /// ```
    /// let timers = sul::TimerList::new();
    /// let timer = timers.timer(7);
    /// assert!(!timer.is_armed());
    /// ```
    #[must_use = "dropping a timer cancels it"]
    pub fn timer(&self, token: T) -> Timer<T> {
        Timer::new(&self.shared, Class::Ordinary, token)
    }

    /// The deadline that comes first, which is how long the loop may sleep. Exact, and O(1).
    ///
    /// ```
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let (mut a, mut b) = (timers.timer('a'), timers.timer('b'));
    /// a.schedule(Timestamp::from_micros(20));
    /// b.schedule(Timestamp::from_micros(10));
    /// assert_eq!(timers.earliest(), Some(Timestamp::from_micros(10)));
    /// drop(b);
    /// assert_eq!(timers.earliest(), Some(Timestamp::from_micros(20)));
    /// ```
    #[inline]
    #[must_use]
    pub fn earliest(&self) -> Option<Timestamp> {
        self.shared.borrow().earliest().map(Timestamp::from_micros)
    }

    /// Opens an expiry pass: delivers the timers that are armed now and due by `now`, in deadline
    /// order, equal deadlines in the order they were scheduled.
    ///
    /// Between two deliveries any timer may be scheduled, cancelled, made or dropped. See
    /// [`Expired`] for what a pass promises.
    ///
    /// ```
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let (mut a, mut b) = (timers.timer('a'), timers.timer('b'));
    /// a.schedule(Timestamp::from_micros(20));
    /// b.schedule(Timestamp::from_micros(10));
    /// let due: Vec<char> = timers.expire(Timestamp::from_micros(20)).map(|due| due.token).collect();
    /// assert_eq!(due, ['b', 'a']);
    /// ```
    #[inline]
    #[must_use = "a pass delivers as it is iterated"]
    pub fn expire(&self, now: Timestamp) -> Expired<T> {
        Expired::begin(&self.shared, now)
    }

    /// How many timers are armed.
    ///
    /// ```
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let (mut a, _b) = (timers.timer('a'), timers.timer('b'));
    /// a.schedule(Timestamp::ZERO);
    /// assert_eq!(timers.len(), 1);
    /// ```
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.borrow().len()
    }

    /// Whether no timer is armed.
    ///
    /// ```
    /// assert!(sul::TimerList::<()>::new().is_empty());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Copy> Default for TimerList<T> {
    fn default() -> Self {
        Self::new()
    }
}
