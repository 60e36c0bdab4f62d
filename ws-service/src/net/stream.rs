//! A connected stream socket. TCP's and Unix's differ in how they come to be, and no more after that.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::io::Errno;
use rustix::net::sockopt::socket_error;
use rustix::net::{AddressFamily, SocketFlags};
use rustix::net::{
    RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, acceptfrom_with, recv, send, sendmsg,
    shutdown,
};

use crate::shard::Peer;

/// A connection's socket, non-blocking. It holds nothing but the descriptor.
#[derive(Debug)]
pub(super) struct Stream(OwnedFd);

#[cfg(test)]
impl From<std::os::unix::net::UnixStream> for Stream {
    fn from(socket: std::os::unix::net::UnixStream) -> Self {
        socket.set_nonblocking(true).unwrap();
        Self(socket.into())
    }
}

impl Stream {
    /// The next connection that waits at a listening socket, and who is at its other end.
    pub(super) fn accept(listener: BorrowedFd<'_>) -> io::Result<(Self, Peer)> {
        let (socket, address) =
            acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?;
        let peer = match address {
            Some(address) if address.address_family() != AddressFamily::UNIX => {
                Peer::Inet(address.try_into()?)
            }
            // A process that connects through a Unix socket need not have bound its own.
            _ => Peer::Unix,
        };
        Ok((Self(socket), peer))
    }

    /// One read: how many bytes; none where the peer has ended its side.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let (count, _) = recv(&self.0, buffer, RecvFlags::empty())?;
        Ok(count)
    }

    /// One write: how many bytes it took; none where it is full.
    pub(super) fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        // Nobody is to die of a peer that has gone.
        let flags = SendFlags::NOSIGNAL;
        loop {
            let result = match slices {
                [one] => send(&self.0, one, flags),
                slices => sendmsg(&self.0, slices, &mut SendAncillaryBuffer::default(), flags),
            };
            match result {
                // That is not a full socket: no event would say that it has room.
                Err(Errno::INTR) => {}
                Err(Errno::WOULDBLOCK) => return Ok(0),
                result => return Ok(result?),
            }
        }
    }

    /// It has failed, and reading would say so.
    pub(super) fn is_broken(&self) -> bool {
        !matches!(socket_error(&self.0), Ok(Ok(())))
    }

    pub(super) fn shut_write(&self) -> io::Result<()> {
        Ok(shutdown(&self.0, Shutdown::Write)?)
    }

    /// Asks for everything at once, edge-triggered: never again touched until it is closed.
    pub(super) fn register(&self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut SourceFd(&self.0.as_fd().as_raw_fd()), token, interest)
    }
}
