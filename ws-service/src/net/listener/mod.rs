//! Listening sockets: one for each service thread, or one that all threads share.

mod adopted;
mod endpoint;
mod options;
mod tcp;
mod terms;
mod unix;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use socket2::SockRef;

pub(super) use adopted::Adopted;
use adopted::deal;
pub use endpoint::{Endpoint, EndpointError};
pub(super) use options::Options;
pub(super) use terms::Terms;
pub use unix::SocketFile;
pub(super) use unix::bind as bind_unix;

use super::proxy::ProxySource;
use super::tls::Tls;

/// One place where a service listens, for
/// [`ServiceBuilder::listener`](crate::ServiceBuilder::listener).
#[derive(Debug, Clone)]
pub struct Listener {
    endpoint: Endpoint,
    /// Permissions of a Unix socket's file.
    mode: Option<u32>,
    is_shared: bool,
    options: Options,
    terms: Terms,
}

impl Listener {
    /// Listens at an endpoint. Port 0 means any free one.
    ///
    /// At a Unix socket's path, a socket that nobody listens at any more is replaced; the file is
    /// removed when the service has ended.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        let (options, terms) = (Options::default(), Terms::default());
        Self { endpoint, mode: None, is_shared: false, options, terms }
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

    /// Whether TCP sends small messages at once (`TCP_NODELAY`). Default: yes.
    #[must_use]
    pub fn no_delay(mut self, no_delay: bool) -> Self {
        self.options.no_delay = no_delay;
        self
    }

    /// Has the system probe a TCP connection that has been silent so long, in whole seconds. Default:
    /// it doesn't, for [pings](crate::Timeouts::ping_after) find out more.
    #[must_use]
    pub fn keepalive(mut self, after: Option<Duration>) -> Self {
        self.options.keepalive = after;
        self
    }

    /// Connections that the system completes ahead of us; it may allow fewer (`somaxconn`). Default:
    /// 4,096.
    #[must_use]
    pub fn backlog(mut self, backlog: u32) -> Self {
        self.options.backlog = backlog;
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

    /// The sockets that are there for it, or new ones.
    pub(super) fn bind(&self, threads: usize, there: &mut There) -> io::Result<Bound> {
        let given = there.given.take(&self.endpoint);
        let left = if given.is_empty() { there.left.take(&self.endpoint) } else { Vec::new() };
        let (endpoint, sockets, file) = match (&self.endpoint, left.is_empty()) {
            (endpoint, true) if !given.is_empty() => (endpoint.clone(), self.adopt(given)?, None),
            (endpoint @ Endpoint::Inet(_), false) => (endpoint.clone(), self.adopt(left)?, None),
            (endpoint @ Endpoint::Unix(path), false) => {
                let file = SocketFile::adopt(path, self.mode)?;
                (endpoint.clone(), self.adopt(left)?, Some(file))
            }
            (Endpoint::Inet(address), true) => {
                let sockets = if self.is_shared { 1 } else { threads };
                let (address, sockets) = tcp::bind(*address, sockets, self.options)?;
                (Endpoint::Inet(address), sockets, None)
            }
            (endpoint @ Endpoint::Unix(path), true) => {
                let (socket, file) = unix::bind(path, self.mode, self.options)?;
                (endpoint.clone(), vec![socket], Some(file))
            }
        };
        Ok(Bound { endpoint, hands: deal(&sockets, threads)?, sockets, file })
    }

    fn adopt(&self, sockets: Vec<OwnedFd>) -> io::Result<Vec<OwnedFd>> {
        for socket in &sockets {
            let socket = SockRef::from(socket);
            socket.set_nonblocking(true)?;
            if matches!(self.endpoint, Endpoint::Inet(_)) {
                self.options.set(&socket)?;
            }
            self.options.listen(&socket)?;
        }
        Ok(sockets)
    }
}

/// Sockets that listen already.
#[derive(Debug, Default)]
pub(super) struct There {
    /// The service manager's, or the embedder's.
    pub(super) given: Adopted,
    /// A predecessor's, which leaves us the files as well.
    pub(super) left: Adopted,
}

/// A listener's sockets.
#[derive(Debug)]
pub(super) struct Bound {
    /// With its real port.
    pub(super) endpoint: Endpoint,
    pub(super) sockets: Vec<OwnedFd>,
    /// What each thread has of them.
    pub(super) hands: Vec<Vec<OwnedFd>>,
    pub(super) file: Option<SocketFile>,
}
