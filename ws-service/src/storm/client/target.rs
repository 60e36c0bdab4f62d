//! Where the storm goes: the server's address, and the addresses it is reached from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use serde::{Deserialize, Serialize};

/// How many connections share one source address: well inside Linux's 28,232 ephemeral ports, some
/// of which still wait out an earlier round.
pub(in crate::storm) const CONNECTIONS_PER_SOURCE: usize = 20_000;

/// Sources are `127.0.0.1` to `127.0.0.250`, then the first again.
const SOURCES: usize = 250;

/// Below the range that the system hands out by itself.
const FIRST_PORT: usize = 10_000;

/// The server of a storm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::storm) struct Target {
    pub(in crate::storm) address: SocketAddr,
    /// For the `Host` header, as the URL has it.
    pub(in crate::storm) host: String,
    /// Path and query.
    pub(in crate::storm) path: String,
}

impl Target {
    /// Parses `ws://HOST:PORT/PATH` and resolves the host, preferring IPv4.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL, for a person to read.
    pub(in crate::storm) fn parse(url: &str) -> Result<Self, String> {
        let uri: http::Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
        match uri.scheme_str() {
            Some("ws") => {}
            Some("wss") => return Err(format!("{url}: a storm speaks plain ws://, not TLS")),
            _ => return Err(format!("{url}: expected ws://HOST:PORT/PATH")),
        }
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or_else(|| format!("{url}: the host is missing"))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(80);
        let found = (host, port).to_socket_addrs().map_err(|error| format!("{host}: {error}"))?;
        let address = found.min_by_key(SocketAddr::is_ipv6);
        let address = address.ok_or_else(|| format!("{host}: no address"))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self { address, host: authority.to_string(), path: path.to_owned() })
    }

    pub(in crate::storm) fn is_loopback(&self) -> bool {
        self.address.ip().is_loopback()
    }

    /// Whether the storm may come from several source addresses: on Linux, where all of 127.0.0.0/8
    /// is this machine.
    pub(in crate::storm) fn has_many_sources(&self) -> bool {
        let loopback = matches!(self.address.ip(), IpAddr::V4(ip) if ip.is_loopback());
        cfg!(target_os = "linux") && loopback
    }

    /// The address to bind for the `index`th connection of a run; `None` leaves it to the system.
    ///
    /// Ports of an address that a killed client has used stay busy for a minute (`TIME_WAIT`), so
    /// `index` should count on from round to round. The port is named, because the system's search
    /// for a free one takes milliseconds once half of its range is taken.
    pub(in crate::storm) fn source(&self, index: usize) -> Option<SocketAddr> {
        if !self.has_many_sources() {
            return None;
        }
        let number = u8::try_from((index / CONNECTIONS_PER_SOURCE) % SOURCES).ok()?;
        let port = u16::try_from(FIRST_PORT + index % CONNECTIONS_PER_SOURCE).ok()?;
        let ip = Ipv4Addr::new(127, 0, 0, number + 1);
        (number > 0).then(|| SocketAddr::new(IpAddr::V4(ip), port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_become_addresses() {
        let target = Target::parse("ws://127.0.0.1:9001").unwrap();
        assert_eq!(target.address, "127.0.0.1:9001".parse().unwrap());
        assert_eq!((target.path.as_str(), target.host.as_str()), ("/", "127.0.0.1:9001"));
        assert_eq!(Target::parse("ws://[::1]:1/a?b").unwrap().path, "/a?b");
        assert_eq!(Target::parse("ws://127.0.0.1/").unwrap().address.port(), 80);
        assert!(Target::parse("ws://localhost:9001/").unwrap().is_loopback());
        assert!(!Target::parse("ws://192.0.2.1:9001/").unwrap().is_loopback());
    }

    #[test]
    fn other_urls_are_refused() {
        for url in ["", "127.0.0.1:9001", "http://127.0.0.1/", "wss://127.0.0.1/", "ws:///echo"] {
            assert!(Target::parse(url).is_err(), "{url:?}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn sources_change_before_ports_run_short() {
        let target = Target::parse("ws://127.0.0.1:9001").unwrap();
        assert_eq!(target.source(19_999), None);
        assert_eq!(target.source(20_000), Some("127.0.0.2:10000".parse().unwrap()));
        assert_eq!(target.source(39_999), Some("127.0.0.2:29999".parse().unwrap()));
        assert_eq!(target.source(20_000 * 249), Some("127.0.0.250:10000".parse().unwrap()));
        assert_eq!(target.source(20_000 * 250), None);
        assert_eq!(Target::parse("ws://[::1]:9001").unwrap().source(1_000_000), None);
    }
}
