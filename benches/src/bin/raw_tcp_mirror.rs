//! The limit that fan-out is measured against: a bare loop that writes what one has sent to each other
//! socket, as it is.

use std::io;
use std::net::SocketAddr;

use benches::raw::{self, BUFFER, Reactor};
use clap::Parser;

/// Sends every byte to all other connections.
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9104")]
    listen: SocketAddr,
}

fn main() -> io::Result<()> {
    raw::serve(Options::parse().listen, serve)
}

fn serve(mut reactor: Reactor) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        reactor.wait()?;
        for _ in 0..reactor.ready() {
            let Some(from) = reactor.next_ready() else { break };
            let Some(count @ 1..) = reactor.receive(from, &mut buffer) else { continue };
            for (place, slot) in reactor.connections.iter_mut().enumerate() {
                if place != from
                    && let Some(connection) = slot
                    && connection.send(&buffer[..count]).is_err()
                {
                    *slot = None;
                }
            }
        }
    }
}
