//! One connection's life: connect, handshake, messages, and the one way in which it ended.

use std::io::{self, ErrorKind, Read};
use std::time::Instant;

use mio::net::TcpStream;

use super::decoder::{Decoder, Item, Message, Violation};
use super::handshake::{Handshake, Refusal};
use super::line::Line;
use super::target::Target;
use crate::storm::random::Random;

/// Whoever owns the connections of a swarm, told what happens to them.
pub(in crate::storm) trait Crew {
    /// What the crew remembers with each connection.
    type Member;

    /// The handshake is complete and verified.
    fn opened(&mut self, line: &mut Line, member: &mut Self::Member, now: Instant);

    /// A whole message has come.
    fn message(
        &mut self,
        line: &mut Line,
        member: &mut Self::Member,
        message: Message<'_>,
        now: Instant,
    );

    /// The connection is gone. Called exactly once for each that was started; `proof` is when we
    /// last sent something that proves us alive: our latest pong, or else the handshake's request.
    fn ended(&mut self, member: Self::Member, ending: Ending, proof: Instant, now: Instant);

    /// Something that is not a connection is ready: the token it was registered with.
    fn outside(&mut self, token: mio::Token);
}

/// Why a connection is gone.
#[derive(Debug, thiserror::Error)]
pub(in crate::storm) enum Ending {
    #[error("the connection was not accepted: {0}")]
    NotConnected(io::Error),
    #[error("the handshake failed: {0}")]
    Refused(#[from] Refusal),
    #[error("the handshake took too long")]
    HandshakeTimeout,
    #[error("the echo took too long")]
    EchoTimeout,
    #[error("the server broke the protocol: {0}")]
    Violation(#[from] Violation),
    #[error("the server sent Close ({}) and hung up", code.map_or("no code".into(), |code| code.to_string()))]
    Closed { code: Option<u16> },
    #[error("the server hung up without a Close frame")]
    HungUp,
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    #[error("the storm ended it")]
    Ours,
}

#[derive(Debug)]
enum Phase {
    Connecting,
    Handshaking(Handshake),
    Open,
    /// The server has sent its Close, so nothing but the end of the stream may follow.
    CloseReceived(Option<u16>),
}

/// What the poll said about a socket.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Readiness {
    pub(super) writable: bool,
    /// The peer has hung up (FIN or RST), or the connection failed.
    pub(super) hung_up: bool,
}

#[derive(Debug)]
pub(super) struct Connection<M> {
    pub(super) line: Line,
    pub(super) member: M,
    pub(super) proof: Instant,
    /// The hang-up was reported by the poll; an edge-triggered one will not repeat it.
    pub(super) hung_up: bool,
    started: Instant,
    phase: Phase,
    decoder: Decoder,
}

impl<M> Connection<M> {
    pub(super) fn new(stream: TcpStream, random: Random, member: M, now: Instant) -> Self {
        Self {
            line: Line::new(stream, random),
            member,
            proof: now,
            hung_up: false,
            started: now,
            phase: Phase::Connecting,
            decoder: Decoder::default(),
        }
    }

    /// When the connection was begun, while its handshake is not complete.
    pub(super) fn opening_since(&self) -> Option<Instant> {
        let opening = matches!(self.phase, Phase::Connecting | Phase::Handshaking(_));
        opening.then_some(self.started)
    }

    /// Does what a readiness allows, with at most one `recv`.
    ///
    /// Returns whether there may be more to read: mio is edge-triggered, so the caller must come
    /// back by itself.
    ///
    /// # Errors
    ///
    /// How the connection ended.
    pub(super) fn ready<C: Crew<Member = M>>(
        &mut self,
        readiness: Readiness,
        buffer: &mut [u8],
        target: &Target,
        crew: &mut C,
        now: Instant,
    ) -> Result<bool, Ending> {
        if matches!(self.phase, Phase::Connecting) {
            self.advance(readiness, target)?;
            // Nothing can have been answered yet, and an answer will be an event of its own.
            return Ok(false);
        }
        self.advance(readiness, target)?;
        self.read(buffer, crew, now)
    }

    /// Does what a readiness allows without reading: asks for the upgrade, or writes what waits.
    ///
    /// # Errors
    ///
    /// How the connection ended.
    pub(super) fn advance(&mut self, readiness: Readiness, target: &Target) -> Result<(), Ending> {
        self.hung_up |= readiness.hung_up;
        if matches!(self.phase, Phase::Connecting) {
            return self.connecting(readiness, target);
        }
        if readiness.writable {
            self.line.flush();
        }
        Ok(())
    }

    /// Reads once, at most what fits into `buffer`; returns whether there may be more.
    ///
    /// # Errors
    ///
    /// How the connection ended.
    pub(super) fn read<C: Crew<Member = M>>(
        &mut self,
        buffer: &mut [u8],
        crew: &mut C,
        now: Instant,
    ) -> Result<bool, Ending> {
        if matches!(self.phase, Phase::Connecting) {
            return Ok(false);
        }
        let more = self.receive(buffer, crew, now)?;
        self.after_crew()?;
        Ok(more)
    }

    /// To be called whenever a crew has used the line.
    ///
    /// # Errors
    ///
    /// How the connection ended, if it did.
    pub(super) fn after_crew(&mut self) -> Result<(), Ending> {
        if self.line.finished() {
            return Err(Ending::Ours);
        }
        match self.line.take_failure() {
            // What the server said before it hung up is more telling, and still to be read.
            Some(error) if self.hung_up || error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Some(error) => Err(Ending::Broken(error)),
            None => Ok(()),
        }
    }

    fn connecting(&mut self, readiness: Readiness, target: &Target) -> Result<(), Ending> {
        if self.hung_up {
            let error = self.line.stream.take_error().map_err(Ending::NotConnected)?;
            let error = error.unwrap_or_else(|| ErrorKind::ConnectionAborted.into());
            return Err(Ending::NotConnected(error));
        }
        if readiness.writable {
            let (handshake, request) = Handshake::start(target);
            self.phase = Phase::Handshaking(handshake);
            self.proof = Instant::now();
            self.line.raw(&request);
            self.after_crew()?;
        }
        Ok(())
    }

    fn receive<C: Crew<Member = M>>(
        &mut self,
        buffer: &mut [u8],
        crew: &mut C,
        now: Instant,
    ) -> Result<bool, Ending> {
        match self.line.stream.read(buffer) {
            Ok(0) => Err(match self.phase {
                Phase::CloseReceived(code) => Ending::Closed { code },
                _ => Ending::HungUp,
            }),
            Ok(count) => {
                self.take(&buffer[..count], crew, now)?;
                Ok(count == buffer.len() || self.hung_up)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(Ending::Broken(error)),
        }
    }

    fn take<C: Crew<Member = M>>(
        &mut self,
        bytes: &[u8],
        crew: &mut C,
        now: Instant,
    ) -> Result<(), Ending> {
        let Phase::Handshaking(handshake) = &mut self.phase else {
            return self.frames(bytes, crew, now);
        };
        let Some(rest) = handshake.answer(bytes)? else { return Ok(()) };
        self.phase = Phase::Open;
        crew.opened(&mut self.line, &mut self.member, now);
        if rest.is_empty() { Ok(()) } else { self.frames(&rest, crew, now) }
    }

    fn frames<C: Crew<Member = M>>(
        &mut self,
        bytes: &[u8],
        crew: &mut C,
        now: Instant,
    ) -> Result<(), Ending> {
        let Self { line, member, proof, phase, decoder, .. } = self;
        decoder.feed(bytes, |item| {
            match item {
                // After a Close nothing counts any more (RFC 6455, section 5.5.1).
                _ if matches!(phase, Phase::CloseReceived(_)) => {}
                Item::Message(message) => crew.message(line, member, message, now),
                Item::Ping(payload) => {
                    *proof = Instant::now();
                    line.pong(payload);
                }
                Item::Pong => {}
                Item::Close(code) => {
                    line.answer_close(code);
                    *phase = Phase::CloseReceived(code);
                }
            }
            Ok::<_, Ending>(())
        })
    }
}
