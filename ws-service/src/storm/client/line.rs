//! The outgoing half of a connection: frames are masked, queued and written here.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use mio::net::TcpStream;
use socket2::SockRef;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::storm::random::Random;

/// How our side ends a connection without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finish {
    /// A plain `close`: the peer gets a FIN.
    HangUp,
    /// `SO_LINGER` of zero: the peer gets a RST.
    Reset,
}

/// What a crew may do with a connection: say something, or end it.
#[derive(Debug)]
pub(in crate::storm) struct Line {
    pub(super) stream: TcpStream,
    /// Bytes not yet taken by the socket; its room is kept, so that sending does not allocate.
    out: Vec<u8>,
    random: Random,
    close_sent: bool,
    finish: Option<Finish>,
    failed: Option<io::Error>,
}

impl Line {
    pub(super) fn new(stream: TcpStream, random: Random) -> Self {
        Self { stream, out: Vec::new(), random, close_sent: false, finish: None, failed: None }
    }

    /// Sends a binary message.
    pub(in crate::storm) fn send(&mut self, payload: &[u8]) {
        self.frame(OpCode::Data(Data::Binary), payload);
    }

    /// Starts the closing handshake with this code; what the server answers ends the connection.
    pub(in crate::storm) fn close(&mut self, code: u16) {
        if !self.close_sent {
            self.frame(OpCode::Control(Control::Close), &code.to_be_bytes());
            self.close_sent = true;
        }
    }

    /// Ends the connection without a Close frame, once the caller has returned.
    pub(in crate::storm) fn hang_up(&mut self) {
        self.finish = Some(Finish::HangUp);
    }

    /// Ends the connection by RST, once the caller has returned.
    pub(in crate::storm) fn reset(&mut self) {
        self.finish = Some(Finish::Reset);
    }

    /// Sends small frames at once instead of waiting for the last one's acknowledgement.
    pub(in crate::storm) fn send_at_once(&mut self) {
        // Without it the numbers may suffer; nothing else does.
        let _ = self.stream.set_nodelay(true);
    }

    /// Whether the socket has taken all that was said.
    pub(in crate::storm) fn is_clear(&self) -> bool {
        self.out.is_empty()
    }

    /// Has the system take in as much as this while it is not read; a wish, which may be refused.
    pub(in crate::storm) fn take_in(&mut self, bytes: usize) {
        let _ = SockRef::from(&self.stream).set_recv_buffer_size(bytes);
    }

    pub(super) fn pong(&mut self, payload: &[u8]) {
        self.frame(OpCode::Control(Control::Pong), payload);
    }

    /// Answers the server's Close.
    pub(super) fn answer_close(&mut self, code: Option<u16>) {
        if !self.close_sent {
            let code = code.map(u16::to_be_bytes);
            let payload = code.as_ref().map_or(&[][..], |code| &code[..]);
            self.frame(OpCode::Control(Control::Close), payload);
            self.close_sent = true;
        }
    }

    /// Sends bytes that are not a frame: the handshake's request.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.flush();
    }

    pub(super) fn flush(&mut self) {
        let mut written = 0;
        while written < self.out.len() {
            match self.stream.write(&self.out[written..]) {
                Ok(0) => break,
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        self.out.drain(..written);
    }

    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    /// Whether our side has ended the connection; makes the RST ready if that is how.
    pub(super) fn finished(&self) -> bool {
        if self.finish == Some(Finish::Reset) {
            // A socket the peer has just reset may refuse the option, and needs it no more.
            let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
        self.finish.is_some()
    }

    fn frame(&mut self, opcode: OpCode, payload: &[u8]) {
        if self.close_sent {
            return;
        }
        let mask = self.random.mask();
        let header = FrameHeader { opcode, mask: Some(mask), ..FrameHeader::default() };
        // Writing to a vector cannot fail.
        let _ = header.format(payload.len() as u64, &mut self.out);
        let start = self.out.len();
        self.out.extend_from_slice(payload);
        for (byte, key) in self.out[start..].iter_mut().zip(mask.iter().cycle()) {
            *byte ^= key;
        }
        self.flush();
    }
}
