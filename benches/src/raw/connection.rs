//! A socket, and what waits on this side of it.

use std::io::{self, Read, Write};

use mio::net::TcpStream;

/// A connection, and what its peer has not taken yet.
#[derive(Debug)]
pub struct Connection {
    pub(super) stream: TcpStream,
    unsent: Vec<u8>,
    /// Received, and kept by whoever serves it.
    pub kept: Vec<u8>,
    pub(super) is_queued: bool,
}

impl Connection {
    pub(super) const fn new(stream: TcpStream) -> Self {
        Self { stream, unsent: Vec::new(), kept: Vec::new(), is_queued: false }
    }

    /// One recv, but not while something waits to be sent: a peer that takes nothing gives nothing.
    ///
    /// # Errors
    /// The connection is over.
    pub fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.flush()?;
        if !self.unsent.is_empty() {
            return Ok(0);
        }
        match self.stream.read(buffer) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            result => would_block(result),
        }
    }

    /// One send; what the socket doesn't take is kept for when it has room again.
    ///
    /// # Errors
    /// The connection is over.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        let count = if self.unsent.is_empty() { would_block(self.stream.write(bytes))? } else { 0 };
        self.unsent.extend_from_slice(&bytes[count..]);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.unsent.is_empty() {
            let count = would_block(self.stream.write(&self.unsent))?;
            self.unsent.drain(..count);
        }
        Ok(())
    }
}

fn would_block(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}
