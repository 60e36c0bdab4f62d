//! The standard library's ordered map, keyed by deadline and sequence.

use std::collections::BTreeMap;

use super::{Timers, token};

/// The map, and each timer's key in it.
pub struct Tree {
    map: BTreeMap<(u64, u32), u32>,
    keys: Vec<Option<(u64, u32)>>,
    sequence: u32,
}

impl Timers for Tree {
    const NAME: &'static str = "BTreeMap";

    fn with_timers(count: usize) -> Self {
        Self { map: BTreeMap::new(), keys: vec![None; count], sequence: 0 }
    }

    #[inline]
    fn schedule(&mut self, id: usize, deadline: u64) {
        let key = (deadline, self.sequence);
        self.sequence = self.sequence.wrapping_add(1);
        if let Some(old) = self.keys[id].replace(key) {
            self.map.remove(&old);
        }
        self.map.insert(key, token(id));
    }

    #[inline]
    fn cancel(&mut self, id: usize) {
        if let Some(key) = self.keys[id].take() {
            self.map.remove(&key);
        }
    }

    #[inline]
    fn earliest(&mut self) -> Option<u64> {
        self.map.first_key_value().map(|(&(deadline, _), _)| deadline)
    }

    fn expire(&mut self, now: u64, mut due: impl FnMut(usize)) {
        while let Some(first) = self.map.first_entry() {
            if first.key().0 > now {
                break;
            }
            let id = first.remove() as usize;
            self.keys[id] = None;
            due(id);
        }
    }
}
