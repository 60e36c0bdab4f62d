//! Exact timers for your own event loop.
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

extern crate alloc;

mod due;
mod engine;
mod local;
mod timestamp;

pub use due::Due;
pub use local::{Expired, Timer, TimerList};
pub use timestamp::Timestamp;
