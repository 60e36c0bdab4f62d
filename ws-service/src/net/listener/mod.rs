//! Listening sockets: one for each service thread, or one that all threads share.

mod endpoint;
mod tcp;
mod terms;
mod unix;

use std::io;
use std::iter;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

pub use endpoint::{Endpoint, EndpointError};
pub(super) use terms::Terms;
pub use unix::SocketFile;

use super::proxy::ProxySource;
use super::tls::Tls;

/// Connections that the system completes ahead of us; it may allow fewer (`somaxconn`).
const BACKLOG: i32 = 4096;

/// One place where a service listens, for
/// [`ServiceBuilder::listener`](crate::ServiceBuilder::listener).
#[derive(Debug, Clone)]
pub struct Listener {
    endpoint: Endpoint,
    /// Permissions of a Unix socket's file.
    mode: Option<u32>,
    is_shared: bool,
    terms: Terms,
}

impl Listener {
    /// Listens at an endpoint. Port 0 means any free one.
    ///
    /// At a Unix socket's path, a socket that nobody listens at any more is replaced; the file is
    /// removed when the service has ended.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, mode: None, is_shared: false, terms: Terms::default() }
    }

    /// Listens at an address. Port 0 means any free one.
    #[must_use]
    pub fn tcp(address: SocketAddr) -> Self {
        Self::new(Endpoint::Inet(address))
    }

    /// Listens at the path of a Unix socket.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::new(Endpoint::Unix(path.into()))
    }

    /// Gives a Unix socket's file these permissions, before anyone can connect: whoever may write to
    /// it may. Default: what the process's file mode creation mask leaves.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Lets all threads accept from one socket, as they must where the system can't share a port, and
    /// do at a Unix socket. Otherwise each thread has a socket of its own at the address, and the
    /// system spreads connections over them.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.is_shared = true;
        self
    }

    /// Speaks TLS with its clients.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.terms.tls = Some(tls);
        self
    }

    /// Expects of peers from these sources, and of no others, a PROXY header of version 1 or 2 before
    /// anything else, TLS included, and takes their word for whom they connect: that is then
    /// [`Request::peer`](crate::Request::peer). Who comes from elsewhere is a client.
    #[must_use]
    pub fn proxies(mut self, sources: impl IntoIterator<Item = ProxySource>) -> Self {
        self.terms.proxies = sources.into_iter().collect();
        self
    }

    pub(crate) const fn own_tls(&self) -> Option<&Tls> {
        self.terms.tls.as_ref()
    }

    pub(super) const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Where it listens.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn bind(&self, threads: usize) -> io::Result<Bound> {
        match &self.endpoint {
            Endpoint::Inet(address) => {
                let (address, sockets) = tcp::bind(*address, threads, self.is_shared)?;
                Ok(Bound { endpoint: Endpoint::Inet(address), sockets, file: None })
            }
            Endpoint::Unix(path) => {
                let (socket, file) = unix::bind(path, self.mode)?;
                let sockets = share(socket, threads)?;
                Ok(Bound { endpoint: self.endpoint.clone(), sockets, file: Some(file) })
            }
        }
    }
}

/// A listener's sockets: as many as there are threads.
#[derive(Debug)]
pub(super) struct Bound {
    /// With its real port.
    pub(super) endpoint: Endpoint,
    pub(super) sockets: Vec<OwnedFd>,
    pub(super) file: Option<SocketFile>,
}

/// Gives each thread its descriptor of one socket.
fn share(socket: OwnedFd, threads: usize) -> io::Result<Vec<OwnedFd>> {
    let mut sockets: Vec<_> =
        (1..threads).map(|_| socket.try_clone()).collect::<io::Result<_>>()?;
    sockets.extend(iter::once(socket));
    Ok(sockets)
}
