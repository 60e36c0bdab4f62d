//! What only the inside can show: a small sequence space, and how many keys an operation moves.
//!
//! Beside the engine, not in it: the benchmarks include the engine's directory as it is.

#[path = "../../tests/model/mod.rs"]
mod model;
mod moves;
mod sequence;
#[path = "../../tests/strategy/mod.rs"]
mod strategy;
