//! What a client hears: the response, then frames by tungstenite's own decoder.

use std::io::{self, Read, Write};

use tungstenite::error::Error;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};
use tungstenite::{Bytes, Message};

use super::{Client, Stage, request};

/// One thing that the server has said.
#[derive(Debug)]
pub(crate) enum Heard {
    Response(u16),
    Message {
        bytes: Bytes,
        is_text: bool,
    },
    Ping(Bytes),
    Pong(Bytes),
    Close(Option<u16>),
    /// What no server may say.
    Wrong(String),
}

/// The state of listening.
pub(super) struct Hearing {
    id: u32,
    /// Of the response; of the rest, once there is a decoder, it is empty.
    head: Vec<u8>,
    /// What a refusal still owes.
    body: usize,
    decoder: Option<WebSocket<Inbox>>,
    is_refused: bool,
}

/// What has come and was not decoded yet; what the decoder would answer goes nowhere.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    read: usize,
}

impl Inbox {
    fn push(&mut self, bytes: &[u8]) {
        if self.read == self.bytes.len() {
            self.bytes.clear();
            self.read = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }
}

impl Read for Inbox {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.read..];
        if rest.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        Ok(count)
    }
}

impl Write for Inbox {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Hearing {
    pub(super) const fn new(id: u32) -> Self {
        Self { id, head: Vec::new(), body: 0, decoder: None, is_refused: false }
    }

    fn push(&mut self, bytes: &[u8]) {
        match &mut self.decoder {
            Some(decoder) => decoder.get_mut().push(bytes),
            None => self.head.extend_from_slice(bytes),
        }
    }

    fn next(&mut self) -> Option<Heard> {
        if self.is_refused {
            return self.next_of_body();
        }
        match &mut self.decoder {
            None => self.response(),
            Some(decoder) => decode(decoder),
        }
    }

    fn response(&mut self) -> Option<Heard> {
        let end = self.head.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let rest = self.head.split_off(end);
        let status = match request::status(&self.head, self.id) {
            Ok(status) => status,
            Err(wrong) => return Some(Heard::Wrong(wrong)),
        };
        if status == 101 {
            let config = WebSocketConfig::default().read_buffer_size(1024);
            let inbox = Inbox { bytes: rest, read: 0 };
            self.decoder = Some(WebSocket::from_raw_socket(inbox, Role::Client, Some(config)));
        } else {
            self.is_refused = true;
            let Some(body) = request::content_length(&self.head) else {
                return Some(Heard::Wrong("a refusal without a length".to_owned()));
            };
            self.body = body;
            self.head = rest;
        }
        Some(Heard::Response(status))
    }

    fn next_of_body(&mut self) -> Option<Heard> {
        if self.head.len() > self.body {
            self.head.clear();
            return Some(Heard::Wrong("more than a refusal".to_owned()));
        }
        self.body -= self.head.len();
        self.head.clear();
        None
    }

    /// What is missing when the server ends its side without a reset.
    fn is_missing(&self) -> Option<&'static str> {
        match &self.decoder {
            _ if self.is_refused => (self.body > 0).then_some("a refusal was cut short"),
            None => (!self.head.is_empty()).then_some("a response was cut short"),
            Some(_) => None,
        }
    }
}

fn decode(decoder: &mut WebSocket<Inbox>) -> Option<Heard> {
    Some(match decoder.read() {
        Ok(Message::Text(text)) => Heard::Message { bytes: text.into(), is_text: true },
        Ok(Message::Binary(bytes)) => Heard::Message { bytes, is_text: false },
        Ok(Message::Ping(payload)) => Heard::Ping(payload),
        Ok(Message::Pong(payload)) => Heard::Pong(payload),
        Ok(Message::Close(frame)) => Heard::Close(frame.map(|frame| frame.code.into())),
        Ok(Message::Frame(_)) => Heard::Wrong("a raw frame".to_owned()),
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return None,
        Err(error) => Heard::Wrong(format!("tungstenite: {error}")),
    })
}

impl Client {
    /// Takes what has come from the server.
    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        self.hears = self.hears.map(|left| left.saturating_sub(bytes.len() as u64));
        self.hearing.push(bytes);
    }

    /// The next thing that it says.
    pub(crate) fn heard(&mut self) -> Option<Heard> {
        let heard = self.hearing.next()?;
        match heard {
            Heard::Response(101) if self.stage == Stage::Requesting => self.stage = Stage::Open,
            Heard::Response(_) => self.stage = Stage::Refused,
            _ => {}
        }
        Some(heard)
    }

    /// What the server still owed when it ended its side properly.
    pub(crate) fn is_missing(&self) -> Option<&'static str> {
        self.hearing.is_missing()
    }
}
