//! The embedded service on real sockets and real threads, with tungstenite's client opposite.

mod admission;
mod at_once;
mod backpressure;
mod chat;
mod descriptors;
mod doors;
mod ends;
mod family;
mod handover;
mod limits;
mod listeners;
mod proxies;
mod questions;
mod support;
mod threads;
#[cfg(feature = "tls")]
mod tls;
