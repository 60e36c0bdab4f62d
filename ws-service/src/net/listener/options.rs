//! What the system is told about a listener's sockets.

use std::io;
use std::time::Duration;

use socket2::{Socket, TcpKeepalive};

/// Options of a listening socket. Those that are accepted from it inherit them.
#[derive(Debug, Clone, Copy)]
pub(in crate::net) struct Options {
    pub(super) no_delay: bool,
    pub(super) keepalive: Option<Duration>,
    pub(super) backlog: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { no_delay: true, keepalive: None, backlog: 4096 }
    }
}

impl Options {
    /// Sets what is TCP's.
    pub(super) fn set(self, socket: &Socket) -> io::Result<()> {
        socket.set_tcp_nodelay(self.no_delay)?;
        match self.keepalive {
            Some(time) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(time)),
            None => socket.set_keepalive(false),
        }
    }

    /// Listens, or does so by another backlog.
    pub(super) fn listen(self, socket: &Socket) -> io::Result<()> {
        socket.listen(i32::try_from(self.backlog).unwrap_or(i32::MAX))
    }
}
