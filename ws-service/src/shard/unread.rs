//! What was received and not yet taken: more than a turn takes from one connection, or inflates.

use std::collections::{BTreeMap, VecDeque};

use super::id::ConnectionKey;

/// What a rest waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Its connection has had its share of frames.
    ForFrames,
    /// It may be compressed, and the turn has inflated enough.
    ForInflating,
}

/// The rests of receives, by connection, and whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Unread {
    rests: BTreeMap<ConnectionKey, Vec<u8>>,
    /// By what they wait for: who inflates much delays nobody who doesn't.
    orders: [VecDeque<ConnectionKey>; 2],
    total: usize,
}

impl Unread {
    /// Bytes of all connections.
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rests.is_empty()
    }

    /// Connections that wait for it.
    pub(super) fn count(&self, wait: Wait) -> usize {
        self.orders[wait as usize].len()
    }

    pub(super) fn has(&self, key: ConnectionKey) -> bool {
        !self.is_empty() && self.rests.contains_key(&key)
    }

    /// Keeps a connection's rest.
    pub(super) fn put(&mut self, key: ConnectionKey, rest: &[u8], wait: Wait) {
        self.total += rest.len();
        self.rests.insert(key, rest.to_vec());
        self.orders[wait as usize].push_back(key);
    }

    /// Keeps what comes behind a rest.
    pub(super) fn append(&mut self, key: ConnectionKey, bytes: &[u8]) {
        if let Some(rest) = self.rests.get_mut(&key) {
            self.total += bytes.len();
            rest.extend_from_slice(bytes);
        }
    }

    /// The rest of whoever has waited longest for it.
    pub(super) fn take(&mut self, wait: Wait) -> Option<(ConnectionKey, Vec<u8>)> {
        let key = self.orders[wait as usize].pop_front()?;
        let rest = self.rests.remove(&key)?;
        self.total -= rest.len();
        Some((key, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::Wait::{ForFrames, ForInflating};
    use super::*;

    #[test]
    fn rests_come_back_in_order_and_whole() {
        let mut keys = slotmap::SlotMap::<ConnectionKey, ()>::with_key();
        let [one, two, three] = [(); 3].map(|()| keys.insert(()));
        let mut unread = Unread::default();
        unread.put(three, b"z", ForInflating);
        unread.put(one, b"a", ForFrames);
        unread.put(two, b"b", ForFrames);
        unread.append(one, b"c");
        unread.append(three, b"!");
        assert_eq!((unread.total(), unread.count(ForFrames), unread.has(one)), (5, 2, true));
        assert_eq!(unread.take(ForFrames), Some((one, b"ac".to_vec())));
        assert!(!unread.has(one));
        assert_eq!(unread.take(ForFrames), Some((two, b"b".to_vec())));
        assert_eq!((unread.total(), unread.take(ForFrames)), (2, None));
        assert_eq!(unread.take(ForInflating), Some((three, b"z!".to_vec())));
        assert!(unread.is_empty());
    }
}
