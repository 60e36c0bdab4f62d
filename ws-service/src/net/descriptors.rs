//! How many descriptors the process may have.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Descriptors that are not connections: pollers, wakers, listeners, standard streams, log files,
/// and what an embedder opens.
const RESERVE: u64 = 128;

/// Raises the soft limit to the hard one; says how many connections that leaves room for.
pub(super) fn raise_limit() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    // A limit that can't be raised stays as it is.
    let current = if setrlimit(Resource::Nofile, limit).is_ok() { limit.maximum } else { before };
    current.map_or(usize::MAX, |current| {
        usize::try_from(current.saturating_sub(RESERVE)).unwrap_or(usize::MAX)
    })
}
