//! One client: what it has said, what of it is still under way, and what it has heard.

use tungstenite::Message;
use ws_service::shard::ConnectionKey;

use crate::driver::peer;

/// A client and its connection.
pub(super) struct Client {
    pub(super) key: ConnectionKey,
    /// Bytes that have been said and not been received.
    pub(super) wire: Vec<u8>,
    /// Whole messages, in order.
    pub(super) said: Vec<Vec<u8>>,
    /// What is said from here on may mean anything.
    pub(super) is_garbled: bool,
    /// Pings so far: each carries its number.
    pub(super) pings: u32,
    /// What the last ping of the server carried.
    pub(super) pinged: Vec<u8>,
    /// Its transport has ended.
    pub(super) is_gone: bool,
    /// All that it has heard.
    pub(super) heard: Vec<u8>,
}

impl Client {
    pub(super) const fn new(key: ConnectionKey) -> Self {
        Self {
            key,
            wire: Vec::new(),
            said: Vec::new(),
            is_garbled: false,
            pings: 0,
            pinged: Vec::new(),
            is_gone: false,
            heard: Vec::new(),
        }
    }

    /// The status of the answer to its request, and the whole messages behind it, up to now.
    pub(super) fn messages(&self) -> (Option<u16>, Vec<Message>) {
        let Some(end) = self.heard.windows(4).position(|it| it == b"\r\n\r\n") else {
            return (None, Vec::new());
        };
        let status = str::from_utf8(&self.heard[9..12]).ok().and_then(|it| it.parse().ok());
        let behind = if status == Some(101) { &self.heard[end + 4..] } else { &[] };
        (status, peer::decode(behind))
    }
}
