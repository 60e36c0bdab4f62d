//! The list: where timers are made, and where the loop asks what is due.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use core::time::Duration;

use super::{Expired, Shared, Timer};
use crate::engine::{Class, Engine};
use crate::timestamp::{micros_rounded_down, micros_rounded_up};
use crate::{Due, Timestamp};

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

    /// A list with room for `timers` timers: making that many allocates nothing. Waking timers, if
    /// there are to be any, have room of their own: see [`with_capacities`](Self::with_capacities).
    ///
    /// Panics or aborts where [`Vec::with_capacity`] would, which is when there is no such memory.
    ///
    /// ```
    /// let timers = sul::TimerList::<u32>::with_capacity(10_000);
    /// assert!(timers.is_empty());
    /// ```
    #[must_use]
    pub fn with_capacity(timers: usize) -> Self {
        Self::with_capacities(timers, 0)
    }

    /// A list with room for `ordinary` timers made by [`timer`](Self::timer) and `waking` made by
    /// [`waking_timer`](Self::waking_timer): making that many allocates nothing.
    ///
    /// ```
    /// let timers = sul::TimerList::<u32>::with_capacities(10_000, 50);
    /// let alarm = timers.waking_timer(7);
    /// assert!(!alarm.is_armed());
    /// ```
    #[must_use]
    pub fn with_capacities(ordinary: usize, waking: usize) -> Self {
        Self { shared: Rc::new(RefCell::new(Engine::with_capacity(ordinary, waking))) }
    }

    /// A new timer, unarmed. Its token comes back in each [`Due`](crate::Due).
    ///
    /// Allocates if there is no room left, in [`with_capacity`](Self::with_capacity) or from dropped timers.
    ///
    /// # Panics
    ///
    /// If the list already has 2,147,483,647 of these.
    ///
    /// ```
    /// let timers = sul::TimerList::new();
    /// let timer = timers.timer(7);
    /// assert!(!timer.is_armed());
    /// ```
    #[inline]
    #[must_use = "dropping a timer cancels it"]
    pub fn timer(&self, token: T) -> Timer<T> {
        Timer::new(&self.shared, Class::Ordinary, token)
    }

    /// A new timer that is worth waking a suspended system for; otherwise like [`timer`](Self::timer).
    ///
    /// The class is for [`earliest_waking`](Self::earliest_waking) only: order is strict across both
    /// classes.
    ///
    /// # Panics
    ///
    /// If the list already has 2,147,483,647 of these.
    ///
    /// ```
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let (mut poll, mut alarm) = (timers.timer("poll"), timers.waking_timer("alarm"));
    /// poll.schedule(Timestamp::from_micros(10));
    /// alarm.schedule(Timestamp::from_micros(90));
    /// assert_eq!(timers.earliest(), Some(Timestamp::from_micros(10)));
    /// assert_eq!(timers.earliest_waking(), Some(Timestamp::from_micros(90)));
    /// ```
    #[inline]
    #[must_use = "dropping a timer cancels it"]
    pub fn waking_timer(&self, token: T) -> Timer<T> {
        Timer::new(&self.shared, Class::Waking, token)
    }

    /// The deadline that comes first: until then the loop may sleep. `None` if no timer is armed, and the
    /// loop may sleep until something else happens. Exact, and O(1).
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

    /// The first deadline of the timers made with [`waking_timer`](Self::waking_timer): when a
    /// system that suspends now must be awake again. Exact, and O(1).
    ///
    /// ```
    /// let timers = sul::TimerList::<()>::new();
    /// assert_eq!(timers.earliest_waking(), None);
    /// ```
    #[inline]
    #[must_use]
    pub fn earliest_waking(&self) -> Option<Timestamp> {
        self.shared.borrow().earliest_of(Class::Waking).map(Timestamp::from_micros)
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

    /// Schedules many timers, in the order of the slice: equal deadlines are delivered in it.
    ///
    /// Timers of other lists are scheduled too, each on its own.
    ///
    /// ```
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let (mut a, mut b) = (timers.timer('a'), timers.timer('b'));
    /// let at = Timestamp::from_micros(10);
    /// timers.schedule_batch(&mut [(&mut b, at), (&mut a, at)]);
    /// let due: Vec<char> = timers.expire(at).map(|due| due.token).collect();
    /// assert_eq!(due, ['b', 'a']);
    /// ```
    pub fn schedule_batch(&self, batch: &mut [(&mut Timer<T>, Timestamp)]) {
        for (timer, deadline) in batch {
            timer.schedule(*deadline);
        }
    }

    /// Moves all deadlines, and the `now` of an open pass, `by` later: the caller's clock stepped
    /// forward and nobody should be early for it. Fractions of a microsecond round up; deadlines
    /// stop at [`Timestamp::MAX`]. O(n).
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let mut timer = timers.timer(());
    /// timer.schedule(Timestamp::from_micros(10));
    /// timers.shift_forward(Duration::from_micros(5));
    /// assert_eq!(timer.deadline(), Some(Timestamp::from_micros(15)));
    /// ```
    pub fn shift_forward(&self, by: Duration) {
        let by = micros_rounded_up(by);
        self.shared.borrow_mut().shift(|time| time.saturating_add(by));
    }

    /// Moves all deadlines, and the `now` of an open pass, `by` earlier: the caller's clock stepped
    /// back and nobody should be late for it. Fractions of a microsecond round down; deadlines stop
    /// at [`Timestamp::ZERO`]. O(n).
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let mut timer = timers.timer(());
    /// timer.schedule(Timestamp::from_micros(10));
    /// timers.shift_back(Duration::from_micros(4));
    /// assert_eq!(timer.deadline(), Some(Timestamp::from_micros(6)));
    /// ```
    pub fn shift_back(&self, by: Duration) {
        let by = micros_rounded_down(by);
        self.shared.borrow_mut().shift(|time| time.saturating_sub(by));
    }

    /// All armed timers in the order they would be delivered, for a dump or a metric. Allocates;
    /// O(n log n).
    ///
    /// ```
    /// use sul::{TimerList, Timestamp};
    ///
    /// let timers = TimerList::new();
    /// let (mut a, mut b) = (timers.timer('a'), timers.timer('b'));
    /// a.schedule(Timestamp::from_micros(20));
    /// b.schedule(Timestamp::from_micros(10));
    /// let tokens: Vec<char> = timers.snapshot().iter().map(|due| due.token).collect();
    /// assert_eq!(tokens, ['b', 'a']);
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Vec<Due<T>> {
        let armed = self.shared.borrow().armed();
        armed.into_iter().map(Due::from_engine).collect()
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

/// How many timers are armed and the next few of them.
///
/// ```
/// use sul::{TimerList, Timestamp};
///
/// let timers = TimerList::new();
/// let mut timer = timers.timer("tea");
/// timer.schedule(Timestamp::from_micros(1_500_000));
/// assert_eq!(format!("{timers:?}"), r#"TimerList { armed: 1, next: {1.500000s: "tea"} }"#);
/// ```
impl<T: Copy + fmt::Debug> fmt::Debug for TimerList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Due::fmt_list(&self.snapshot(), f)
    }
}
