//! The way to a transport past the queue, for what is too long to be copied.

use std::fmt;
use std::io::IoSlice;

/// Writes to a connection's transport, where the loop lets the shard do so by itself.
pub(super) struct Outlet<'a>(Option<&'a mut Write<'a>>);

/// Says how many bytes were taken; `None` if they were not offered.
type Write<'a> = dyn FnMut(&[IoSlice<'_>]) -> Option<usize> + 'a;

impl<'a> Outlet<'a> {
    pub(super) const fn none() -> Self {
        Self(None)
    }

    pub(super) const fn new(write: &'a mut Write<'a>) -> Self {
        Self(Some(write))
    }

    /// The same for a shorter time.
    pub(super) const fn lend(&mut self) -> Outlet<'_> {
        Outlet(match &mut self.0 {
            Some(write) => Some(*write),
            None => None,
        })
    }

    /// How many bytes of `slices` the transport took; if that is not all, it is full. `None` if they were
    /// not offered to it.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> Option<usize> {
        self.0.as_mut().and_then(|write| write(slices))
    }
}

impl fmt::Debug for Outlet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Outlet").field(&self.0.is_some()).finish()
    }
}
