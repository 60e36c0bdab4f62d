//! How many descriptors the process may have.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Descriptors that are neither connections nor the threads' own: standard streams, log files, and
/// what an embedder opens.
const RESERVE: usize = 64;
/// A thread's poller, its waker, and the descriptor that it keeps for the time when there is none.
const PER_THREAD: usize = 3;

/// What a thread has of a listener, and what is kept of it to be handed over.
const PER_LISTENER: usize = 2;

/// Raises the process's soft limit to the hard one; says how many connections that leaves room for,
/// besides what the threads and their listeners take.
pub(super) fn raise_limit(threads: usize, listeners: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    // A limit that can't be raised stays as it is.
    let current = if setrlimit(Resource::Nofile, limit).is_ok() { limit.maximum } else { before };
    let taken =
        RESERVE.saturating_add(threads.saturating_mul(PER_THREAD + PER_LISTENER * listeners));
    current.map_or(usize::MAX, |current| {
        usize::try_from(current).unwrap_or(usize::MAX).saturating_sub(taken)
    })
}
