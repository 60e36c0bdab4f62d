//! How connections and shards are named.

use std::fmt;

slotmap::new_key_type! {
    /// A connection within its shard. Keys are generational: a stale one names nothing.
    pub struct ConnectionKey;
}

/// A shard within its service, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

impl ShardId {
    /// Its place among the service's shards.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A connection within its service. Never reused, so a late message can't reach a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    /// The shard that owns it.
    pub shard: ShardId,
    /// Its key there.
    pub key: ConnectionKey,
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use slotmap::Key;
        write!(f, "{}-{:x}", self.shard.0, self.key.data().as_ffi())
    }
}
