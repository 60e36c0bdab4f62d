//! An expiry pass over a shared list.

use alloc::sync::Arc;
use core::fmt;
use core::iter::FusedIterator;

use super::Shared;
use crate::{Due, Timestamp};

/// An expiry pass over a shared list: what was armed when [`expire`](super::TimerList::expire) was
/// called and is due by its `now`.
///
/// All that [`sul::Expired`](crate::Expired) says holds here too. The list is locked for each step,
/// not for the pass: other threads go on scheduling and cancelling meanwhile, and what they cancel
/// before its turn is not delivered. A newer pass, on whatever thread, ends this one.
///
/// ```
/// use sul::{Timestamp, sync::TimerList};
///
/// let timers = TimerList::new(|| {});
/// let mut timer = timers.timer(7);
/// timer.schedule(Timestamp::from_micros(10));
/// let mut pass = timers.expire(Timestamp::from_micros(10));
/// assert_eq!(pass.next().map(|due| due.token), Some(7));
/// timer.schedule(Timestamp::from_micros(5)); // for the next pass
/// assert_eq!(pass.next(), None);
/// ```
pub struct Expired<T: Copy> {
    shared: Shared<T>,
    pass: u64,
}

impl<T: Copy> Expired<T> {
    #[inline]
    pub(super) fn begin(shared: &Shared<T>, now: Timestamp) -> Self {
        let pass = shared.begin_pass(now.as_micros());
        Self { shared: Arc::clone(shared), pass }
    }
}

impl<T: Copy> Iterator for Expired<T> {
    type Item = Due<T>;

    #[inline]
    fn next(&mut self) -> Option<Due<T>> {
        self.shared.next_due(self.pass).map(Due::from_engine)
    }
}

impl<T: Copy> FusedIterator for Expired<T> {}

impl<T: Copy> fmt::Debug for Expired<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expired").finish_non_exhaustive()
    }
}

impl<T: Copy> Drop for Expired<T> {
    #[inline]
    fn drop(&mut self) {
        self.shared.end_pass(self.pass);
    }
}
