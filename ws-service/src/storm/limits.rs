//! How many descriptors a process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept free in every process: its pipes, its poll, and what the runtime opens.
const RESERVE: usize = 64;

/// The most processes a crowd is spread over.
pub(super) const MAX_CHILDREN: usize = 64;

/// The most fresh connections under way at once; more are not tried while a server stalls.
pub(super) const MAX_FRESH: usize = 64;

/// Raises the soft limit to the hard one, as far as that is allowed; returns what may be opened.
pub(super) fn raise() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Refused only where the system caps it below what it states; then the old limit counts.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let current = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(current).unwrap_or(usize::MAX).saturating_sub(RESERVE)
}

/// How many children hold `connections`, if each may have `limit` of them.
///
/// # Errors
///
/// They do not fit, in a line for a person to read.
pub(super) fn children(connections: usize, limit: usize) -> Result<usize, String> {
    let children = connections.div_ceil(limit.max(1)).max(1);
    if children > MAX_CHILDREN {
        return Err(format!(
            "{connections} connections do not fit: {MAX_CHILDREN} processes with {limit} usable \
             descriptors each hold {}; raise the hard limit (ulimit -Hn)",
            limit.saturating_mul(MAX_CHILDREN),
        ));
    }
    Ok(children)
}

/// Whether the measuring process can hold its survivors, next to fresh connections and pipes.
///
/// # Errors
///
/// They do not fit, in a line for a person to read.
pub(super) fn fits(survivors: usize, limit: usize) -> Result<(), String> {
    let room = limit.saturating_sub(MAX_FRESH + 2 * MAX_CHILDREN);
    if survivors <= room {
        return Ok(());
    }
    Err(format!("{survivors} survivors do not fit: one process holds {room}; see ulimit -Hn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_spread_over_as_few_children_as_hold_it() {
        assert_eq!(children(1, 1_000), Ok(1));
        assert_eq!(children(1_000, 1_000), Ok(1));
        assert_eq!(children(1_001, 1_000), Ok(2));
        assert!(children(64_001, 1_000).unwrap_err().contains("ulimit"));
        assert!(children(1_000, 0).is_err());
    }
}
