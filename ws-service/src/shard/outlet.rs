//! The way to a transport past the queue, for what is too long to be copied.

use std::fmt;
use std::io::IoSlice;

/// Writes to a connection's transport, where the loop lets the shard do so by itself.
pub(super) struct Outlet<'a> {
    write: Option<&'a mut Write<'a>>,
    /// Behind the message that is taken no more has come, and it has not been answered yet: hardly anything
    /// else is to go with its answer.
    pub(super) nothing_follows: bool,
}

/// Says how many bytes were taken; `None` if they were not offered.
type Write<'a> = dyn FnMut(&[IoSlice<'_>]) -> Option<usize> + 'a;

impl<'a> Outlet<'a> {
    pub(super) const fn none() -> Self {
        Self { write: None, nothing_follows: false }
    }

    pub(super) const fn new(write: &'a mut Write<'a>) -> Self {
        Self { write: Some(write), nothing_follows: false }
    }

    /// The same for a shorter time.
    pub(super) const fn lend(&mut self) -> Outlet<'_> {
        Outlet {
            write: match &mut self.write {
                Some(write) => Some(*write),
                None => None,
            },
            nothing_follows: false,
        }
    }

    /// Whether a message of `size` bytes is better written than copied, which is done with those from `long`
    /// on. Short ones cost system calls if they are not written with others; where no other comes, they
    /// save the copy from a sixteenth of that on.
    pub(super) const fn is_for(&self, size: usize, long: usize) -> bool {
        self.write.is_some() && (size >= long || (self.nothing_follows && size >= long / 16))
    }

    /// How many bytes of `slices` the transport took; if that is not all, it is full. `None` if they were
    /// not offered to it.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> Option<usize> {
        self.nothing_follows = false;
        self.write.as_mut().and_then(|write| write(slices))
    }
}

impl fmt::Debug for Outlet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").field("is_there", &self.write.is_some()).finish_non_exhaustive()
    }
}
