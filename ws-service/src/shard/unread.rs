//! What was received and not yet taken: more frames than a turn takes from one connection.

use std::collections::{BTreeMap, VecDeque};

use super::id::ConnectionKey;

/// The rests of receives, by connection, and whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Unread {
    rests: BTreeMap<ConnectionKey, Vec<u8>>,
    order: VecDeque<ConnectionKey>,
    total: usize,
}

impl Unread {
    /// Bytes of all connections.
    pub(super) const fn total(&self) -> usize {
        self.total
    }

    /// Connections.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn has(&self, key: ConnectionKey) -> bool {
        !self.order.is_empty() && self.rests.contains_key(&key)
    }

    /// Keeps bytes behind those that are kept already.
    pub(super) fn put(&mut self, key: ConnectionKey, bytes: &[u8]) {
        self.total += bytes.len();
        let order = &mut self.order;
        self.rests
            .entry(key)
            .or_insert_with(|| {
                order.push_back(key);
                Vec::new()
            })
            .extend_from_slice(bytes);
    }

    /// The rest of whoever has waited longest.
    pub(super) fn take(&mut self) -> Option<(ConnectionKey, Vec<u8>)> {
        let key = self.order.pop_front()?;
        let rest = self.rests.remove(&key)?;
        self.total -= rest.len();
        Some((key, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_come_back_in_order_and_whole() {
        let mut keys = slotmap::SlotMap::<ConnectionKey, ()>::with_key();
        let (one, two) = (keys.insert(()), keys.insert(()));
        let mut unread = Unread::default();
        unread.put(one, b"a");
        unread.put(two, b"b");
        unread.put(one, b"c");
        assert_eq!((unread.total(), unread.len(), unread.has(one)), (3, 2, true));
        assert_eq!(unread.take(), Some((one, b"ac".to_vec())));
        assert!(!unread.has(one));
        assert_eq!(unread.take(), Some((two, b"b".to_vec())));
        assert_eq!((unread.total(), unread.take()), (0, None));
    }
}
