//! The engine under both flavours: two classes of slots, one sequence, one pass.
//!
//! It speaks plain numbers: microseconds, nodes, pass numbers. A node is only ever used with the
//! class it was made with; the handles see to that.
//!
//! Deliberately absent: clocks, locks, reference counts, user code. Nothing here calls out, so
//! nothing can find it half changed.

mod key;
mod node;
mod pass;
mod slots;
mod tournament;

use alloc::vec::Vec;

use key::Key;
use pass::Pass;
use slots::Slots;
use tournament::Player;

pub(crate) use node::{Class, Node};

pub(crate) struct Engine<T> {
    /// One tournament for each class, so that the earliest of a class costs O(1) too.
    ordinary: Slots<T>,
    waking: Slots<T>,
    next_sequence: u64,
    pass: Pass,
}

impl<T: Copy> Engine<T> {
    /// With room for so many timers of each class.
    pub(crate) fn with_capacity(ordinary: usize, waking: usize) -> Self {
        Self {
            ordinary: Slots::with_capacity(ordinary),
            waking: Slots::with_capacity(waking),
            next_sequence: 0,
            pass: Pass::new(),
        }
    }

    /// A new node, unarmed. All the room that it will ever need is made here.
    #[inline]
    pub(crate) fn insert(&mut self, class: Class, token: T) -> Node {
        let slot = match class {
            Class::Ordinary => self.ordinary.insert(token),
            Class::Waking => aside(|| self.waking.insert(token)),
        };
        Node::new(class, slot)
    }

    /// Disarms `node` and gives it back.
    #[inline]
    pub(crate) fn remove(&mut self, node: Node) {
        match node.class() {
            Class::Ordinary => self.ordinary.remove(node.slot()),
            Class::Waking => aside(|| self.waking.remove(node.slot())),
        }
    }

    /// Arms or moves `node`; returns its deadline, which an open pass may have raised.
    #[inline]
    pub(crate) fn arm(&mut self, node: Node, deadline: u64) -> u64 {
        let deadline = deadline.max(self.pass.now);
        let key = Key::new(deadline, self.next_sequence);
        self.next_sequence += 1;
        match node.class() {
            Class::Ordinary => self.ordinary.arm(node.slot(), key),
            Class::Waking => aside(|| self.waking.arm(node.slot(), key)),
        }
        deadline
    }

    /// Whether `node` was armed.
    #[inline]
    pub(crate) fn disarm(&mut self, node: Node) -> bool {
        match node.class() {
            Class::Ordinary => self.ordinary.disarm(node.slot()),
            Class::Waking => aside(|| self.waking.disarm(node.slot())),
        }
    }

    #[inline]
    pub(crate) fn deadline(&self, node: Node) -> Option<u64> {
        deadline(self.class(node.class()).key(node.slot()))
    }

    #[inline]
    pub(crate) fn token(&self, node: Node) -> T {
        self.class(node.class()).token(node.slot())
    }

    /// How many nodes are armed.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.ordinary.len() + self.waking.len()
    }

    #[inline]
    pub(crate) fn earliest(&self) -> Option<u64> {
        deadline(self.ordinary.first().key.min(self.waking.first().key))
    }

    #[inline]
    pub(crate) fn earliest_of(&self, class: Class) -> Option<u64> {
        deadline(self.class(class).first().key)
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
        if self.waking.first().key < self.ordinary.first().key {
            aside(|| deliver(&mut self.waking, &mut self.pass))
        } else {
            deliver(&mut self.ordinary, &mut self.pass)
        }
    }

    #[inline]
    pub(crate) fn end_pass(&mut self, number: u64) {
        if self.pass.is_open(number) {
            self.pass.end();
        }
    }

    /// Replaces each deadline, and the open pass's time, by `change` of it, which must keep their
    /// order or make them equal: what the pass would have delivered it still will.
    pub(crate) fn shift(&mut self, change: impl Fn(u64) -> u64) {
        self.ordinary.shift(&change);
        self.waking.shift(&change);
        self.pass.shift(&change);
    }

    /// Every armed timer, the earliest first.
    pub(crate) fn armed(&self) -> Vec<(T, u64)> {
        let mut armed: Vec<(Key, T)> = self.ordinary.armed().chain(self.waking.armed()).collect();
        armed.sort_unstable_by_key(|&(key, _)| key);
        armed.into_iter().map(|(key, token)| (token, key.deadline())).collect()
    }

    /// How many matches were played.
    #[cfg(test)]
    pub(crate) fn matches(&self) -> u64 {
        self.ordinary.matches() + self.waking.matches()
    }

    #[inline]
    fn class(&self, class: Class) -> &Slots<T> {
        match class {
            Class::Ordinary => &self.ordinary,
            Class::Waking => &self.waking,
        }
    }
}

/// Disarms the first of `slots` if it is due; else ends the pass.
#[inline]
fn deliver<T: Copy>(slots: &mut Slots<T>, pass: &mut Pass) -> Option<(T, u64)> {
    let Player { node: slot, key } = slots.first();
    // A key that is not armed ends the pass too: no barrier is above its sequence.
    if key.deadline() > pass.now || key.sequence() >= pass.barrier {
        pass.end();
        return None;
    }
    // Before the matches: a token not in the cache arrives meanwhile.
    let token = slots.token(slot);
    slots.take_first(slot);
    Some((token, key.deadline()))
}

/// Does the work of the seldom class out of line. Choosing the class by its address instead would
/// make all that follows wait for the choice.
#[cold]
#[inline(never)]
fn aside<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[inline]
fn deadline(key: Key) -> Option<u64> {
    key.is_armed().then_some(key.deadline())
}
