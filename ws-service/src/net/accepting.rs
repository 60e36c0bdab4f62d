//! Taking in new connections, a bounded number per turn.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use sul::Timestamp;

use super::admission::Admission;
use super::listener::Terms;
use super::sockets::Sockets;
use super::stream::Stream;
use crate::shard::{Peer, Protocol, Shard};

/// How long accepting pauses when the system has no descriptor or no memory for a connection.
const PAUSE: Duration = Duration::from_millis(100);
/// At most one log line in this time, however often it pauses.
const QUIET: Duration = Duration::from_secs(1);
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 22\r\n\r\ntoo many connections.\n";

/// A thread's listeners.
#[derive(Debug)]
pub(super) struct Acceptor {
    listeners: Vec<Listener>,
    /// The listener that had its turn last.
    last: usize,
    /// Accepts per turn.
    budget: usize,
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
    pub(super) const fn new(budget: usize) -> Self {
        Self { listeners: Vec::new(), last: 0, budget, paused_until: None, last_warning: None }
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

    /// Stops listening.
    pub(super) fn close(&mut self) {
        self.listeners.clear();
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
        admission: &Admission,
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
                    let door = Door { registry, shard, sockets, admission, terms };
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
                    break;
                }
            }
        }
    }

    /// The next listener, in turn, at which someone may wait.
    fn next_ready(&mut self) -> Option<&mut Listener> {
        let count = self.listeners.len();
        let next = (1..=count).map(|step| (self.last + step) % count);
        self.last = next.into_iter().find(|&place| self.listeners[place].is_ready)?;
        self.listeners.get_mut(self.last)
    }

    /// Out of descriptors or memory: those who wait must wait, the others feel nothing.
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
    admission: &'a Admission,
    terms: &'a Terms,
}

impl<P: Protocol> Door<'_, P> {
    fn admit(self, stream: Stream, peer: Peer, now: Timestamp) {
        if !self.admission.enter() {
            self.shard.refused();
            return self.refuse(&stream);
        }
        let layer = match self.terms.layer(peer) {
            Ok(layer) => layer,
            Err(error) => {
                tracing::error!(%error, "a TLS session can't begin");
                return self.admission.leave();
            }
        };
        let Ok(key) = self.shard.open(peer, now) else {
            self.admission.leave();
            return self.refuse(&stream);
        };
        if let Err(error) = self.sockets.insert(self.registry, key, stream, layer) {
            tracing::debug!(%error, %peer, "a connection can't be watched");
            self.admission.leave();
            self.shard.disconnected(key, now);
        }
    }

    /// Says why, if the socket takes it at once; the connection ends either way.
    fn refuse(&self, stream: &Stream) {
        // Before a TLS handshake there are no words for it.
        if self.terms.tls.is_none() {
            let _ = stream.write(&[IoSlice::new(FULL)]);
        }
    }
}
