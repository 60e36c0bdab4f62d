//! A stream of bytes, as the shard reads it, and as tungstenite's own decoder does in a server's role.

use tungstenite::protocol::Role;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message};
use ws_service::shard::CloseReason;

use super::differences::DIFFERENCES;
use crate::driver::Driver;
use crate::driver::echo::Echo;
use crate::driver::peer::read_all;

/// A message may have so many bytes.
const LIMIT: usize = 600;

/// So many zeros complete any frame, and then break the rules: a stream that ends with them has an end.
const PADDING: usize = LIMIT + 200;

/// What a decoder makes of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The messages, and the pongs for the pings between them.
    pub(crate) messages: Vec<Message>,
    /// The close code at its end, if it has one; 1005 for a Close without.
    pub(crate) code: Option<u16>,
    /// What the shard says besides.
    pub(crate) reason: Option<CloseReason>,
}

/// Both read the same, however the stream is cut, and whether it has an end or not; and the shard does so in
/// whole messages and in pieces of them. `sizes` are those of the cuts, over and over.
///
/// # Panics
/// They differ, and no [`Difference`](super::differences::Difference) explains it.
pub(crate) fn agree(bytes: &[u8], sizes: &[usize]) {
    let endless = theirs(bytes);
    let ended = theirs(&[bytes, &[0; PADDING]].concat());
    for protocol in [Echo::default, Echo::in_pieces] {
        let mut reading = Reader::new(protocol());
        reading.say(bytes, sizes);
        check(&reading.so_far(), &endless, bytes);
        reading.say(&[0; PADDING], &[usize::MAX]);
        check(&reading.so_far(), &ended, bytes);
        let mut whole = Reader::new(protocol());
        whole.say(&[bytes, &[0; PADDING]].concat(), &[usize::MAX]);
        assert_eq!(whole.so_far(), reading.so_far(), "cut or not: {bytes:02x?}");
    }
}

fn check(ours: &Reading, theirs: &Reading, bytes: &[u8]) {
    // What is wrong for sure is refused as it comes; tungstenite may wait for the rest of a frame.
    let is_early = theirs.code.is_none();
    let is_same = ours.messages == theirs.messages && (is_early || ours.code == theirs.code);
    let is_explained = DIFFERENCES.iter().any(|it| (it.explains)(ours, theirs, bytes));
    assert!(is_same || is_explained, "{ours:?}\n{theirs:?}\n{bytes:02x?}");
}

/// A shard that echoes what it reads.
struct Reader {
    driver: Driver<Echo>,
    key: ws_service::shard::ConnectionKey,
    messages: Vec<Message>,
}

impl Reader {
    fn new(protocol: Echo) -> Self {
        let mut driver = Driver::of(protocol, |config| {
            config.limits.message_size = LIMIT;
            config.limits.streamed_size = Some(LIMIT as u64);
        });
        let key = driver.upgrade();
        Self { driver, key, messages: Vec::new() }
    }

    fn say(&mut self, bytes: &[u8], sizes: &[usize]) {
        // Buffers of twice what is in them, while they grow: of a message that comes, of what waits for its turn,
        // and of what goes back.
        let memory = 4 * (LIMIT + bytes.len()) + 8 * 1024;
        let key = self.key;
        let bill = self.driver.bill(|driver| driver.say_cut(key, bytes, sizes));
        assert!(bill.peak <= memory as u64, "{bill:?}");
    }

    fn so_far(&mut self) -> Reading {
        self.messages.extend(self.driver.messages(self.key));
        let mut messages = self.messages.clone();
        let code = match messages.last() {
            Some(Message::Close(frame)) => {
                Some(frame.as_ref().map_or(1005, |frame| frame.code.into()))
            }
            _ => None,
        };
        messages.truncate(messages.len() - usize::from(code.is_some()));
        Reading { messages, code, reason: self.driver.protocol.ended() }
    }
}

fn theirs(bytes: &[u8]) -> Reading {
    let (all, error) = read_all(bytes, Role::Server, LIMIT);
    let mut reading = Reading { messages: Vec::new(), code: None, reason: None };
    for message in all {
        match message {
            Message::Ping(payload) => reading.messages.push(Message::Pong(payload)),
            Message::Pong(_) => {}
            Message::Close(frame) => {
                reading.code = Some(frame.map_or(1005, |frame| frame.code.into()));
                return reading;
            }
            message => reading.messages.push(message),
        }
    }
    reading.code = match error {
        // The stream is over.
        Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(_) => Some(CloseCode::Protocol.into()),
        Error::Utf8(_) => Some(CloseCode::Invalid.into()),
        Error::Capacity(_) => Some(CloseCode::Size.into()),
        error => panic!("no end: {error}"),
    };
    reading
}
