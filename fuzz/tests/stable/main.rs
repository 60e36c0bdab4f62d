//! The targets without a fuzzer, on stable: every committed seed, and what chance makes of them.

mod corpus;
mod mutations;
mod seeds;
