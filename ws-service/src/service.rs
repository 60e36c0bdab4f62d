//! The service: a protocol, its addresses, its threads.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use crate::handle::Handle;
use crate::net::{self, Endpoint, Listener, NetConfig, StartError, Threads, Tls, Wanted};
use crate::shard::{Config, NotFound, Protocol, Route, RouteError};

/// Puts a service together.
///
/// ```no_run
/// # use ws_service::{Accept, Context, Message, Protocol, Request};
/// # struct Echo;
/// # impl Protocol for Echo {
/// #     type Session = ();
/// #     type Note = ();
/// #     fn accept(&self, _: &Request<'_>) -> Accept<()> { Accept::admit(()) }
/// #     fn message(&self, _: &mut Context<'_>, _: &mut (), _: Message<'_>) {}
/// # }
/// use ws_service::ServiceBuilder;
///
/// let service = ServiceBuilder::routes()
///     .route("/echo", Echo)?
///     .listen("127.0.0.1:9001")?
///     .threads(2)
///     .start()?;
/// println!("listening on {:?}", service.addresses());
/// service.wait()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct ServiceBuilder<P> {
    protocol: P,
    wanted: Wanted,
    config: Config,
    net: NetConfig,
    leaving: Leaving,
}

/// What is to be left to a successor besides the listening sockets.
#[derive(Default)]
struct Leaving(Option<Box<dyn FnOnce() + Send>>);

impl fmt::Debug for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Leaving").field(&self.0.is_some()).finish()
    }
}

/// Drains a service when it goes out of scope.
struct Draining<P: Protocol>(Handle<P>);

impl<P: Protocol> Drop for Draining<P> {
    fn drop(&mut self) {
        self.0.drain();
    }
}

impl<P: Protocol> ServiceBuilder<P> {
    /// A service that speaks one protocol, whatever the path.
    pub fn new(protocol: P) -> Self {
        let (config, net) = (Config::default(), NetConfig::default());
        Self { protocol, wanted: Wanted::default(), config, net, leaving: Leaving::default() }
    }

    /// Serves the paths that fit `pattern` by `protocol`. A route that was added later is asked
    /// first.
    ///
    /// # Errors
    /// The pattern is malformed; see [`Route`].
    pub fn route<Q: Protocol>(
        self,
        pattern: &str,
        protocol: Q,
    ) -> Result<ServiceBuilder<Route<Q, P>>, RouteError> {
        let Self { protocol: rest, wanted, config, net, leaving } = self;
        let protocol = Route::new(pattern, protocol, rest)?;
        Ok(ServiceBuilder { protocol, wanted, config, net, leaving })
    }

    /// Adds what an address resolves to. Port 0 means any free one.
    ///
    /// # Errors
    /// It doesn't resolve.
    pub fn listen(mut self, address: impl ToSocketAddrs) -> io::Result<Self> {
        self.wanted.listeners.extend(address.to_socket_addrs()?.map(Listener::tcp));
        Ok(self)
    }

    /// Adds a listener, of whatever kind.
    pub fn listener(mut self, listener: Listener) -> Self {
        self.wanted.listeners.push(listener);
        self
    }

    /// Uses listening sockets that are there already, as a service manager's: each must listen where one
    /// of the listeners is to, which then doesn't bind its own.
    pub fn adopt(mut self, sockets: impl IntoIterator<Item = OwnedFd>) -> Self {
        self.wanted.given.extend(sockets);
        self
    }

    /// Takes over from the service that hands over at this path, if there is one, and hands over there
    /// to the next.
    ///
    /// It is a Unix socket by which listening sockets change owners without being closed, so that nobody
    /// is refused or reset. Once this service serves, the other one [drains](Handle::drain). If it fails
    /// before that, nothing has changed. Whoever may write to the path may take the service over, which
    /// is the user it runs as.
    pub fn hand_over_at(mut self, path: impl Into<PathBuf>) -> Self {
        self.wanted.handover = Some(path.into());
        self
    }

    /// What to do when a successor serves, such as to leave it places of one's own. It is done on a thread of its
    /// own, before this service drains and before the successor's [`start`](Self::start) returns, which waits five
    /// seconds at most.
    pub fn on_handover(mut self, leave: impl FnOnce() + Send + 'static) -> Self {
        self.leaving = Leaving(Some(Box::new(leave)));
        self
    }

    /// Sets the number of service threads. Default: one for each core.
    pub const fn threads(mut self, threads: usize) -> Self {
        self.net.threads = Some(threads);
        self
    }

    /// Changes the deadlines, limits and budgets.
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Changes the settings of the service threads.
    pub fn configure_net(mut self, change: impl FnOnce(&mut NetConfig)) -> Self {
        change(&mut self.net);
        self
    }

    /// Binds the listeners and starts the threads.
    ///
    /// # Errors
    /// If anything fails, nothing has been served.
    pub fn start(self) -> Result<Service<P>, StartError> {
        self.config.validate()?;
        if self.wanted.listeners.is_empty() {
            return Err(StartError::NoAddress);
        }
        let tls = self.wanted.listeners.iter().filter_map(Listener::own_tls).cloned().collect();
        let threads = net::start(self.protocol, &self.config, &self.net, self.wanted)?;
        Service::new(threads, tls, self.leaving)
    }
}

impl ServiceBuilder<NotFound> {
    /// A service that speaks several protocols, by path; 404 where none fits.
    pub fn routes() -> Self {
        Self::new(NotFound)
    }
}

/// A running service. Dropping it drains it and waits for its threads.
#[derive(Debug)]
pub struct Service<P: Protocol> {
    handle: Handle<P>,
    endpoints: Vec<Endpoint>,
    addresses: Vec<SocketAddr>,
    has_taken_over: bool,
    threads: Vec<std::thread::JoinHandle<io::Result<()>>>,
}

/// A service thread ended in a way it must not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Its poller failed.
    #[error("a service thread failed: {0}")]
    Io(#[from] io::Error),
    /// It panicked outside any handler: a defect of this crate.
    #[error("a service thread panicked")]
    Panicked,
}

impl<P: Protocol> Service<P> {
    fn new(threads: Threads<P::Note>, tls: Vec<Tls>, leaving: Leaving) -> Result<Self, StartError> {
        let Threads {
            mailboxes,
            counters,
            endpoints,
            listening,
            has_taken_over,
            door,
            limit,
            handles,
        } = threads;
        let addresses = endpoints.iter().filter_map(Endpoint::address).collect();
        let handle = Handle::new(mailboxes, counters, Arc::clone(&listening), tls, limit);
        let service = Self { handle, endpoints, addresses, has_taken_over, threads: handles };
        if let Some(door) = door {
            let handle = service.handle();
            let give_way = move || {
                // However that ends.
                let _drain = Draining(handle);
                if let Leaving(Some(leave)) = leaving {
                    leave();
                }
            };
            net::wait_for_successor(door, listening, give_way)?;
        }
        Ok(service)
    }

    /// Where the service listens, in the order it was told to: addresses with their real ports.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Those of the [`endpoints`](Self::endpoints) that are addresses.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Whether there was another service to [take over](ServiceBuilder::hand_over_at) from.
    #[must_use]
    pub const fn has_taken_over(&self) -> bool {
        self.has_taken_over
    }

    /// The service's door for other threads.
    #[must_use]
    pub fn handle(&self) -> Handle<P> {
        self.handle.clone()
    }

    /// Waits until the service has ended: after [`Handle::drain`] or [`Handle::stop`].
    ///
    /// # Errors
    /// A thread failed; the others have been told to stop.
    pub fn wait(mut self) -> Result<(), ServiceError> {
        self.join()
    }

    fn join(&mut self) -> Result<(), ServiceError> {
        let mut result = Ok(());
        for thread in self.threads.drain(..) {
            let ended = match thread.join() {
                Ok(ended) => ended.map_err(ServiceError::Io),
                Err(_) => Err(ServiceError::Panicked),
            };
            if ended.is_err() {
                self.handle.stop();
            }
            result = result.and(ended);
        }
        result
    }
}

impl<P: Protocol> Drop for Service<P> {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.handle.drain();
            if let Err(error) = self.join() {
                tracing::error!(%error, "the service did not end well");
            }
        }
        self.handle.listening().end();
    }
}
