//! Connections to a server, upgraded if it speaks WebSocket.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;

use super::Kind;

/// Opens a connection and upgrades it, or not where messages are [`Kind::Raw`]. It doesn't block any
/// more.
///
/// # Errors
/// The server can't be reached, or refuses.
pub fn connect(address: SocketAddr, path: &str, kind: Kind) -> io::Result<TcpStream> {
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    if kind != Kind::Raw {
        upgrade(&mut stream, address, path)?;
    }
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream))
}

fn upgrade(stream: &mut std::net::TcpStream, address: SocketAddr, path: &str) -> io::Result<()> {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // Nothing may be read that belongs to a message.
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    if head.starts_with(b"HTTP/1.1 101") {
        Ok(())
    } else {
        Err(io::Error::other(String::from_utf8_lossy(&head)))
    }
}
