//! The built binary, as an operator runs it.

mod signals;
mod storms;
mod support;
mod usage;
