//! What lies between a connection's socket and its shard, where that is more than nothing: the
//! preamble of a proxy, TLS.
//!
//! ```text
//!  socket ── Preamble ──► Tls ──► shard       whatever is above a socket takes its bytes into the
//!         ◄────────────── Tls ◄──             thread's scratch, and leaves there what is for the shard
//! ```
//!
//! **Architecture invariant:** nothing of this is on the shard's side, and a connection without a layer
//! pays for none: its socket's entry says so.

use std::io::{self, IoSlice};

use super::proxy::Preamble;
use super::stream::Stream;
use super::tls;
use crate::shard::{Counters, Peer};

/// What lies above a socket.
#[derive(Debug)]
pub(super) enum Layer {
    /// A proxy is to say for whom it connects; then comes what the listener's clients speak.
    Preamble(Box<Preamble>),
    /// TLS, from its handshake on.
    Tls(Box<tls::Session>),
}

/// Buffers of a thread that its layers share: they are empty between two connections.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// What was read.
    pub(super) raw: Vec<u8>,
    /// What of it is for the shard.
    pub(super) plain: Vec<u8>,
    /// What is to be written.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "only TLS writes"))]
    pub(super) out: Vec<u8>,
}

/// What a layer made of a read.
#[derive(Debug)]
pub(super) enum Taken {
    /// Nothing, for now.
    Nothing,
    /// What is for the shard, perhaps nothing, is in the scratch.
    Plain,
    /// A proxy has said for whom it connects; what it knows only as its own stays what it was.
    Introduced(Option<Peer>),
    /// The TLS handshake is done, with this certificate of the client.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "only TLS secures"))]
    Secured(Option<Vec<u8>>),
    /// The peer has ended its side.
    End,
    /// The connection is over.
    Broken,
    /// So is this one, by the peer's fault.
    Failed(Fault),
}

/// How a peer failed below the shard.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// What came first was no PROXY header.
    #[error("no PROXY header where one must be")]
    Preamble,
    /// It broke TLS, or shares nothing of it with us.
    #[error("TLS: {0}")]
    Tls(#[from] tls::SessionError),
}

/// What came of a write.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// Bytes of the shard's output that are done with.
    pub(super) count: usize,
    /// The peer takes what a layer has kept back.
    pub(super) is_moving: bool,
    /// There is room for more at once, of which no event will tell.
    pub(super) has_room: bool,
}

impl Fault {
    pub(super) fn count(&self, counters: &Counters) {
        match self {
            Self::Preamble => counters.proxy_failed.add(1),
            Self::Tls(_) => counters.tls_failed.add(1),
        }
    }
}

impl Layer {
    /// One read of at most `limit` bytes, and what is made of it; whether there may be more to read.
    pub(super) fn receive(
        &mut self,
        stream: &Stream,
        scratch: &mut Scratch,
        limit: usize,
    ) -> (Taken, bool) {
        scratch.plain.clear();
        match self {
            Self::Preamble(preamble) => preamble.receive(stream, scratch, limit),
            Self::Tls(session) => session.receive(stream, scratch, limit),
        }
    }

    /// One write of what the shard has.
    pub(super) fn send(
        &mut self,
        stream: &Stream,
        scratch: &mut Scratch,
        slices: &[IoSlice<'_>],
    ) -> io::Result<Sent> {
        match self {
            // Whoever doesn't say for whom it connects is told nothing either.
            Self::Preamble(_) => Err(io::ErrorKind::NotConnected.into()),
            Self::Tls(session) => session.send(stream, scratch, slices),
        }
    }

    /// The socket has room again: whether the layer has something for it that no shard knows of.
    pub(super) fn wants_room(&self) -> bool {
        match self {
            Self::Preamble(_) => false,
            Self::Tls(session) => session.wants_room(),
        }
    }

    /// It is at work that takes long: a handshake.
    pub(super) fn is_shaking(&self) -> bool {
        match self {
            Self::Preamble(_) => false,
            Self::Tls(session) => session.is_shaking(),
        }
    }

    /// What comes behind a layer that is done.
    pub(super) fn next(&mut self) -> Option<Self> {
        match self {
            Self::Preamble(preamble) => preamble.take_next(),
            Self::Tls(_) => None,
        }
    }

    /// Takes what was read for it before it was there.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        match self {
            Self::Preamble(_) => {}
            Self::Tls(session) => session.feed(bytes),
        }
    }

    /// The socket is about to be closed.
    pub(super) fn close(&mut self, stream: &Stream) {
        match self {
            Self::Preamble(_) => {}
            Self::Tls(session) => session.close(stream),
        }
    }

    pub(super) fn shut_write(&mut self, stream: &Stream) -> io::Result<()> {
        match self {
            Self::Preamble(_) => stream.shut_write(),
            Self::Tls(session) => session.shut_write(stream),
        }
    }
}

impl Sent {
    /// A socket without a layer took so much.
    pub(super) const fn plain(count: usize) -> Self {
        Self { count, is_moving: false, has_room: false }
    }
}

/// One read for a layer; where it brings nothing, what that means, and whether to read again.
pub(super) fn read(stream: &Stream, buffer: &mut [u8]) -> Result<usize, (Taken, bool)> {
    match stream.read(buffer) {
        Ok(0) => Err((Taken::End, false)),
        Ok(count) => Ok(count),
        Err(error) => Err(match error.kind() {
            io::ErrorKind::WouldBlock => (Taken::Nothing, false),
            io::ErrorKind::Interrupted => (Taken::Nothing, true),
            _ => (Taken::Broken, false),
        }),
    }
}
