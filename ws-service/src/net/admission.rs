//! Who may come in: asked at every accept, by all threads.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of connections of the whole service, and its limit.
#[derive(Debug)]
pub(crate) struct Admission {
    connections: AtomicUsize,
    limit: usize,
}

impl Admission {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { connections: AtomicUsize::new(0), limit }
    }

    /// Takes a place; `false` if there is none.
    pub(super) fn enter(&self) -> bool {
        self.connections
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < self.limit).then_some(count + 1)
            })
            .is_ok()
    }

    /// Gives a place back.
    pub(super) fn leave(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_limit() {
        let admission = Admission::new(2);
        assert!(admission.enter());
        assert!(admission.enter());
        assert!(!admission.enter());
        admission.leave();
        assert!(admission.enter());
    }
}
