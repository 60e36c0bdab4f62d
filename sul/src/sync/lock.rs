//! The lock facade: production runs on `parking_lot`, the loom tests run the same code on loom's
//! mutex.

use parking_lot::Mutex;

pub(super) trait Lock<S> {
    fn new(state: S) -> Self;

    /// Runs `work` on the state, alone.
    fn with<R>(&self, work: impl FnOnce(&mut S) -> R) -> R;
}

impl<S> Lock<S> for Mutex<S> {
    fn new(state: S) -> Self {
        Self::new(state)
    }

    #[inline]
    fn with<R>(&self, work: impl FnOnce(&mut S) -> R) -> R {
        work(&mut self.lock())
    }
}
