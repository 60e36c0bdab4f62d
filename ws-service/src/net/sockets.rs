//! A thread's transports, by the key of their connection.

use std::collections::VecDeque;
use std::io;

use mio::{Registry, Token};
use slotmap::{Key, KeyData, SecondaryMap};

use super::stream::Stream;
use crate::shard::{ConnectionKey, Protocol, Shard};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("a connection's key must fit the poll token: 64-bit targets only");

/// Slices of one write; the rest goes in the next.
const SLICES: usize = 16;

/// The sockets, and which of them have something to read.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    table: SecondaryMap<ConnectionKey, Socket>,
    /// Live connections with something to read, each once.
    ready: VecDeque<ConnectionKey>,
    /// Connections whose peer has hung up, each once: served behind the live ones.
    dying: VecDeque<ConnectionKey>,
}

#[derive(Debug)]
struct Socket {
    stream: Stream,
    is_queued: bool,
    /// The peer has ended its side: a short read is not the last.
    is_dying: bool,
}

/// What came of a read.
pub(super) enum Received {
    /// So many bytes.
    Bytes(usize),
    /// Nothing, for now.
    Nothing,
    /// The peer has ended its side.
    End,
    /// The connection is over, both ways.
    Broken,
}

impl Sockets {
    /// The token under which a connection's events come.
    pub(super) fn token(key: ConnectionKey) -> Token {
        // 64 bits, as checked above.
        Token(usize::try_from(key.data().as_ffi()).unwrap_or(usize::MAX))
    }

    pub(super) fn key(token: Token) -> ConnectionKey {
        KeyData::from_ffi(token.0 as u64).into()
    }

    pub(super) fn insert(
        &mut self,
        registry: &Registry,
        key: ConnectionKey,
        stream: Stream,
    ) -> io::Result<()> {
        stream.register(registry, Self::token(key))?;
        self.table.insert(key, Socket { stream, is_queued: false, is_dying: false });
        Ok(())
    }

    /// Closes a socket. The poller forgets it with its descriptor.
    pub(super) fn remove(&mut self, key: ConnectionKey) -> bool {
        self.table.remove(key).is_some()
    }

    pub(super) fn shut_write(&self, key: ConnectionKey) {
        if let Some(socket) = self.table.get(key) {
            // Fails only where the peer has gone, which a read will tell.
            let _ = socket.stream.shut_write();
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty() || !self.dying.is_empty()
    }

    /// A connection has something to read; the dying ones wait in their own queue.
    pub(super) fn enqueue(&mut self, key: ConnectionKey, is_dying: bool) {
        let Some(socket) = self.table.get_mut(key) else { return };
        let turns = is_dying && !socket.is_dying;
        socket.is_dying |= is_dying;
        if turns {
            // Its place among the live ones, if it has one, becomes void.
            self.dying.push_back(key);
        } else if !socket.is_queued {
            let queue = if socket.is_dying { &mut self.dying } else { &mut self.ready };
            queue.push_back(key);
        }
        socket.is_queued = true;
    }

    pub(super) fn next_live(&mut self) -> Option<ConnectionKey> {
        while let Some(key) = self.ready.pop_front() {
            if let Some(socket) = self.table.get_mut(key)
                && !socket.is_dying
            {
                socket.is_queued = false;
                return Some(key);
            }
        }
        None
    }

    pub(super) fn next_dying(&mut self) -> Option<ConnectionKey> {
        while let Some(key) = self.dying.pop_front() {
            if let Some(socket) = self.table.get_mut(key) {
                socket.is_queued = false;
                return Some(key);
            }
        }
        None
    }

    /// The transport has failed both ways: it was reset, or what was written to it could not arrive.
    pub(super) fn is_broken(&self, key: ConnectionKey) -> bool {
        self.table.get(key).is_some_and(|socket| socket.stream.is_broken())
    }

    /// One read. A full one, or one before the peer's end, queues the connection again.
    pub(super) fn receive(&mut self, key: ConnectionKey, buffer: &mut [u8]) -> Received {
        let Some(socket) = self.table.get_mut(key) else { return Received::Nothing };
        match socket.stream.read(buffer) {
            Ok(0) => Received::End,
            Ok(count) => {
                if count == buffer.len() || socket.is_dying {
                    self.enqueue(key, false);
                }
                Received::Bytes(count)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Received::Nothing,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.enqueue(key, false);
                Received::Nothing
            }
            Err(_) => Received::Broken,
        }
    }

    /// One write of what the shard has for a connection: how much it took, or that it is over.
    pub(super) fn send<P: Protocol>(
        &mut self,
        key: ConnectionKey,
        shard: &mut Shard<P>,
    ) -> io::Result<usize> {
        let Some(socket) = self.table.get_mut(key) else { return Ok(0) };
        let mut slices = [io::IoSlice::new(&[]); SLICES];
        let count = shard.output(key, &mut slices);
        let result = loop {
            let result = socket.stream.write(&slices[..count]);
            // An interrupted write is not a full socket: no event would say that it has room.
            if !matches!(&result, Err(error) if error.kind() == io::ErrorKind::Interrupted) {
                break result;
            }
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }
}
