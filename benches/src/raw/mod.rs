//! TCP alone, on a reactor of the same kind as ws-service's — one thread, mio, edge-triggered, one
//! shared buffer of 512 KiB, one recv and one send for each ready connection and turn — and nothing
//! else: the limit that servers are measured against.

mod connection;
mod reactor;

pub use connection::Connection;
pub use reactor::Reactor;

/// Bytes of the buffer that all connections share.
pub const BUFFER: usize = 512 * 1024;
