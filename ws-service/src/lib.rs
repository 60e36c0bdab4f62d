//! A multi-threaded WebSocket service, to embed or to run.
#![forbid(unsafe_code)]

pub mod shard;

pub use shard::*;
