//! A WebSocket client for crowds: one thread, one poll, one receive buffer, thousands of connections.
//!
//! The same loop serves the process that measures and the process that is about to be killed; what
//! differs is the [`Crew`] that is told what happens. Nothing is allocated per message, and a ready
//! socket gets one `recv` a turn, so that the client is not what is being measured.
//!
//! Deliberately absent: TLS, extensions, reconnection, and any timer. The caller says when to wake.

mod connection;
mod decoder;
mod handshake;
mod line;
mod swarm;
mod target;

pub(super) use connection::{Crew, Ending};
pub(super) use decoder::Message;
pub(super) use line::Line;
pub(super) use swarm::{ConnectionId, Swarm};
pub(super) use target::{CONNECTIONS_PER_SOURCE, Target};
