//! An expiry pass, seen from outside: an owned iterator.

use alloc::rc::Rc;
use core::fmt;
use core::iter::FusedIterator;

use super::Shared;
use crate::{Due, Timestamp};

/// An expiry pass: what was armed when [`expire`](super::TimerList::expire) was called and is due by its `now`.
///
/// It borrows nothing, so whoever handles a [`Due`] may do anything to any timer, and to the list:
///
/// - A timer that is cancelled, moved or dropped before its turn is not delivered.
/// - A timer that is scheduled during the pass is not delivered by it: a pass always ends.
/// - A newer [`expire`](super::TimerList::expire) ends this pass.
///
/// A pass is *open* until it has returned `None`, is dropped, or a newer one begins, whichever comes
/// first. What it has not delivered stays armed. While it is open, a deadline earlier than its `now`
/// is raised to that `now`. A pass that is leaked ([`mem::forget`](core::mem::forget)) stays open
/// until the next begins, which is harmless: a deadline that is raised meanwhile is one that a clock
/// which does not go backwards has already passed.
///
/// ```
/// use sul::{TimerList, Timestamp};
///
/// let timers = TimerList::new();
/// let (mut a, mut b) = (timers.timer('a'), timers.timer('b'));
/// a.schedule(Timestamp::from_micros(10));
/// b.schedule(Timestamp::from_micros(20));
///
/// let mut pass = timers.expire(Timestamp::from_micros(30));
/// assert_eq!(pass.next().map(|due| due.token), Some('a'));
/// b.cancel(); // was due, and is not delivered
/// a.schedule(Timestamp::from_micros(5)); // past, but for the next pass
/// assert_eq!(pass.next(), None);
/// assert_eq!(timers.expire(Timestamp::from_micros(30)).count(), 1);
/// ```
pub struct Expired<T: Copy> {
    shared: Shared<T>,
    pass: u64,
}

impl<T: Copy> Expired<T> {
    #[inline]
    pub(super) fn begin(shared: &Shared<T>, now: Timestamp) -> Self {
        let pass = shared.borrow_mut().begin_pass(now.as_micros());
        Self { shared: Rc::clone(shared), pass }
    }
}

impl<T: Copy> Iterator for Expired<T> {
    type Item = Due<T>;

    #[inline]
    fn next(&mut self) -> Option<Due<T>> {
        self.shared.borrow_mut().next_due(self.pass).map(Due::from_engine)
    }
}

impl<T: Copy> fmt::Debug for Expired<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expired").finish_non_exhaustive()
    }
}

impl<T: Copy> FusedIterator for Expired<T> {}

impl<T: Copy> Drop for Expired<T> {
    #[inline]
    fn drop(&mut self) {
        self.shared.borrow_mut().end_pass(self.pass);
    }
}
