//! Who is at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Who is at the other end of a connection, as far as its transport knows.
///
/// A shard asks nothing of it: it passes on what [`Shard::open`](super::Shard::open), or later
/// [`Shard::introduce`](super::Shard::introduce), was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// A host on an IP network: the address it connected from, or the one that a trusted proxy names.
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

/// A [`Peer`] in fewer bytes: there is one with each connection. A flow label (RFC 6437) is left out, which
/// says nothing about who it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedPeer {
    ip: [u8; 16],
    scope: u32,
    port: u16,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    V4,
    V6,
    Unix,
}

impl From<Peer> for PackedPeer {
    fn from(peer: Peer) -> Self {
        let mut packed = Self { ip: [0; 16], scope: 0, port: 0, kind: Kind::Unix };
        match peer {
            Peer::Unix => {}
            Peer::Inet(SocketAddr::V4(address)) => {
                packed.kind = Kind::V4;
                packed.port = address.port();
                packed.ip[..4].copy_from_slice(&address.ip().octets());
            }
            Peer::Inet(SocketAddr::V6(address)) => {
                packed.kind = Kind::V6;
                packed.port = address.port();
                packed.scope = address.scope_id();
                packed.ip = address.ip().octets();
            }
        }
        packed
    }
}

impl From<PackedPeer> for Peer {
    fn from(packed: PackedPeer) -> Self {
        let PackedPeer { ip, scope, port, kind } = packed;
        match kind {
            Kind::V4 => {
                let [a, b, c, d, ..] = ip;
                Self::Inet(SocketAddrV4::new([a, b, c, d].into(), port).into())
            }
            Kind::V6 => Self::Inet(SocketAddrV6::new(ip.into(), port, 0, scope).into()),
            Kind::Unix => Self::Unix,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_it_is_the_same() {
        let addresses = ["192.0.2.7:65535", "[2001:db8::1]:80", "[fe80::1%3]:1"];
        let peers = addresses.map(|it| Peer::Inet(it.parse().unwrap()));
        for peer in peers.into_iter().chain([Peer::Unix]) {
            assert_eq!(Peer::from(PackedPeer::from(peer)), peer);
        }
        assert_eq!(size_of::<PackedPeer>(), 24);
    }

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
