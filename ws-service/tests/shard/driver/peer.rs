//! The far end of a transport, in memory, and what it understands: tungstenite's client decoder.

use std::io::{self, IoSlice, Read, Write};

use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::bill::uncounted;

/// One peer: what has reached it, and how much more it can take.
#[derive(Debug)]
pub(crate) struct Peer {
    received: Vec<u8>,
    /// Bytes it takes before it is full.
    pub(crate) room: usize,
    /// The server's write side is shut.
    pub(crate) is_shut: bool,
    pub(crate) is_closed: bool,
    /// The shard wants to read again.
    pub(crate) is_read_again: bool,
}

impl Peer {
    pub(crate) const fn new() -> Self {
        Self {
            received: Vec::new(),
            room: usize::MAX,
            is_shut: false,
            is_closed: false,
            is_read_again: false,
        }
    }

    /// Takes what there is room for; says how much.
    pub(crate) fn write(&mut self, slices: &[IoSlice<'_>]) -> usize {
        let mut taken = 0;
        for slice in slices {
            let count = slice.len().min(self.room);
            uncounted(|| self.received.extend_from_slice(&slice[..count]));
            if self.room != usize::MAX {
                self.room -= count;
            }
            taken += count;
        }
        taken
    }

    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.received)
    }
}

/// A Close message, as tungstenite reads it.
pub(crate) fn close_frame(code: CloseCode, reason: &str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}

/// Decodes what a server has sent.
///
/// # Panics
/// It is no sequence of whole frames that a client accepts.
pub(crate) fn decode(bytes: &[u8]) -> Vec<Message> {
    let (messages, error) = read_all(bytes, Role::Client, 64 << 20);
    match error {
        Error::ConnectionClosed | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {}
        error => panic!("a client refuses what the server sent: {error} after {messages:?}"),
    }
    messages
}

/// All that tungstenite reads from `bytes`, and what ended it.
pub(crate) fn read_all(bytes: &[u8], role: Role, limit: usize) -> (Vec<Message>, Error) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(limit))
        .max_frame_size(Some(limit))
        .read_buffer_size(4096);
    let mut socket = WebSocket::from_raw_socket(Recording(bytes), role, Some(config));
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => messages.push(message),
            Err(error) => return (messages, error),
        }
    }
}

/// Bytes to be read; what is written is thrown away.
struct Recording<'a>(&'a [u8]);

impl Read for Recording<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Recording<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
