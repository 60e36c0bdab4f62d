//! The bodies of the fuzz targets: plain functions from bytes to a panic or not.
//!
//! Each has an entry point for libFuzzer under `fuzz_targets/`, seeds under `corpus/`, and a stable
//! test in `tests/seeds.rs` that runs every committed seed. To fuzz, on nightly:
//!
//! ```text
//! cargo +nightly fuzz run --fuzz-dir fuzz --features libfuzzer timer_list
//! ```

pub mod timer_list;
