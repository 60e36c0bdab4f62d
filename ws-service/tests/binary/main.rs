//! The built binary, as an operator runs it.

mod signals;
mod support;
mod usage;
