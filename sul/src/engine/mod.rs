//! The engine under both flavours: two heaps, one sequence, one pass.
//!
//! It speaks plain numbers: microseconds, nodes, pass numbers. A node is only ever used with the
//! class it was made with; the handles see to that.
//!
//! Deliberately absent: clocks, locks, reference counts, user code. Nothing here calls out, so
//! nothing can find it half changed.

mod heap;
mod key;
mod nodes;
mod pass;
mod rewrite;

use alloc::vec::Vec;

use heap::Heap;
use key::{Key, SEQUENCES};
use nodes::Nodes;
use pass::Pass;

/// Whether a timer is worth waking a suspended system for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Ordinary = 0,
    Waking = 1,
}

/// `LIMIT` is how many sequence numbers there are before the armed timers are renumbered.
pub(crate) struct Engine<T, const LIMIT: u64 = SEQUENCES> {
    /// By [`Class`]; one heap for each, so that the earliest of a class costs O(1) too.
    heaps: [Heap; 2],
    /// How many nodes of each class there are: what the heaps must have room for.
    made: [usize; 2],
    nodes: Nodes<T>,
    next_sequence: u64,
    pass: Pass,
}

impl<T: Copy, const LIMIT: u64> Engine<T, LIMIT> {
    pub(crate) fn with_capacity(timers: usize) -> Self {
        let mut ordinary = Heap::new();
        if timers > 0 {
            ordinary.reserve(timers);
        }
        Self {
            heaps: [ordinary, Heap::new()],
            made: [0, 0],
            nodes: Nodes::with_capacity(timers),
            next_sequence: 0,
            pass: Pass::new(),
        }
    }

    /// A new node, unarmed. All the room that it will ever need is made here.
    pub(crate) fn insert(&mut self, class: Class, token: T) -> u32 {
        let node = self.nodes.insert(token);
        self.made[class as usize] += 1;
        self.heaps[class as usize].reserve(self.made[class as usize]);
        node
    }

    /// Disarms `node` and gives it back.
    #[inline]
    pub(crate) fn remove(&mut self, class: Class, node: u32) {
        self.disarm(class, node);
        self.made[class as usize] -= 1;
        self.nodes.remove(node);
    }

    /// Arms or moves `node`; returns its deadline, which an open pass may have raised.
    #[inline]
    pub(crate) fn arm(&mut self, class: Class, node: u32, deadline: u64) -> u64 {
        if self.next_sequence == LIMIT {
            self.renumber();
        }
        let deadline = deadline.max(self.pass.now);
        let key = Key::new(deadline, self.next_sequence, node);
        self.next_sequence += 1;
        let [ordinary, waking] = &mut self.heaps;
        match class {
            Class::Ordinary => ordinary.put(key, self.nodes.places()),
            Class::Waking => waking.put_aside(key, self.nodes.places()),
        }
        deadline
    }

    /// Whether `node` was armed.
    #[inline]
    pub(crate) fn disarm(&mut self, class: Class, node: u32) -> bool {
        let [ordinary, waking] = &mut self.heaps;
        let taken = match class {
            Class::Ordinary => ordinary.take(node, self.nodes.places()),
            Class::Waking => waking.take_aside(node, self.nodes.places()),
        };
        if taken {
            self.rest();
        }
        taken
    }

    #[inline]
    pub(crate) fn deadline(&self, class: Class, node: u32) -> Option<u64> {
        let place = self.nodes.place(node)?;
        Some(self.heaps[class as usize].at(place).deadline())
    }

    #[inline]
    pub(crate) fn token(&self, node: u32) -> T {
        self.nodes.token(node)
    }

    /// How many nodes are armed.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.heaps[0].len() + self.heaps[1].len()
    }

    #[inline]
    pub(crate) fn earliest(&self) -> Option<u64> {
        let first = self.heaps[0].first().min(self.heaps[1].first());
        (first != Key::VACANT).then_some(first.deadline())
    }

    #[inline]
    pub(crate) fn earliest_of(&self, class: Class) -> Option<u64> {
        let first = self.heaps[class as usize].first();
        (first != Key::VACANT).then_some(first.deadline())
    }

    /// Opens a pass over what is armed now and due by `now`; returns its number.
    #[inline]
    pub(crate) fn begin_pass(&mut self, now: u64) -> u64 {
        self.pass.begin(now, self.next_sequence)
    }

    /// Disarms the next due timer of pass `number`. At the end, the pass is closed.
    #[inline]
    pub(crate) fn next_due(&mut self, number: u64) -> Option<(T, u64)> {
        if !self.pass.is_open(number) {
            return None;
        }
        let [ordinary, waking] = &mut self.heaps;
        let heap = if waking.first() < ordinary.first() { waking } else { ordinary };
        let key = heap.first();
        // A vacant key ends the pass too: no barrier is above its sequence.
        if key.deadline() > self.pass.now || key.sequence() >= self.pass.barrier {
            self.pass.end(number);
            return None;
        }
        // Before the heap moves: a token not in the cache arrives meanwhile.
        let token = self.nodes.token(key.node());
        heap.take_first(self.nodes.places());
        self.rest();
        Some((token, key.deadline()))
    }

    #[inline]
    pub(crate) fn end_pass(&mut self, number: u64) {
        self.pass.end(number);
    }

    /// Every armed timer, the earliest first.
    pub(crate) fn armed(&self) -> Vec<(T, u64)> {
        let mut keys: Vec<Key> = self.heaps.iter().flat_map(Heap::keys).collect();
        keys.sort_unstable();
        keys.iter().map(|key| (self.nodes.token(key.node()), key.deadline())).collect()
    }

    /// How many times a key was written to a place in a heap.
    #[cfg(test)]
    pub(crate) fn moves(&self) -> u64 {
        self.heaps.iter().map(|heap| heap.moves).sum()
    }

    /// Starts the sequence anew if nothing is armed: a list that is ever empty never renumbers.
    /// An open pass has nothing left to deliver then, whatever is armed from here on.
    #[inline]
    fn rest(&mut self) {
        if self.len() == 0 {
            self.next_sequence = 0;
            self.pass.barrier = 0;
        }
    }
}
