//! The admin listener's own doors: TCP, and a Unix socket; a bounded number of guests.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;
use ws_service::SocketFile;

use super::super::app::App;
use super::super::token::Token;
use super::super::visits::{Guest, Visits};
use super::guard::Guard;
use super::router;

/// From one request's end to the end of the next one's head.
const IDLE: Duration = Duration::from_secs(15);
/// How long a guest may take nothing of what it is sent.
const STUCK: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
const LONGEST_HEAD: usize = 16 * 1024;
/// Who may open the Unix socket.
const OWNER_ALONE: u32 = 0o600;
/// Guests that the system completes ahead of us.
const BACKLOG: u32 = 128;
/// How long nobody is let in when the system has no descriptor left; how often to look for a successor.
const PAUSE: Duration = Duration::from_millis(100);

/// Where to listen, and who may ask.
#[derive(Debug, Clone, Default)]
pub(crate) struct AdminConfig {
    /// The TCP address.
    pub(crate) address: Option<SocketAddr>,
    /// Nobody has asked for that address: where another has it, the service runs without.
    pub(crate) is_optional: bool,
    /// The Unix socket's path. Whoever may open it needs no token.
    pub(crate) socket: Option<PathBuf>,
    /// What those who come by TCP must know.
    pub(crate) token: Option<Token>,
    /// A predecessor may be there until this service serves, and a successor may come.
    pub(crate) is_handed_over: bool,
}

/// Why there is no admin listener.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminError {
    #[error(
        "cannot listen on {address} for administrators: {error} (--admin names another, or off)"
    )]
    Tcp { address: SocketAddr, error: io::Error },
    #[error("cannot listen on {} for administrators: {error}", path.display())]
    Unix { path: PathBuf, error: io::Error },
}

/// Doors that are there, though nobody is let in yet.
#[derive(Debug)]
pub(crate) struct Listening {
    tcp: Option<(TcpListener, Guard)>,
    unix: Option<(UnixListener, SocketFile)>,
    /// Where the Unix socket's file is to be.
    path: Option<PathBuf>,
    is_handed_over: bool,
}

impl Listening {
    /// Opens the doors; in a runtime's context.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn open(config: &AdminConfig) -> Result<Self, AdminError> {
        let token = config.token.clone().map(Arc::new);
        let tcp = |address: SocketAddr| {
            if token.is_none() && !address.ip().to_canonical().is_loopback() {
                tracing::warn!(%address, "whoever reaches this address may administer the service");
            }
            match bind_tcp(address, config.is_handed_over) {
                Ok(listener) => {
                    Ok(Some((listener, Guard { token: token.clone(), only_own_names: true })))
                }
                Err(error) if config.is_optional && error.kind() == io::ErrorKind::AddrInUse => {
                    tracing::warn!(%address, "in use: there is no admin listener (--admin)");
                    Ok(None)
                }
                Err(error) => Err(AdminError::Tcp { address, error }),
            }
        };
        let unix = |path: &PathBuf| {
            bind_unix(path, config.is_handed_over)
                .map_err(|error| AdminError::Unix { path: path.clone(), error })
        };
        Ok(Self {
            tcp: config.address.map(tcp).transpose()?.flatten(),
            unix: config.socket.as_ref().map(unix).transpose()?,
            path: config.socket.clone().filter(|_| config.is_handed_over),
            is_handed_over: config.is_handed_over,
        })
    }

    /// Takes the place of a predecessor, which serves no more.
    pub(in super::super) fn take_place(&mut self) {
        let (Some((_, file)), Some(path)) = (&mut self.unix, &self.path) else { return };
        if let Err(error) = file.take(path) {
            tracing::warn!(%error, path = %path.display(), "administrators don't reach the service there");
        }
    }

    /// Where the TCP door is.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.tcp.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// Lets guests in, for ever; by TCP, until a successor has that address for itself.
    pub(in super::super) async fn serve(self, app: Arc<App>) {
        let is_handed_over = self.is_handed_over;
        let tcp = async {
            let Some((listener, guard)) = self.tcp else { return };
            let router = router(Arc::clone(&app), guard);
            let accept = || async { listener.accept().await.map(|(stream, _)| stream) };
            let welcome = welcome(accept, &app.visits, &router);
            if is_handed_over {
                tokio::select! { () = welcome => {}, () = end(&app) => {} }
            } else {
                welcome.await;
            }
        };
        let unix = async {
            let Some((listener, _file)) = &self.unix else { return };
            let router = router(Arc::clone(&app), Guard::default());
            let accept = || async { listener.accept().await.map(|(stream, _)| stream) };
            welcome(accept, &app.visits, &router).await;
        };
        tokio::join!(tcp, unix);
    }
}

fn bind_tcp(address: SocketAddr, is_shared: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    if is_shared {
        socket.set_reuseport(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn bind_unix(path: &Path, is_shared: bool) -> io::Result<(UnixListener, SocketFile)> {
    let listen = if is_shared { SocketFile::listen_beside } else { SocketFile::listen };
    let (listener, file) = listen(path, OWNER_ALONE)?;
    Ok((UnixListener::from_std(listener)?, file))
}

/// The service begins to end.
async fn end(app: &App) {
    while !app.is_draining() {
        sleep(PAUSE).await;
    }
}

/// Lets guests in at one door, as long as there is a place.
async fn welcome<S, F>(accept: impl Fn() -> F, visits: &Arc<Visits>, router: &Router)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
    F: Future<Output = io::Result<S>>,
{
    while let Ok(place) = Arc::clone(&visits.places).acquire_owned().await {
        match accept().await {
            Ok(stream) => {
                let guest = Guest::new(visits, place);
                tokio::spawn(serve(stream, router.clone(), guest));
            }
            Err(error) => {
                tracing::warn!(%error, "the admin listener pauses");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn serve<S>(stream: S, router: Router, _guest: Guest)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STUCK));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(router));
    if let Err(error) = connection.await {
        tracing::debug!(%error, "an administrator's connection failed");
    }
}
