//! The standard library's heap with lazy deletion: moved and cancelled entries stay until popped.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Timers, token};

/// Marks a timer that is not armed.
const UNARMED: u64 = u64::MAX;

/// Entries of `(deadline, sequence, id)`; one is stale unless its sequence is its timer's current.
pub struct LazyBinaryHeap {
    heap: BinaryHeap<Reverse<(u64, u64, u32)>>,
    current: Vec<u64>,
    sequence: u64,
}

impl LazyBinaryHeap {
    fn first(&mut self) -> Option<(u64, u32)> {
        while let Some(&Reverse((deadline, sequence, id))) = self.heap.peek() {
            if self.current[id as usize] == sequence {
                return Some((deadline, id));
            }
            self.heap.pop();
        }
        None
    }
}

impl Timers for LazyBinaryHeap {
    const NAME: &'static str = "BinaryHeap, lazy deletion";

    fn with_timers(count: usize) -> Self {
        Self { heap: BinaryHeap::new(), current: vec![UNARMED; count], sequence: 0 }
    }

    #[inline]
    fn schedule(&mut self, id: usize, deadline: u64) {
        self.current[id] = self.sequence;
        self.heap.push(Reverse((deadline, self.sequence, token(id))));
        self.sequence += 1;
    }

    #[inline]
    fn cancel(&mut self, id: usize) {
        self.current[id] = UNARMED;
    }

    #[inline]
    fn earliest(&mut self) -> Option<u64> {
        self.first().map(|(deadline, _)| deadline)
    }

    fn expire(&mut self, now: u64, mut due: impl FnMut(usize)) {
        while let Some((deadline, id)) = self.first() {
            if deadline > now {
                break;
            }
            self.heap.pop();
            self.current[id as usize] = UNARMED;
            due(id as usize);
        }
    }
}
