//! The PROXY protocol, versions 1 and 2: a proxy says for whom it connects.
//!
//! Only proxies that the listener knows are believed, and only they are asked.

mod preamble;
mod source;

pub(super) use preamble::Preamble;
pub use source::{ProxySource, ProxySourceError};
