//! The admin listener's own doors: TCP, and a Unix socket; a bounded number of guests.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::sync::oneshot;
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
/// How long nobody is let in when the system has no descriptor left.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a successor waits for the doors to be closed.
const CLOSING: Duration = Duration::from_secs(2);

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

impl AdminError {
    /// Somebody else is there.
    pub(in super::super) fn is_taken(&self) -> bool {
        let (Self::Tcp { error, .. } | Self::Unix { error, .. }) = self;
        error.kind() == io::ErrorKind::AddrInUse
    }
}

/// Doors that are there, though nobody is let in yet.
#[derive(Debug, Default)]
pub(crate) struct Listening {
    tcp: Option<(TcpListener, Guard)>,
    unix: Option<(UnixListener, SocketFile)>,
    leaving: Option<Leaving>,
}

/// Tells when the doors are to be closed; dropped when they are.
#[derive(Debug)]
struct Leaving {
    told: oneshot::Receiver<()>,
    _left: mpsc::Sender<()>,
}

impl Listening {
    /// Opens the doors that are not open yet; in a runtime's context.
    ///
    /// # Errors
    /// The system refuses one; the other is open all the same.
    pub(crate) fn open(&mut self, config: &AdminConfig) -> Result<(), AdminError> {
        let tcp = self.open_tcp(config);
        let unix = self.open_unix(config);
        match (tcp, unix) {
            // What waiting may mend is told last.
            (Err(tcp), Err(unix)) if tcp.is_taken() => Err(unix),
            (tcp, unix) => tcp.and(unix),
        }
    }

    fn open_tcp(&mut self, config: &AdminConfig) -> Result<(), AdminError> {
        let Some(address) = config.address.filter(|_| self.tcp.is_none()) else { return Ok(()) };
        let token = config.token.clone().map(Arc::new);
        if token.is_none() && !address.ip().to_canonical().is_loopback() {
            tracing::warn!(%address, "whoever reaches this address may administer the service");
        }
        match bind_tcp(address) {
            Ok(listener) => self.tcp = Some((listener, Guard { token, only_own_names: true })),
            Err(error) if config.is_optional && error.kind() == io::ErrorKind::AddrInUse => {
                tracing::warn!(%address, "in use: there is no admin listener (--admin)");
            }
            Err(error) => return Err(AdminError::Tcp { address, error }),
        }
        Ok(())
    }

    fn open_unix(&mut self, config: &AdminConfig) -> Result<(), AdminError> {
        let Some(path) = config.socket.as_ref().filter(|_| self.unix.is_none()) else {
            return Ok(());
        };
        let opened = bind_unix(path);
        self.unix = Some(opened.map_err(|error| AdminError::Unix { path: path.clone(), error })?);
        Ok(())
    }

    /// What closes the doors, and returns when they are closed.
    pub(in super::super) fn leave(&mut self) -> impl FnOnce() + Send + 'static {
        let (tell, told) = oneshot::channel();
        let (left, gone) = mpsc::channel();
        self.leaving = Some(Leaving { told, _left: left });
        move || {
            if tell.send(()).is_ok() {
                // Nothing is ever sent: the wait ends with `Leaving`.
                if let Err(mpsc::RecvTimeoutError::Timeout) = gone.recv_timeout(CLOSING) {
                    tracing::warn!("the doors for administrators are not closed yet");
                }
            }
        }
    }

    /// Where the TCP door is.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.tcp.as_ref().and_then(|(listener, _)| listener.local_addr().ok())
    }

    /// Lets guests in, until a successor does.
    pub(in super::super) async fn serve(self, app: Arc<App>) {
        let Self { tcp, unix, leaving } = self;
        let guests = welcome_all(tcp, unix, &app);
        match leaving {
            None => guests.await,
            Some(mut leaving) => tokio::select! {
                () = guests => {}
                Ok(()) = &mut leaving.told => tracing::info!("administrators are the successor's"),
            },
        }
    }
}

/// Lets guests in, for ever, at all doors there are.
async fn welcome_all(
    tcp: Option<(TcpListener, Guard)>,
    unix: Option<(UnixListener, SocketFile)>,
    app: &Arc<App>,
) {
    let tcp = async {
        let Some((listener, guard)) = tcp else { return };
        let router = router(Arc::clone(app), guard);
        let accept = || async { listener.accept().await.map(|(stream, _)| stream) };
        welcome(accept, &app.visits, &router).await;
    };
    let unix = async {
        let Some((listener, _file)) = &unix else { return };
        let router = router(Arc::clone(app), Guard::default());
        let accept = || async { listener.accept().await.map(|(stream, _)| stream) };
        welcome(accept, &app.visits, &router).await;
    };
    tokio::join!(tcp, unix);
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn bind_unix(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    let (listener, file) = SocketFile::listen(path, OWNER_ALONE)?;
    Ok((UnixListener::from_std(listener)?, file))
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
