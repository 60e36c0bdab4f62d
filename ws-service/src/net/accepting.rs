//! Taking in new connections, a bounded number per turn.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::io::Errno;
use sul::Timestamp;

use super::admission::{Full, Gate};
use super::listener::Terms;
use super::sockets::Sockets;
use super::stream::Stream;
use crate::shard::{Peer, Protocol, Shard};

/// How long accepting pauses when the system has no descriptor or no memory for a connection.
const PAUSE: Duration = Duration::from_millis(100);
/// At most one log line in this time, however often it pauses.
const QUIET: Duration = Duration::from_secs(1);
/// What those are told who are not let in.
pub(super) const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\n\r\ntoo many connections.\n";

/// A thread's listeners.
#[derive(Debug)]
pub(super) struct Acceptor {
    listeners: Vec<Listener>,
    /// The listener that had its turn last.
    last: usize,
    /// Accepts per turn.
    budget: usize,
    reserve: Reserve,
    paused_until: Option<Timestamp>,
    last_warning: Option<Timestamp>,
}

#[derive(Debug)]
struct Listener {
    socket: OwnedFd,
    terms: Terms,
    /// There may be more: edge-triggered events come once.
    is_ready: bool,
}

impl Acceptor {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            listeners: Vec::new(),
            last: 0,
            budget,
            reserve: Reserve::new(),
            paused_until: None,
            last_warning: None,
        }
    }

    /// Takes a listening socket, whose events come under the token.
    pub(super) fn add(
        &mut self,
        registry: &Registry,
        token: Token,
        socket: OwnedFd,
        terms: Terms,
    ) -> io::Result<()> {
        let mut source = SourceFd(&socket.as_raw_fd());
        registry.register(&mut source, token, Interest::READABLE)?;
        self.listeners.push(Listener { socket, terms, is_ready: true });
        Ok(())
    }

    /// Stops listening. Descriptors that others have of a socket would have its events go on.
    pub(super) fn close(&mut self, registry: &Registry) {
        for Listener { socket, .. } in self.listeners.drain(..) {
            // It has been registered, and is there.
            let _ = registry.deregister(&mut SourceFd(&socket.as_raw_fd()));
        }
    }

    pub(super) fn has(&self, place: usize) -> bool {
        place < self.listeners.len()
    }

    /// Someone waits at this listener.
    pub(super) fn ready(&mut self, place: usize) {
        if let Some(listener) = self.listeners.get_mut(place) {
            listener.is_ready = true;
        }
    }

    /// Someone may wait, and can be taken in.
    pub(super) fn is_ready(&self) -> bool {
        self.paused_until.is_none() && self.listeners.iter().any(|it| it.is_ready)
    }

    pub(super) const fn resumes_at(&self) -> Option<Timestamp> {
        self.paused_until
    }

    /// Takes in those who wait, up to the turn's budget.
    pub(super) fn accept<P: Protocol>(
        &mut self,
        now: Timestamp,
        registry: &Registry,
        shard: &mut Shard<P>,
        sockets: &mut Sockets,
        gate: &mut Gate,
    ) {
        if self.paused_until.is_some_and(|until| now < until) {
            return;
        }
        self.paused_until = None;
        for _ in 0..self.budget {
            let Some(listener) = self.next_ready() else { break };
            match Stream::accept(listener.socket.as_fd()) {
                Ok((stream, peer)) => {
                    let terms = &listener.terms;
                    let door = Door { registry, shard, sockets, gate, terms };
                    door.admit(stream, peer, now);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    listener.is_ready = false;
                }
                // Gone before it was taken in.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted
                            | io::ErrorKind::Interrupted
                            | io::ErrorKind::NetworkDown
                            | io::ErrorKind::NetworkUnreachable
                            | io::ErrorKind::HostUnreachable
                    ) => {}
                Err(error) => {
                    self.pause(&error, now);
                    shard.counters().accept_pauses.add(1);
                    self.turn_away(&error, shard);
                    break;
                }
            }
        }
    }

    /// Those who wait can't be taken in: with the descriptor in reserve, each is told so.
    fn turn_away<P: Protocol>(&mut self, error: &io::Error, shard: &Shard<P>) {
        if !is_out_of_descriptors(error) {
            return;
        }
        for _ in 0..self.budget {
            self.reserve.open_up();
            let Some(listener) = self.next_ready() else { break };
            match Stream::accept(listener.socket.as_fd()) {
                Ok((stream, _)) => {
                    shard.refused();
                    refuse(&stream, &listener.terms);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    listener.is_ready = false;
                }
                Err(_) => break,
            }
        }
        self.reserve.fill();
    }

    /// The next listener, in turn, at which someone may wait.
    fn next_ready(&mut self) -> Option<&mut Listener> {
        let count = self.listeners.len();
        let next = (1..=count).map(|step| (self.last + step) % count);
        self.last = next.into_iter().find(|&place| self.listeners[place].is_ready)?;
        self.listeners.get_mut(self.last)
    }

    /// Out of descriptors or memory: nobody comes in for a while, the others feel nothing.
    fn pause(&mut self, error: &io::Error, now: Timestamp) {
        self.paused_until = Some(now + PAUSE);
        if self.last_warning.is_none_or(|last| now.saturating_since(last) >= QUIET) {
            self.last_warning = Some(now);
            tracing::warn!(%error, "accepting pauses");
        }
    }
}

/// The way in, for one connection.
struct Door<'a, P: Protocol> {
    registry: &'a Registry,
    shard: &'a mut Shard<P>,
    sockets: &'a mut Sockets,
    gate: &'a mut Gate,
    terms: &'a Terms,
}

impl<P: Protocol> Door<'_, P> {
    fn admit(self, stream: Stream, peer: Peer, now: Timestamp) {
        let Self { registry, shard, sockets, gate, terms } = self;
        let pass = match gate.enter(peer, terms.is_proxy(peer)) {
            Ok(pass) => pass,
            Err(full) => {
                count(shard, full);
                return refuse(&stream, terms);
            }
        };
        let layer = match terms.layer(peer) {
            Ok(layer) => layer,
            Err(error) => {
                tracing::error!(%error, "a TLS session can't begin");
                return gate.give_back(pass);
            }
        };
        let Ok(key) = shard.open(peer, now) else {
            gate.give_back(pass);
            return refuse(&stream, terms);
        };
        if let Err(error) = sockets.insert(registry, key, stream, layer) {
            tracing::debug!(%error, %peer, "a connection can't be watched");
            gate.give_back(pass);
            return shard.disconnected(key, now);
        }
        gate.keep(key, pass);
    }
}

/// Counts who was not let in, and why.
pub(super) fn count<P: Protocol>(shard: &Shard<P>, full: Full) {
    shard.refused();
    match full {
        Full::Connections => {}
        Full::Handshakes => shard.counters().refused_handshakes.add(1),
        Full::Address => shard.counters().refused_addresses.add(1),
    }
}

/// Says that there is no room, if the socket takes it at once; the connection ends either way.
fn refuse(stream: &Stream, terms: &Terms) {
    // Before a TLS handshake there are no words for it.
    if terms.tls.is_none() {
        let _ = stream.write(&[IoSlice::new(FULL)]);
        // A request that lies there unread would have the answer thrown away.
        let _ = stream.read(&mut [0; 1024]);
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    let codes = [Errno::MFILE, Errno::NFILE].map(|it| Some(it.raw_os_error()));
    codes.contains(&error.raw_os_error())
}

/// A descriptor that is kept for the time when there is none: closed, it makes room for one connection,
/// which can be told that there is no room for it.
#[derive(Debug)]
struct Reserve(Option<File>);

impl Reserve {
    fn new() -> Self {
        Self(File::open("/dev/null").ok())
    }

    fn open_up(&mut self) {
        self.0 = None;
    }

    /// If someone else was faster, there is none for now.
    fn fill(&mut self) {
        *self = Self::new();
    }
}
