//! Benchmarks of `sul` and `ws-service`, with their peers beside them.

extern crate alloc;

pub mod load;
pub mod raw;
pub mod timers;
