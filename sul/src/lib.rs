//! Exact timers for your own event loop.
#![no_std]
#![forbid(unsafe_code)]
