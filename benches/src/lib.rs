//! Benchmarks of `sul` and `ws-service`, with their peers beside them.

extern crate alloc;

pub mod echo;
pub mod timers;
