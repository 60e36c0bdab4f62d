//! TCP alone, on a reactor of the same kind as ws-service's — one thread, mio, edge-triggered, one
//! shared buffer of 512 KiB, one recv and one send for each ready connection and turn — and nothing
//! else: the limit that servers are measured against.

use std::io;
use std::net::SocketAddr;
use std::thread;

mod connection;
mod reactor;

pub use connection::Connection;
pub use reactor::Reactor;

/// Bytes of the buffer that all connections share.
pub const BUFFER: usize = 512 * 1024;

/// Listens, and serves on a thread of its own beside the main one, as services do: where a process has
/// only one, the system need not count who uses a descriptor, which saves a hundredth or two.
///
/// # Errors
/// The address can't be listened on, or `serve` fails.
///
/// # Panics
/// If `serve` does.
pub fn serve(
    address: SocketAddr,
    serve: impl FnOnce(Reactor) -> io::Result<()> + Send + 'static,
) -> io::Result<()> {
    let reactor = Reactor::listen(address)?;
    thread::spawn(|| serve(reactor)).join().expect("serving does not panic")
}
