//! TLS on one connection: what has come is decrypted where it was read, what goes is encrypted into a
//! buffer of the thread. A connection keeps the beginning of a record, or the rest of a write, and no
//! buffer of its own while it is idle.

use std::fmt;
use std::io::{self, IoSlice};
use std::mem;
use std::sync::Arc;

use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, InsufficientSizeError,
    UnbufferedStatus, WriteTraffic,
};
use rustls::{Error, ServerConfig};

use crate::net::layer::{Fault, Scratch, Sent, Taken, read};
use crate::net::stream::Stream;

/// Bytes read at once: several records.
const READ: usize = 256 * 1024;
/// Bytes that may wait for the rest of a record or of a handshake message. A record has 18 KiB at
/// most.
const KEPT: usize = 20 * 1024;
/// Plain bytes of one write.
const BATCH: usize = 64 * 1024;
/// Bytes that may wait for the socket before no more is read: a write's rest, and answers to a peer
/// that doesn't take them.
const UNANSWERED: usize = 2 * BATCH;

/// A connection's TLS.
pub(in crate::net) struct Session {
    connection: UnbufferedServerConnection,
    /// Read and not used up.
    incoming: Vec<u8>,
    /// Encrypted and not taken by the socket.
    outgoing: Vec<u8>,
    phase: Phase,
    hearing: Hearing,
    /// The last byte of the shard's output is encrypted, and is not reported before the socket has
    /// taken it: till then the shard knows that there is something to write, and for how long.
    is_held: bool,
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Handshake,
    Open,
    /// The socket's write side is to be shut behind what is outgoing.
    Shut,
    /// The peer broke TLS: rustls must not be asked again.
    Failed,
}

/// What is still to be heard of the peer.
#[derive(Debug)]
enum Hearing {
    /// First what waits in `incoming`.
    Fed,
    /// Whatever comes.
    Open,
    /// That it has ended its side.
    Ended,
    /// What it did wrong, behind what is taken first.
    Failed(Box<SessionError>),
}

/// How a session failed.
#[derive(Debug, thiserror::Error)]
pub(in crate::net) enum SessionError {
    #[error(transparent)]
    Tls(#[from] Error),
    #[error("a handshake message is too long")]
    TooLong,
}

impl Session {
    /// # Errors
    /// The configuration is of no use; that was checked when it was made.
    pub(in crate::net) fn new(config: Arc<ServerConfig>) -> Result<Self, Error> {
        Ok(Self {
            connection: UnbufferedServerConnection::new(config)?,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            phase: Phase::Handshake,
            hearing: Hearing::Open,
            is_held: false,
        })
    }

    /// Takes what was read before the session began.
    pub(in crate::net) fn feed(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
        self.hearing = Hearing::Fed;
    }

    pub(in crate::net) const fn is_shaking(&self) -> bool {
        matches!(self.phase, Phase::Handshake)
    }

    /// Something waits for the socket.
    pub(in crate::net) const fn wants_room(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// One read: plain bytes into the scratch, answers to the peer. Says whether to read again.
    pub(in crate::net) fn receive(
        &mut self,
        stream: &Stream,
        scratch: &mut Scratch,
        limit: usize,
    ) -> (Taken, bool) {
        if self.flush(stream).is_err() {
            return (Taken::Broken, false);
        }
        let is_fed = match mem::replace(&mut self.hearing, Hearing::Open) {
            Hearing::Failed(error) => return (Taken::Failed(Fault::Tls(*error)), false),
            Hearing::Ended => return (Taken::End, false),
            Hearing::Fed => true,
            Hearing::Open => false,
        };
        if self.outgoing.len() > UNANSWERED {
            // It doesn't take what it asks for; when it does, an event says so.
            return (Taken::Nothing, false);
        }
        let kept = self.incoming.len();
        scratch.raw.resize(scratch.raw.len().max(KEPT + READ), 0);
        scratch.raw[..kept].copy_from_slice(&self.incoming);
        let limit = limit.clamp(1, READ);
        let count = match read(stream, &mut scratch.raw[kept..kept + limit]) {
            Ok(count) => count,
            // What it was fed is to be heard.
            Err((Taken::Nothing, _)) if is_fed => 0,
            Err(nothing) => return nothing,
        };
        let Scratch { raw, plain, .. } = scratch;
        if let Err(error) = self.hear(&mut raw[..kept + count], plain) {
            self.hearing = Hearing::Failed(Box::new(error));
            self.phase = Phase::Failed;
        }
        if self.flush(stream).is_err() {
            return (Taken::Broken, false);
        }
        let again = count == limit || is_fed || !matches!(self.hearing, Hearing::Open);
        (self.taken(), again)
    }

    /// What a read brought besides plain bytes.
    fn taken(&mut self) -> Taken {
        if self.phase != Phase::Handshake || self.connection.is_handshaking() {
            return Taken::Plain;
        }
        self.phase = Phase::Open;
        let certificates = self.connection.peer_certificates();
        Taken::Secured(certificates.and_then(<[_]>::first).map(|it| it.to_vec()))
    }

    /// Decrypts what was read, and keeps what is left of it.
    fn hear(&mut self, bytes: &mut [u8], plain: &mut Vec<u8>) -> Result<(), SessionError> {
        let mut used = 0;
        let result = self.process(bytes, plain, &mut used);
        let rest = &mut bytes[used..];
        if let Err(error) = result {
            self.complain(rest);
            return Err(error.into());
        }
        if rest.len() > KEPT {
            return Err(SessionError::TooLong);
        }
        // Mostly there is nothing, and nothing is kept for it.
        self.incoming = rest.to_vec();
        Ok(())
    }

    fn process(
        &mut self,
        bytes: &mut [u8],
        plain: &mut Vec<u8>,
        used: &mut usize,
    ) -> Result<(), Error> {
        loop {
            let UnbufferedStatus { mut discard, state, .. } =
                self.connection.process_tls_records(&mut bytes[*used..]);
            let mut is_done = false;
            let mut result = Ok(());
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard += record.discard;
                        plain.extend_from_slice(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(data)) => {
                    result = encode(data, &mut self.outgoing);
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.hearing = Hearing::Ended,
                // All there is has been looked at.
                Ok(_) => is_done = true,
                Err(error) => result = Err(error),
            }
            *used += discard;
            if is_done || result.is_err() {
                return result;
            }
        }
    }

    /// Tells the peer what it did wrong: an alert.
    fn complain(&mut self, rest: &mut [u8]) {
        // Asked for more than what it has to say, it would look at the same bytes again.
        while self.connection.wants_write() {
            let state = self.connection.process_tls_records(rest).state;
            let Ok(ConnectionState::EncodeTlsData(data)) = state else { return };
            if encode(data, &mut self.outgoing).is_err() {
                return;
            }
        }
    }

    /// One write of what the shard has, behind what the socket has not taken before.
    pub(in crate::net) fn send(
        &mut self,
        stream: &Stream,
        scratch: &mut Scratch,
        slices: &[IoSlice<'_>],
    ) -> io::Result<Sent> {
        match self.phase {
            Phase::Handshake => return Err(io::ErrorKind::NotConnected.into()),
            Phase::Failed => return Ok(Sent::default()),
            Phase::Open | Phase::Shut => {}
        }
        let waited = self.outgoing.len();
        self.flush(stream)?;
        if !self.outgoing.is_empty() {
            let is_moving = self.outgoing.len() < waited;
            return Ok(Sent { is_moving, ..Sent::default() });
        }
        let held = usize::from(mem::take(&mut self.is_held));
        scratch.out.clear();
        let fresh = self.encrypt(slices, held, &mut scratch.out)?;
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let mut sent = Sent { count: held + fresh, ..Sent::default() };
        let written = write(stream, &scratch.out)?;
        if written < scratch.out.len() {
            self.outgoing = scratch.out[written..].to_vec();
            // If the shard has more, that shows already that it is not all out. The end of what it
            // offers is the end of a frame: inside it nothing can be put.
            self.is_held = sent.count == offered;
            sent.count -= usize::from(self.is_held);
        } else {
            sent.has_room = sent.count < offered;
        }
        Ok(sent)
    }

    /// Appends what becomes of a batch of the shard's output, without its first `skip` bytes; says how
    /// many bytes it was made from.
    fn encrypt(
        &mut self,
        slices: &[IoSlice<'_>],
        mut skip: usize,
        out: &mut Vec<u8>,
    ) -> io::Result<usize> {
        let mut traffic = loop {
            // What is kept of the last read has been looked at; nothing new comes of it.
            let status = self.connection.process_tls_records(&mut self.incoming);
            match status.state.map_err(io::Error::other)? {
                ConnectionState::WriteTraffic(traffic) => break traffic,
                ConnectionState::EncodeTlsData(data) => {
                    encode(data, out).map_err(io::Error::other)?;
                }
                ConnectionState::TransmitTlsData(data) => data.done(),
                _ => return Err(io::ErrorKind::NotConnected.into()),
            }
        };
        let mut left = BATCH;
        for slice in slices {
            let from = skip.min(slice.len());
            skip -= from;
            let piece = &slice[from..];
            let piece = &piece[..piece.len().min(left)];
            encrypt(&mut traffic, piece, out)?;
            left -= piece.len();
        }
        Ok(BATCH - left)
    }

    /// Writes what the socket has not taken before; behind it, shuts the write side if that is asked.
    fn flush(&mut self, stream: &Stream) -> io::Result<()> {
        if !self.outgoing.is_empty() {
            let written = write(stream, &self.outgoing)?;
            self.outgoing.drain(..written);
            if self.outgoing.is_empty() {
                self.outgoing = Vec::new();
                if self.phase == Phase::Shut {
                    stream.shut_write()?;
                }
            }
        }
        Ok(())
    }

    /// Tells the peer that nothing more comes, and shuts the socket's write side behind it.
    pub(in crate::net) fn shut_write(&mut self, stream: &Stream) -> io::Result<()> {
        if self.phase == Phase::Open {
            self.say_goodbye();
            self.phase = Phase::Shut;
        }
        if self.phase == Phase::Shut && !self.outgoing.is_empty() {
            return self.flush(stream);
        }
        stream.shut_write()
    }

    /// The last word before the socket is closed, if there is room for it.
    pub(in crate::net) fn close(&mut self, stream: &Stream) {
        if self.phase == Phase::Open {
            self.say_goodbye();
            // Whether it arrives is all the same to us.
            let _ = self.flush(stream);
        }
    }

    /// Appends a `close_notify` (RFC 8446 §6.1).
    fn say_goodbye(&mut self) {
        let state = self.connection.process_tls_records(&mut self.incoming).state;
        if let Ok(ConnectionState::WriteTraffic(mut traffic)) = state {
            // Without it the peer sees the end all the same.
            let _ = append(&mut self.outgoing, |room| {
                traffic.queue_close_notify(room).map_err(|error| Short::from_encrypt(&error))
            });
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("phase", &self.phase).finish_non_exhaustive()
    }
}

/// What a socket takes of some bytes, at once.
fn write(stream: &Stream, bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() { Ok(0) } else { stream.write(&[IoSlice::new(bytes)]) }
}

/// Why nothing could be appended.
enum Short {
    /// So many bytes of room are needed.
    Room(usize),
    /// The keys are used up.
    Never,
}

impl Short {
    const fn from_encrypt(error: &EncryptError) -> Self {
        match error {
            EncryptError::InsufficientSize(InsufficientSizeError { required_size }) => {
                Self::Room(*required_size)
            }
            EncryptError::EncryptExhausted => Self::Never,
        }
    }

    const fn from_encode(error: &EncodeError) -> Self {
        match error {
            EncodeError::InsufficientSize(InsufficientSizeError { required_size }) => {
                Self::Room(*required_size)
            }
            EncodeError::AlreadyEncoded => Self::Never,
        }
    }
}

/// Appends what `put` writes, with as much room as it asks for.
fn append(
    out: &mut Vec<u8>,
    mut put: impl FnMut(&mut [u8]) -> Result<usize, Short>,
) -> Result<(), Error> {
    let start = out.len();
    let result = match put(&mut []) {
        Err(Short::Room(size)) => {
            out.resize(start + size, 0);
            put(&mut out[start..])
        }
        other => other,
    };
    out.truncate(start + result.as_ref().map_or(0, |count| *count));
    match result {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::EncryptError),
    }
}

fn encode(
    mut data: EncodeTlsData<'_, ServerConnectionData>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    append(out, |room| data.encode(room).map_err(|error| Short::from_encode(&error)))
}

fn encrypt(
    traffic: &mut WriteTraffic<'_, ServerConnectionData>,
    plain: &[u8],
    out: &mut Vec<u8>,
) -> io::Result<()> {
    append(out, |room| traffic.encrypt(plain, room).map_err(|error| Short::from_encrypt(&error)))
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests;
