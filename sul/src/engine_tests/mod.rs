//! What only the inside can show: how many matches an operation plays, and thousands of nodes.
//!
//! Beside the engine, not in it: the benchmarks include the engine's directory as it is.

mod crowd;
mod matches;
