//! The bodies of the fuzz targets: plain functions from bytes to a panic or not.
//!
//! Each has an entry point for libFuzzer under `fuzz_targets/`, seeds under `corpus/`, and tests in `tests/stable` that
//! run every committed seed and what chance makes of them. To fuzz, on nightly, a target for a minute:
//!
//! ```text
//! .ci/fuzz 60 timer_list
//! ```

mod choices;
pub mod connection;
pub mod deflate;
mod differential;
pub mod frames;
pub mod handshake;
pub mod timer_list;

/// The loop without a clock and without sockets that the service's own tests drive a shard with. It checks at its
/// end that nothing is left.
#[path = "../../ws-service/tests/shard/driver/mod.rs"]
#[expect(dead_code, reason = "the tests need more of it than the targets do")]
mod driver;
