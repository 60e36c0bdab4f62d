//! A binary heap of nodes linked by pointers, each allocated on its own, with the comparison behind
//! a function pointer: the shape of libuv's timer heap, written anew for comparison.

use std::ptr::{self, NonNull};

use super::{Timers, token};

type Link = Option<NonNull<Node>>;

struct Node {
    children: [Link; 2],
    parent: Link,
    deadline: u64,
    sequence: u64,
    token: u32,
    armed: bool,
}

type Less = fn(&Node, &Node) -> bool;

/// The root, and the nodes by id as their owners would hold them.
pub struct PointerHeap {
    root: Link,
    len: usize,
    less: Less,
    nodes: Vec<NonNull<Node>>,
    sequence: u64,
}

fn earlier(a: &Node, b: &Node) -> bool {
    (a.deadline, a.sequence) < (b.deadline, b.sequence)
}

// SAFETY, for every block below: nodes come from `Box::into_raw` in `with_timers` and live until the
// heap is dropped; links only ever point to them; no two references to one node are held at once.
impl PointerHeap {
    fn is_less(&self, a: NonNull<Node>, b: NonNull<Node>) -> bool {
        unsafe { (self.less)(a.as_ref(), b.as_ref()) }
    }

    fn child(node: NonNull<Node>, side: usize) -> Link {
        unsafe { (*node.as_ptr()).children[side] }
    }

    fn parent(node: NonNull<Node>) -> Link {
        unsafe { (*node.as_ptr()).parent }
    }

    /// The link that leads to the place with this number, the root's being 1.
    fn slot(&mut self, number: usize) -> (*mut Link, Link) {
        let (mut slot, mut parent) = (&raw mut self.root, None);
        for bit in (0..number.ilog2()).rev() {
            unsafe {
                parent = *slot;
                let node = (*slot).expect("the tree is complete").as_ptr();
                slot = &raw mut (*node).children[(number >> bit) & 1];
            }
        }
        (slot, parent)
    }

    /// Makes whatever pointed down to `old` point to `new`.
    fn relink(&mut self, parent: Link, old: NonNull<Node>, new: Link) {
        match parent {
            None => self.root = new,
            Some(parent) => unsafe {
                let children = &mut (*parent.as_ptr()).children;
                children[usize::from(children[1] == Some(old))] = new;
            },
        }
    }

    /// Puts `child`, one of its children, where `parent` is, and the other way round.
    fn exchange(&mut self, parent: NonNull<Node>, child: NonNull<Node>) {
        unsafe {
            let (upper, lower) = (parent.as_ptr(), child.as_ptr());
            let side = usize::from((*upper).children[1] == Some(child));
            ptr::swap(&raw mut (*upper).children, &raw mut (*lower).children);
            (*lower).children[side] = Some(parent);
            (*lower).parent = (*upper).parent;
            (*upper).parent = Some(child);
            if let Some(sibling) = (*lower).children[1 - side] {
                (*sibling.as_ptr()).parent = Some(child);
            }
            for grandchild in (*upper).children.into_iter().flatten() {
                (*grandchild.as_ptr()).parent = Some(parent);
            }
            self.relink((*lower).parent, parent, Some(child));
        }
    }

    fn rise(&mut self, node: NonNull<Node>) {
        while let Some(parent) = Self::parent(node) {
            if !self.is_less(node, parent) {
                break;
            }
            self.exchange(parent, node);
        }
    }

    fn sink(&mut self, node: NonNull<Node>) {
        loop {
            let mut least = node;
            for child in [Self::child(node, 0), Self::child(node, 1)].into_iter().flatten() {
                if self.is_less(child, least) {
                    least = child;
                }
            }
            if least == node {
                break;
            }
            self.exchange(node, least);
        }
    }

    fn insert(&mut self, node: NonNull<Node>) {
        self.len += 1;
        let (slot, parent) = self.slot(self.len);
        unsafe {
            *slot = Some(node);
            (*node.as_ptr()).parent = parent;
            (*node.as_ptr()).children = [None; 2];
            (*node.as_ptr()).armed = true;
        }
        self.rise(node);
    }

    fn remove(&mut self, node: NonNull<Node>) {
        let (slot, _) = self.slot(self.len);
        self.len -= 1;
        unsafe {
            (*node.as_ptr()).armed = false;
            let last = (*slot).take().expect("the tree is complete");
            if last == node {
                return;
            }
            (*last.as_ptr()).parent = (*node.as_ptr()).parent;
            (*last.as_ptr()).children = (*node.as_ptr()).children;
            for child in (*last.as_ptr()).children.into_iter().flatten() {
                (*child.as_ptr()).parent = Some(last);
            }
            self.relink((*last.as_ptr()).parent, node, Some(last));
            self.sink(last);
            self.rise(last);
        }
    }
}

impl Timers for PointerHeap {
    const NAME: &'static str = "pointer heap";

    fn with_timers(count: usize) -> Self {
        let node = |id| Node {
            children: [None; 2],
            parent: None,
            deadline: 0,
            sequence: 0,
            token: token(id),
            armed: false,
        };
        let nodes = (0..count).map(|id| NonNull::from(Box::leak(Box::new(node(id))))).collect();
        Self { root: None, len: 0, less: earlier, nodes, sequence: 0 }
    }

    #[inline]
    fn schedule(&mut self, id: usize, deadline: u64) {
        let node = self.nodes[id];
        unsafe {
            if (*node.as_ptr()).armed {
                self.remove(node);
            }
            (*node.as_ptr()).deadline = deadline;
            (*node.as_ptr()).sequence = self.sequence;
        }
        self.sequence += 1;
        self.insert(node);
    }

    #[inline]
    fn cancel(&mut self, id: usize) {
        self.remove(self.nodes[id]);
    }

    #[inline]
    fn earliest(&mut self) -> Option<u64> {
        self.root.map(|root| unsafe { root.as_ref().deadline })
    }

    fn expire(&mut self, now: u64, mut due: impl FnMut(usize)) {
        while let Some(first) = self.root {
            let (deadline, token) = unsafe { (first.as_ref().deadline, first.as_ref().token) };
            if deadline > now {
                break;
            }
            self.remove(first);
            due(token as usize);
        }
    }
}

impl Drop for PointerHeap {
    fn drop(&mut self) {
        for node in self.nodes.drain(..) {
            drop(unsafe { Box::from_raw(node.as_ptr()) });
        }
    }
}
