//! The timers of one class: their keys, their tokens, and the slots that nobody uses.
//!
//! A slot is a node of the tournament. The key of one that belongs to nobody links it into the free
//! list.

use alloc::vec::Vec;

use super::key::Key;
use super::node::MAX_SLOT;
use super::tournament::{NOBODY, Player, Tournament};

pub(crate) struct Slots<T> {
    tournament: Tournament,
    /// By slot, from 1.
    tokens: Vec<T>,
    /// The first free slot, [`NOBODY`] if there is none.
    free: u32,
    armed: usize,
}

impl<T: Copy> Slots<T> {
    pub(crate) fn with_capacity(timers: usize) -> Self {
        let timers = timers.min(MAX_SLOT as usize);
        let mut tournament = Tournament::new();
        if timers > 0 {
            tournament.reserve(timers + 1);
        }
        Self { tournament, tokens: Vec::with_capacity(timers), free: NOBODY, armed: 0 }
    }

    /// A slot for `token`, unarmed. All the room that it will ever need is made here.
    ///
    /// # Panics
    ///
    /// When [`MAX_SLOT`] are in use.
    #[inline]
    pub(crate) fn insert(&mut self, token: T) -> u32 {
        if self.free == NOBODY {
            return self.append(token);
        }
        let slot = self.free;
        self.free = self.tournament.relabel(slot, Key::NEVER).next_free();
        self.tokens[index(slot)] = token;
        slot
    }

    /// Disarms `slot` and gives it back.
    #[inline]
    pub(crate) fn remove(&mut self, slot: u32) {
        let was_armed = self.tournament.withdraw(slot, Key::free(self.free)).is_armed();
        self.armed -= usize::from(was_armed);
        self.free = slot;
    }

    /// Arms or moves `slot`.
    #[inline]
    pub(crate) fn arm(&mut self, slot: u32, key: Key) {
        let was_armed = self.tournament.set(slot, key).is_armed();
        self.armed += usize::from(!was_armed);
    }

    /// Whether `slot` was armed.
    #[inline]
    pub(crate) fn disarm(&mut self, slot: u32) -> bool {
        let was_armed = self.tournament.withdraw(slot, Key::NEVER).is_armed();
        self.armed -= usize::from(was_armed);
        was_armed
    }

    /// Disarms `slot`, which must be armed and the first.
    #[inline]
    pub(crate) fn take_first(&mut self, slot: u32) {
        self.tournament.take_first(slot);
        self.armed -= 1;
    }

    /// The armed slot that comes first; its key is not armed if none is.
    #[inline]
    pub(crate) fn first(&self) -> Player {
        self.tournament.first()
    }

    #[inline]
    pub(crate) fn key(&self, slot: u32) -> Key {
        self.tournament.key(slot)
    }

    #[inline]
    pub(crate) fn token(&self, slot: u32) -> T {
        self.tokens[index(slot)]
    }

    /// How many are armed.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.armed
    }

    /// Every armed timer, in no useful order.
    pub(crate) fn armed(&self) -> impl Iterator<Item = (Key, T)> + '_ {
        let made = self.tournament.keys().skip(1).zip(&self.tokens);
        made.filter(|(key, _)| key.is_armed()).map(|(key, &token)| (key, token))
    }

    /// Replaces each deadline by `change` of it.
    pub(crate) fn shift(&mut self, change: impl Fn(u64) -> u64) {
        self.tournament.change(|key| key.shifted(&change));
    }

    /// How many matches were played.
    #[cfg(test)]
    pub(crate) fn matches(&self) -> u64 {
        self.tournament.matches
    }

    #[cold]
    #[inline(never)]
    fn append(&mut self, token: T) -> u32 {
        let slot = u32::try_from(self.tokens.len() + 1).unwrap_or(u32::MAX);
        assert!(slot <= MAX_SLOT, "a list holds at most {MAX_SLOT} timers of a class");
        self.tournament.admit(slot);
        self.tokens.push(token);
        slot
    }
}

/// Where the token of `slot` is.
#[inline]
fn index(slot: u32) -> usize {
    slot as usize - 1
}
