//! How connections and shards are named.

use std::fmt;
use std::str::FromStr;

use slotmap::{Key, KeyData};

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
        write!(f, "{}-{:x}", self.shard.0, self.key.data().as_ffi())
    }
}

/// Not what a connection is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a connection is called by its shard and its key: 0-100000001")]
pub struct NoConnectionId;

/// What [`Display`](fmt::Display) wrote.
impl FromStr for ConnectionId {
    type Err = NoConnectionId;

    fn from_str(text: &str) -> Result<Self, NoConnectionId> {
        let (shard, key) = text.split_once('-').ok_or(NoConnectionId)?;
        let bits = u64::from_str_radix(key, 16).map_err(|_| NoConnectionId)?;
        let id = Self {
            shard: ShardId(shard.parse().map_err(|_| NoConnectionId)?),
            key: KeyData::from_ffi(bits).into(),
        };
        // One name for one connection.
        if id.to_string() == text { Ok(id) } else { Err(NoConnectionId) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slotmap::SlotMap;

    #[test]
    fn a_name_is_read_as_it_is_written_and_nothing_else_is() {
        let mut map = SlotMap::<ConnectionKey, ()>::with_key();
        let mut keys: Vec<_> = (0..20).map(|_| map.insert(())).collect();
        map.remove(keys[3]);
        keys.push(map.insert(()));
        for key in keys {
            let id = ConnectionId { shard: ShardId(7), key };
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "-", "0", "0-", "-1", "0-g", "65536-1", "0-+1", "+0-100000001", "0-00001"]
        {
            assert_eq!(text.parse::<ConnectionId>(), Err(NoConnectionId), "{text}");
        }
    }
}
