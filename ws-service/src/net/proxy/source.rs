//! Which peers are proxies.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use crate::shard::Peer;

/// Proxies whose word is taken: those of a network, as `10.0.0.0/8`, or `10.1.2.3`, or those that come
/// through a Unix socket, as `unix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProxySource(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Network(IpNet),
    Unix,
}

/// Neither a network, nor an address, nor `unix`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a network, like 10.0.0.0/8, nor an address, nor unix")]
pub struct ProxySourceError(Box<str>);

impl ProxySource {
    /// Whoever connects through a Unix socket.
    pub const UNIX: Self = Self(Kind::Unix);

    pub(in crate::net) fn has(&self, peer: Peer) -> bool {
        match (self.0, peer) {
            (Kind::Network(network), Peer::Inet(address)) => network.contains(&address.ip()),
            (Kind::Unix, Peer::Unix) => true,
            _ => false,
        }
    }
}

impl FromStr for ProxySource {
    type Err = ProxySourceError;

    fn from_str(text: &str) -> Result<Self, ProxySourceError> {
        if text == "unix" {
            return Ok(Self::UNIX);
        }
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(|it| Self(Kind::Network(it))).map_err(|_| ProxySourceError(text.into()))
    }
}
