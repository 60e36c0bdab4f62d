//! Who is at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Who is at the other end of a connection, as far as its transport knows.
///
/// A shard asks nothing of it: it passes on what [`Shard::open`](super::Shard::open) was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// A host on an IP network: the address it connected from.
    Inet(SocketAddr),
    /// A process on this machine, through a Unix socket. Who may connect is for the permissions of
    /// the socket's file to say.
    Unix,
}

impl Peer {
    /// Its address and port, if it has any.
    #[must_use]
    pub const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(address),
            Self::Unix => None,
        }
    }

    /// Its address, if it has one.
    #[must_use]
    pub const fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Inet(address) => Some(address.ip()),
            Self::Unix => None,
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        Self::Inet(address)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_no_larger_than_an_address() {
        assert_eq!(size_of::<Peer>(), size_of::<SocketAddr>());
    }

    #[test]
    fn a_peer_shows_what_is_known() {
        let address: SocketAddr = "[2001:db8::1]:80".parse().unwrap();
        assert_eq!(Peer::from(address).to_string(), "[2001:db8::1]:80");
        assert_eq!(Peer::from(address).ip(), Some(address.ip()));
        assert_eq!(Peer::Unix.to_string(), "unix");
        assert_eq!(Peer::Unix.address(), None);
    }
}
