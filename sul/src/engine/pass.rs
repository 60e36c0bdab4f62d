//! The one expiry pass that a list may have open.
//!
//! A pass is three numbers: what time it is, the first sequence it must not deliver, and which of
//! all passes it is. Only the newest can be open; an iterator with another number is at its end.

pub(crate) struct Pass {
    /// The number of the open pass, 0 if none is.
    open: u64,
    /// How many passes there have been.
    count: u64,
    /// The time of the open pass: earlier deadlines are raised to it. 0, which raises nothing, if
    /// none is open.
    pub(crate) now: u64,
    /// The first sequence that the open pass does not deliver.
    pub(crate) barrier: u64,
}

impl Pass {
    pub(crate) const fn new() -> Self {
        Self { open: 0, count: 0, now: 0, barrier: 0 }
    }

    /// Ends the open pass, if any, and opens the next; returns its number.
    pub(crate) fn begin(&mut self, now: u64, barrier: u64) -> u64 {
        self.count += 1;
        *self = Self { open: self.count, count: self.count, now, barrier };
        self.open
    }

    /// Whether pass `number` is the open one.
    #[inline]
    pub(crate) fn is_open(&self, number: u64) -> bool {
        self.open == number
    }

    /// Ends the open pass.
    #[inline]
    pub(crate) fn end(&mut self) {
        *self = Self { open: 0, count: self.count, now: 0, barrier: 0 };
    }

    /// Moves the time of the open pass, if any.
    pub(crate) fn shift(&mut self, change: impl Fn(u64) -> u64) {
        if self.open != 0 {
            self.now = change(self.now);
        }
    }
}
