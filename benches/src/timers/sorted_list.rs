//! A doubly linked list sorted by deadline and searched from its head: how lws keeps its timers.

use super::Timers;

const NONE: usize = usize::MAX;

#[derive(Clone)]
struct Node {
    deadline: u64,
    next: usize,
    previous: usize,
    armed: bool,
}

/// The links, by id; the last node is the list's own, before the first and after the last.
pub struct SortedList {
    nodes: Vec<Node>,
    head: usize,
}

impl Timers for SortedList {
    const NAME: &'static str = "sorted list";
    /// Scheduling is O(n).
    const LARGEST: usize = 10_000;

    fn with_timers(count: usize) -> Self {
        let node = Node { deadline: 0, next: NONE, previous: NONE, armed: false };
        let mut nodes = vec![node; count + 1];
        (nodes[count].next, nodes[count].previous, nodes[count].deadline) =
            (count, count, u64::MAX);
        Self { nodes, head: count }
    }

    #[inline]
    fn schedule(&mut self, id: usize, deadline: u64) {
        if self.nodes[id].armed {
            self.cancel(id);
        }
        let mut next = self.nodes[self.head].next;
        while self.nodes[next].deadline <= deadline {
            next = self.nodes[next].next;
        }
        let previous = self.nodes[next].previous;
        self.nodes[id] = Node { deadline, next, previous, armed: true };
        self.nodes[previous].next = id;
        self.nodes[next].previous = id;
    }

    #[inline]
    fn cancel(&mut self, id: usize) {
        let Node { next, previous, .. } = self.nodes[id];
        self.nodes[id].armed = false;
        self.nodes[previous].next = next;
        self.nodes[next].previous = previous;
    }

    #[inline]
    fn earliest(&mut self) -> Option<u64> {
        let first = self.nodes[self.head].next;
        (first != self.head).then(|| self.nodes[first].deadline)
    }

    fn expire(&mut self, now: u64, mut due: impl FnMut(usize)) {
        while self.earliest().is_some_and(|deadline| deadline <= now) {
            let first = self.nodes[self.head].next;
            self.cancel(first);
            due(first);
        }
    }
}
