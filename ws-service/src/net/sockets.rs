//! A thread's transports, by the key of their connection.

use std::collections::VecDeque;
use std::io;

use mio::{Registry, Token};
use slotmap::{Key, KeyData, SecondaryMap};

use super::layer::{Fault, Layer, Scratch, Sent, Taken};
use super::stream::Stream;
use crate::shard::{ConnectionKey, Peer, Protocol, Shard};

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
    /// Those in a TLS handshake, living or dying: that is much work for a few bytes.
    shaking: VecDeque<ConnectionKey>,
    /// Connections whose peer has hung up, each once: served behind the live ones.
    dying: VecDeque<ConnectionKey>,
    /// What lies above some of the sockets.
    layers: SecondaryMap<ConnectionKey, Layer>,
}

#[derive(Debug)]
struct Socket {
    stream: Stream,
    is_queued: bool,
    /// The peer has ended its side: a short read is not the last.
    is_dying: bool,
    above: Above,
}

/// What lies between a socket and its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Above {
    Nothing,
    Layer,
    /// A layer at its handshake.
    Handshake,
}

impl Above {
    fn of(layer: Option<&Layer>) -> Self {
        match layer {
            None => Self::Nothing,
            Some(layer) if layer.is_shaking() => Self::Handshake,
            Some(_) => Self::Layer,
        }
    }
}

/// What came of a read.
pub(super) enum Received<'a> {
    /// These bytes.
    Bytes(&'a mut [u8]),
    /// A proxy has named its client; what came behind that.
    Introduced(Option<Peer>, &'a mut [u8]),
    /// The peer has proved who it is, by a certificate if it was asked for one; what came behind that.
    Secured(Option<Vec<u8>>, &'a mut [u8]),
    /// Nothing, for now.
    Nothing,
    /// The peer has ended its side.
    End,
    /// The connection is over, both ways.
    Broken,
    /// So is this one, before it came to the shard.
    Failed(Fault),
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
        layer: Option<Layer>,
    ) -> io::Result<()> {
        stream.register(registry, Self::token(key))?;
        let above = Above::of(layer.as_ref());
        self.table.insert(key, Socket { stream, is_queued: false, is_dying: false, above });
        if let Some(layer) = layer {
            self.layers.insert(key, layer);
        }
        Ok(())
    }

    /// Closes a socket. The poller forgets it with its descriptor.
    pub(super) fn remove(&mut self, key: ConnectionKey) -> bool {
        let Some(socket) = self.table.remove(key) else { return false };
        if socket.above != Above::Nothing
            && let Some(mut layer) = self.layers.remove(key)
        {
            layer.close(&socket.stream);
        }
        true
    }

    pub(super) fn shut_write(&mut self, key: ConnectionKey) {
        if let Some(socket) = self.table.get(key) {
            // Fails only where the peer has gone, which a read will tell.
            let _ = match self.layers.get_mut(key) {
                None => socket.stream.shut_write(),
                Some(layer) => layer.shut_write(&socket.stream),
            };
        }
    }

    /// Writes to a socket, past its shard, what it takes at once; nothing where a layer is above it.
    pub(super) fn say(&self, key: ConnectionKey, words: &[u8]) {
        if let Some(Socket { stream, above: Above::Nothing, .. }) = self.table.get(key) {
            // The connection ends either way.
            let _ = stream.write(&[io::IoSlice::new(words)]);
        }
    }

    /// A socket has room again: what its layer has for it goes with the next read.
    pub(super) fn writable(&mut self, key: ConnectionKey) {
        if !self.layers.is_empty() && self.layers.get(key).is_some_and(Layer::wants_room) {
            self.enqueue(key, false);
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty() || !self.shaking.is_empty() || !self.dying.is_empty()
    }

    /// A connection has something to read; the dying ones wait in their own queue.
    pub(super) fn enqueue(&mut self, key: ConnectionKey, is_dying: bool) {
        let Some(socket) = self.table.get_mut(key) else { return };
        let turns = is_dying && !socket.is_dying && socket.above != Above::Handshake;
        socket.is_dying |= is_dying;
        if turns {
            // Its place among the live ones, if it has one, becomes void.
            self.dying.push_back(key);
        } else if !socket.is_queued {
            let queue = match socket {
                Socket { above: Above::Handshake, .. } => &mut self.shaking,
                Socket { is_dying: true, .. } => &mut self.dying,
                _ => &mut self.ready,
            };
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

    pub(super) fn next_shaking(&mut self) -> Option<ConnectionKey> {
        next(&mut self.shaking, &mut self.table)
    }

    pub(super) fn next_dying(&mut self) -> Option<ConnectionKey> {
        next(&mut self.dying, &mut self.table)
    }

    /// The transport has failed both ways: it was reset, or what was written to it could not arrive.
    pub(super) fn is_broken(&self, key: ConnectionKey) -> bool {
        self.table.get(key).is_some_and(|socket| socket.stream.is_broken())
    }

    /// One read. A full one, or one before the peer's end, queues the connection again.
    pub(super) fn receive<'a>(
        &mut self,
        key: ConnectionKey,
        buffer: &'a mut [u8],
        scratch: &'a mut Scratch,
    ) -> Received<'a> {
        let Some(socket) = self.table.get_mut(key) else { return Received::Nothing };
        if socket.above != Above::Nothing {
            return self.receive_layered(key, buffer.len(), scratch);
        }
        match socket.stream.read(buffer) {
            Ok(0) => Received::End,
            Ok(count) => {
                if count == buffer.len() || socket.is_dying {
                    self.enqueue(key, false);
                }
                Received::Bytes(&mut buffer[..count])
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Received::Nothing,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.enqueue(key, false);
                Received::Nothing
            }
            Err(_) => Received::Broken,
        }
    }

    /// One read through a connection's layer, which may be the last for this layer.
    fn receive_layered<'a>(
        &mut self,
        key: ConnectionKey,
        limit: usize,
        scratch: &'a mut Scratch,
    ) -> Received<'a> {
        let Self { table, layers, .. } = self;
        let (Some(socket), Some(layer)) = (table.get_mut(key), layers.get_mut(key)) else {
            return Received::Nothing;
        };
        let (taken, mut again) = layer.receive(&socket.stream, scratch, limit);
        if matches!(taken, Taken::Introduced(_)) {
            if let Some(mut next) = layer.next() {
                next.feed(&scratch.plain);
                scratch.plain.clear();
                *layer = next;
                again = true;
            } else {
                layers.remove(key);
            }
        }
        socket.above = Above::of(layers.get(key));
        // Before its end a dying one is read again: no event tells of it twice.
        let is_over =
            matches!(taken, Taken::Nothing | Taken::End | Taken::Broken | Taken::Failed(_));
        if again || (socket.is_dying && !is_over) {
            self.enqueue(key, false);
        }
        let plain = &mut scratch.plain;
        match taken {
            Taken::Nothing => Received::Nothing,
            Taken::Plain if plain.is_empty() => Received::Nothing,
            Taken::Plain => Received::Bytes(plain),
            Taken::Introduced(peer) => Received::Introduced(peer, plain),
            Taken::Secured(certificate) => Received::Secured(certificate, plain),
            Taken::End => Received::End,
            Taken::Broken => Received::Broken,
            Taken::Failed(fault) => Received::Failed(fault),
        }
    }

    /// One write of what the shard has for a connection: how much it took, or that it is over.
    pub(super) fn send<P: Protocol>(
        &mut self,
        key: ConnectionKey,
        shard: &mut Shard<P>,
        scratch: &mut Scratch,
    ) -> io::Result<Sent> {
        let Some(socket) = self.table.get_mut(key) else { return Ok(Sent::default()) };
        let mut slices = [io::IoSlice::new(&[]); SLICES];
        let count = shard.output(key, &mut slices);
        if socket.above != Above::Nothing
            && let Some(layer) = self.layers.get_mut(key)
        {
            return layer.send(&socket.stream, scratch, &slices[..count]);
        }
        socket.stream.write(&slices[..count]).map(Sent::plain)
    }

    /// One write past the shard's queues: how much was taken; `None` where a layer is above the socket, and
    /// where it fails, of which the next [`send`](Self::send) tells.
    pub(super) fn pass(&self, key: ConnectionKey, slices: &[io::IoSlice<'_>]) -> Option<usize> {
        let socket = self.table.get(key).filter(|socket| socket.above == Above::Nothing)?;
        socket.stream.write(slices).ok()
    }
}

/// The next of a queue that is still there.
fn next(
    queue: &mut VecDeque<ConnectionKey>,
    table: &mut SecondaryMap<ConnectionKey, Socket>,
) -> Option<ConnectionKey> {
    while let Some(key) = queue.pop_front() {
        if let Some(socket) = table.get_mut(key) {
            socket.is_queued = false;
            return Some(key);
        }
    }
    None
}

#[cfg(test)]
mod tests;
