//! The shared list.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::shared::Shared as Core;
use super::{Expired, Shared, Timer};
use crate::engine::{Class, Engine};
use crate::timestamp::{micros_rounded_down, micros_rounded_up};
use crate::{Due, Timestamp};

/// Timers that any thread may schedule and one, the owner, delivers.
///
/// Cloning it gives another handle to the same list. See the [module](super) for the loop of the
/// owner.
///
/// ```
/// use sul::{Timestamp, sync::TimerList};
///
/// let timers = TimerList::new(|| println!("an earlier deadline"));
/// let mut timer = timers.timer("token");
/// timer.schedule(Timestamp::from_micros(500));
/// assert_eq!(timers.expire(Timestamp::from_micros(510)).count(), 1);
/// ```
pub struct TimerList<T: Copy> {
    shared: Shared<T>,
}

impl<T: Copy> TimerList<T> {
    /// A list with no timers and no room yet. `wake` ends the owner's sleep; see the
    /// [module](super) for when it is called and what it must do.
    ///
    /// ```
    /// let owner = std::thread::current();
    /// let timers = sul::sync::TimerList::<u32>::new(move || owner.unpark());
    /// assert_eq!(timers.prepare_sleep(), None);
    /// ```
    #[must_use]
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self::with_capacity(0, wake)
    }

    /// A list with room for `timers` timers: making that many allocates nothing. Waking timers, if
    /// there are to be any, have room of their own: see [`with_capacities`](Self::with_capacities).
    ///
    /// Panics or aborts where [`Vec::with_capacity`] would, which is when there is no such memory.
    ///
    /// ```
    /// let timers = sul::sync::TimerList::<u32>::with_capacity(10_000, || {});
    /// assert!(timers.is_empty());
    /// ```
    #[must_use]
    pub fn with_capacity(timers: usize, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self::with_capacities(timers, 0, wake)
    }

    /// A list with room for `ordinary` timers made by [`timer`](Self::timer) and `waking` made by
    /// [`waking_timer`](Self::waking_timer): making that many allocates nothing.
    ///
    /// ```
    /// let timers = sul::sync::TimerList::<u32>::with_capacities(10_000, 50, || {});
    /// let alarm = timers.waking_timer(7);
    /// assert!(!alarm.is_armed());
    /// ```
    #[must_use]
    pub fn with_capacities(
        ordinary: usize,
        waking: usize,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        Self { shared: Arc::new(Core::new(Engine::with_capacity(ordinary, waking), wake)) }
    }

    /// A new timer, unarmed. Its token comes back in each [`Due`].
    ///
    /// # Panics
    ///
    /// If the list already has 2,147,483,647 of these.
    ///
    /// ```
    /// let timers = sul::sync::TimerList::new(|| {});
    /// assert!(!timers.timer(7).is_armed());
    /// ```
    #[inline]
    #[must_use = "dropping a timer cancels it"]
    pub fn timer(&self, token: T) -> Timer<T> {
        Timer::new(&self.shared, Class::Ordinary, token)
    }

    /// A new timer that is worth waking a suspended system for; otherwise like
    /// [`timer`](Self::timer). (The wake *function* rings for both classes.)
    ///
    /// # Panics
    ///
    /// If the list already has 2,147,483,647 of these.
    ///
    /// ```
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// let timers = TimerList::new(|| {});
    /// let mut alarm = timers.waking_timer("alarm");
    /// alarm.schedule(Timestamp::from_micros(90));
    /// assert_eq!(timers.earliest_waking(), Some(Timestamp::from_micros(90)));
    /// ```
    #[inline]
    #[must_use = "dropping a timer cancels it"]
    pub fn waking_timer(&self, token: T) -> Timer<T> {
        Timer::new(&self.shared, Class::Waking, token)
    }

    /// The deadline that comes first. Exact, O(1), and recorded nowhere: an owner about to sleep
    /// calls [`prepare_sleep`](Self::prepare_sleep).
    ///
    /// ```
    /// let timers = sul::sync::TimerList::<()>::new(|| {});
    /// assert_eq!(timers.earliest(), None);
    /// ```
    #[inline]
    #[must_use]
    pub fn earliest(&self) -> Option<Timestamp> {
        self.shared.earliest().map(Timestamp::from_micros)
    }

    /// The first deadline of the timers made with [`waking_timer`](Self::waking_timer). Exact, and
    /// O(1).
    ///
    /// ```
    /// let timers = sul::sync::TimerList::<()>::new(|| {});
    /// assert_eq!(timers.earliest_waking(), None);
    /// ```
    #[must_use]
    pub fn earliest_waking(&self) -> Option<Timestamp> {
        self.shared.earliest_waking().map(Timestamp::from_micros)
    }

    /// The deadline that comes first, for the owner to sleep on: until the next
    /// [`expire`](Self::expire), the first schedule that precedes it, or any if it is `None`, rings
    /// the wake function.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// static RINGS: AtomicU32 = AtomicU32::new(0);
    /// let timers = TimerList::new(|| _ = RINGS.fetch_add(1, Relaxed));
    /// let (mut a, mut b) = (timers.timer('a'), timers.timer('b'));
    ///
    /// a.schedule(Timestamp::from_micros(50)); // the owner is awake
    /// assert_eq!(timers.prepare_sleep(), Some(Timestamp::from_micros(50)));
    /// b.schedule(Timestamp::from_micros(60)); // it sleeps, but not for so long
    /// assert_eq!(RINGS.load(Relaxed), 0);
    /// b.schedule(Timestamp::from_micros(40));
    /// b.schedule(Timestamp::from_micros(30)); // it has been rung already
    /// assert_eq!(RINGS.load(Relaxed), 1);
    /// ```
    #[must_use = "the owner sleeps until then"]
    pub fn prepare_sleep(&self) -> Option<Timestamp> {
        self.shared.prepare_sleep().map(Timestamp::from_micros)
    }

    /// Opens an expiry pass: delivers the timers that are armed now and due by `now`, in deadline
    /// order, equal deadlines in the order they were scheduled. Whoever calls this is awake: no
    /// schedule rings until the next [`prepare_sleep`](Self::prepare_sleep).
    ///
    /// ```
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// let timers = TimerList::new(|| {});
    /// let mut timer = timers.timer('a');
    /// timer.schedule(Timestamp::from_micros(20));
    /// assert_eq!(timers.expire(Timestamp::from_micros(19)).count(), 0);
    /// assert_eq!(timers.expire(Timestamp::from_micros(20)).count(), 1);
    /// ```
    #[inline]
    #[must_use = "a pass delivers as it is iterated"]
    pub fn expire(&self, now: Timestamp) -> Expired<T> {
        Expired::begin(&self.shared, now)
    }

    /// Schedules many timers under one lock, in the order of the slice: equal deadlines are
    /// delivered in it, no other thread's schedule falls between, and the wake function rings at
    /// most once.
    ///
    /// Timers of other lists are scheduled too, each on its own, afterwards.
    ///
    /// ```
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// let timers = TimerList::new(|| {});
    /// let (mut a, mut b) = (timers.timer('a'), timers.timer('b'));
    /// let at = Timestamp::from_micros(10);
    /// timers.schedule_batch(&mut [(&mut b, at), (&mut a, at)]);
    /// let due: Vec<char> = timers.expire(at).map(|due| due.token).collect();
    /// assert_eq!(due, ['b', 'a']);
    /// ```
    pub fn schedule_batch(&self, batch: &mut [(&mut Timer<T>, Timestamp)]) {
        let is_ours = |timer: &Timer<T>| Arc::ptr_eq(&timer.shared, &self.shared);
        let ours = batch.iter().filter(|(timer, _)| is_ours(timer));
        self.shared.arm_all(ours.map(|(timer, at)| (timer.node, at.as_micros())));
        for (timer, deadline) in batch.iter_mut().filter(|(timer, _)| !is_ours(timer)) {
            timer.schedule(*deadline);
        }
    }

    /// Moves all deadlines, the `now` of an open pass, and what the owner sleeps on, `by` later: the
    /// caller's clock stepped forward. Rounds up; stops at [`Timestamp::MAX`]. O(n), under the lock.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// let timers = TimerList::new(|| {});
    /// let mut timer = timers.timer(());
    /// timer.schedule(Timestamp::from_micros(10));
    /// timers.shift_forward(Duration::from_micros(5));
    /// assert_eq!(timer.deadline(), Some(Timestamp::from_micros(15)));
    /// ```
    pub fn shift_forward(&self, by: Duration) {
        let by = micros_rounded_up(by);
        self.shared.shift(|time| time.saturating_add(by));
    }

    /// Moves all deadlines, the `now` of an open pass, and what the owner sleeps on, `by` earlier:
    /// the caller's clock stepped back. Rounds down; stops at [`Timestamp::ZERO`]. O(n), under the
    /// lock.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// let timers = TimerList::new(|| {});
    /// let mut timer = timers.timer(());
    /// timer.schedule(Timestamp::from_micros(10));
    /// timers.shift_back(Duration::from_micros(4));
    /// assert_eq!(timer.deadline(), Some(Timestamp::from_micros(6)));
    /// ```
    pub fn shift_back(&self, by: Duration) {
        let by = micros_rounded_down(by);
        self.shared.shift(|time| time.saturating_sub(by));
    }

    /// All armed timers in the order they would be delivered, for a dump or a metric. Allocates;
    /// O(n log n), under the lock.
    ///
    /// ```
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// let timers = TimerList::new(|| {});
    /// let mut timer = timers.timer('a');
    /// timer.schedule(Timestamp::from_micros(20));
    /// assert_eq!(timers.snapshot()[0].token, 'a');
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Vec<Due<T>> {
        self.shared.armed().into_iter().map(Due::from_engine).collect()
    }

    /// How many timers are armed.
    ///
    /// ```
    /// use sul::{Timestamp, sync::TimerList};
    ///
    /// let timers = TimerList::new(|| {});
    /// let (mut a, _b) = (timers.timer('a'), timers.timer('b'));
    /// a.schedule(Timestamp::ZERO);
    /// assert_eq!(timers.len(), 1);
    /// ```
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// Whether no timer is armed.
    ///
    /// ```
    /// assert!(sul::sync::TimerList::<()>::new(|| {}).is_empty());
    /// ```
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Another handle to the same list.
impl<T: Copy> Clone for TimerList<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

/// How many timers are armed and the next few of them.
impl<T: Copy + fmt::Debug> fmt::Debug for TimerList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Due::fmt_list(&self.snapshot(), f)
    }
}
