//! One connection of the load: a few messages in flight, each answered before the next is sent.

use std::io::{self, Read, Write};
use std::time::Instant;

use mio::net::TcpStream;

use super::Content;

/// A connection, how much of its replies has come, and how much it has still to send.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    /// Bytes of the reply that is coming.
    received: usize,
    /// Bytes of the burst that have been sent, of those before `due`.
    sent: usize,
    due: usize,
    since: Instant,
}

/// What a turn brought.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Replies that are whole.
    pub replies: u64,
    /// From the last write to them.
    pub since: Instant,
    /// There may be more to read.
    pub has_more: bool,
}

impl Line {
    /// A connection that has been upgraded, if that is needed.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, received: 0, sent: 0, due: 0, since: Instant::now() }
    }

    /// Sends the first burst.
    ///
    /// # Errors
    /// The connection is over.
    pub fn start(&mut self, content: &Content) -> io::Result<()> {
        self.due = content.burst.len();
        self.flush(content)
    }

    /// Writes what is due, as far as the socket takes it.
    ///
    /// # Errors
    /// The connection is over.
    pub fn flush(&mut self, content: &Content) -> io::Result<()> {
        if self.sent == self.due {
            return Ok(());
        }
        match self.stream.write(&content.burst[self.sent..self.due]) {
            Ok(count) => self.sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if self.sent == self.due {
            (self.sent, self.due) = (0, 0);
        }
        Ok(())
    }

    /// Reads once, compares what came byte for byte, and sends a message for each reply.
    ///
    /// # Errors
    /// The connection is over, or something else came back than was sent.
    pub fn turn(&mut self, content: &Content, buffer: &mut [u8]) -> io::Result<Progress> {
        self.flush(content)?;
        let count = match self.stream.read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        let replies = self.compare(content, &buffer[..count])?;
        let since = self.since;
        if replies > 0 {
            self.since = Instant::now();
            // What was due before has gone: its replies have come.
            self.due += replies * content.frame;
            self.flush(content)?;
        }
        Ok(Progress { replies: replies as u64, since, has_more: count == buffer.len() })
    }

    fn compare(&mut self, content: &Content, mut bytes: &[u8]) -> io::Result<usize> {
        let mut replies = 0;
        while !bytes.is_empty() {
            let expected = &content.reply[self.received..];
            let count = expected.len().min(bytes.len());
            let (here, rest) = bytes.split_at(count);
            if here != &expected[..count] {
                return Err(io::Error::other("something else came back than was sent"));
            }
            bytes = rest;
            self.received += count;
            if self.received == content.reply.len() {
                self.received = 0;
                replies += 1;
            }
        }
        Ok(replies)
    }
}
