//! The built binary, as an operator runs it.

mod flags;
mod signals;
mod storms;
mod support;
mod usage;
