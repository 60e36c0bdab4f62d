//! The embedded service on real sockets and real threads, with tungstenite's client opposite.

mod doors;
mod ends;
mod limits;
mod support;
mod threads;
