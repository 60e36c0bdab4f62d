//! Timer structures behind one trait, and the workloads they run.
//!
//! Each structure is used as its users would: `sul` through its handles, tokio-util's `DelayQueue`
//! through its keys. Times are microseconds from 0.

mod bare_engine;
mod binary_heap;
mod btree_map;
mod delay_queue;
mod hash_wheel;
mod pointer_heap;
pub mod random;
mod sorted_list;
mod sul_handles;
pub mod workloads;

pub use bare_engine::BareEngine;
pub use binary_heap::LazyBinaryHeap;
pub use btree_map::Tree;
pub use delay_queue::TokioDelayQueue;
pub use hash_wheel::HashWheel;
pub use pointer_heap::PointerHeap;
pub use sorted_list::SortedList;
pub use sul_handles::{SulLocal, SulSync};

/// Timers with the ids `0..count`.
pub trait Timers {
    /// What the structure is called in tables.
    const NAME: &'static str;

    /// The largest count worth waiting for.
    const LARGEST: usize = usize::MAX;

    /// Whether the earliest deadline can be asked for.
    const HAS_EARLIEST: bool = true;

    /// The structure with `count` timers made and none armed.
    fn with_timers(count: usize) -> Self;

    /// Arms or moves a timer.
    fn schedule(&mut self, id: usize, deadline: u64);

    /// Disarms an armed timer.
    fn cancel(&mut self, id: usize);

    /// The owner of a timer goes away and another, armed, comes in its place.
    fn replace(&mut self, id: usize, deadline: u64) {
        self.cancel(id);
        self.schedule(id, deadline);
    }

    /// The earliest deadline, exactly.
    fn earliest(&mut self) -> Option<u64>;

    /// Delivers what is due by `now`.
    fn expire(&mut self, now: u64, due: impl FnMut(usize));
}

/// An id as the four-byte token that the structures store.
fn token(id: usize) -> u32 {
    u32::try_from(id).expect("counts are below 2^32")
}
