//! The side table: where each timer's key is, and whose timer it is.
//!
//! One `u32` per node says where its key is; while a node belongs to nobody, the same number links
//! it into the free list.

use alloc::vec::Vec;

use super::heap::{NOWHERE, Places};
use super::key::MAX_NODES;

/// The end of the free list.
const NONE: u32 = u32::MAX;

pub(crate) struct Nodes<T> {
    places: Vec<u32>,
    tokens: Vec<T>,
    free: u32,
}

impl<T: Copy> Nodes<T> {
    pub(crate) fn with_capacity(nodes: usize) -> Self {
        Self { places: Vec::with_capacity(nodes), tokens: Vec::with_capacity(nodes), free: NONE }
    }

    /// A node for `token`, in no heap yet.
    ///
    /// # Panics
    ///
    /// When [`MAX_NODES`] are in use.
    pub(crate) fn insert(&mut self, token: T) -> u32 {
        if self.free == NONE {
            return self.append(token);
        }
        let node = self.free;
        self.free = core::mem::replace(&mut self.places[node as usize], NOWHERE);
        self.tokens[node as usize] = token;
        node
    }

    /// Gives `node`, which must be in no heap, back.
    pub(crate) fn remove(&mut self, node: u32) {
        self.places[node as usize] = core::mem::replace(&mut self.free, node);
    }

    #[inline]
    pub(crate) fn token(&self, node: u32) -> T {
        self.tokens[node as usize]
    }

    /// Where the key of `node` is, if it is in a heap.
    #[inline]
    pub(crate) fn place(&self, node: u32) -> Option<usize> {
        let place = self.places[node as usize];
        (place != NOWHERE).then_some(place as usize)
    }

    #[inline]
    pub(crate) fn places(&mut self) -> &mut Places {
        &mut self.places
    }

    fn append(&mut self, token: T) -> u32 {
        let node = u32::try_from(self.places.len()).unwrap_or(NONE);
        assert!(node < MAX_NODES, "a list holds at most {MAX_NODES} timers");
        self.places.push(NOWHERE);
        self.tokens.push(token);
        node
    }
}
