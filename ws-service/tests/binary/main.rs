//! The built binary, as an operator runs it.

mod flags;
mod server;
mod signals;
mod storms;
mod support;
mod usage;
