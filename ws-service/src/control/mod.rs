//! The slow path, on the main thread, never on a message's way: signals, the service manager, admin HTTP,
//! metrics, the status page.
//!
//! **Architecture invariant:** control reaches the service threads by [`Handle`] alone.

mod admin;
mod app;
mod doors;
mod history;
mod metrics;
mod notify;
mod process;
mod report;
mod token;
mod visits;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use ws_service::{Handle, Protocol, Service, ServiceError};

pub(crate) use admin::AdminConfig;
pub(crate) use app::Facts;
pub(crate) use token::{Token, TokenError};

use admin::{AdminError, Listening};
use app::App;

/// How long a predecessor may take to close its doors, and how often to look.
const LEAVING: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_millis(20);

/// The signals of the process, caught from the moment this exists, and the admin listener, which lets
/// nobody in before there is a service.
#[derive(Debug)]
pub(crate) struct Control {
    runtime: Runtime,
    signals: Signals,
    admin: Listening,
}

/// Why there is no control.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    #[error("the signals can't be caught: {0}")]
    Signals(#[from] io::Error),
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl ControlError {
    /// Somebody else is where administrators are to be heard.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(self, Self::Admin(error) if error.is_taken())
    }
}

#[derive(Debug)]
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
    report: Signal,
}

/// What a signal asks for.
enum Wish {
    End,
    Reload,
    Report,
}

impl Control {
    /// Catches the signals.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn new() -> Result<Self, ControlError> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let guard = runtime.enter();
        let signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
            report: signal(SignalKind::user_defined1())?,
        };
        drop(guard);
        Ok(Self { runtime, signals, admin: Listening::default() })
    }

    /// Opens the admin listener's doors that are not open yet.
    ///
    /// # Errors
    /// The system refuses one of them.
    pub(crate) fn open(&mut self, config: &AdminConfig) -> Result<(), ControlError> {
        let _guard = self.runtime.enter();
        self.admin.open(config)?;
        Ok(())
    }

    /// The same, where a predecessor has just left, or is about to.
    ///
    /// # Errors
    /// The system refuses, or the predecessor is still there.
    pub(crate) fn open_after(&mut self, config: &AdminConfig) -> Result<(), ControlError> {
        let deadline = Instant::now() + LEAVING;
        loop {
            match self.open(config) {
                Err(error) if error.is_taken() && Instant::now() < deadline => sleep(RETRY),
                opened => return opened,
            }
        }
    }

    /// What closes those doors, and returns when they are closed.
    pub(crate) fn leave(&mut self) -> impl FnOnce() + Send + 'static {
        self.admin.leave()
    }

    /// Where administrators may ask.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.admin.address()
    }

    /// Serves signals and administrators until the service has ended; `reload` loads its configuration
    /// again.
    ///
    /// # Errors
    /// The service did not end well.
    pub(crate) fn run<P: Protocol>(
        self,
        service: Service<P>,
        facts: Facts,
        reload: impl FnMut(&Handle<P>),
    ) -> Result<(), ServiceError> {
        let Self { runtime, signals, admin } = self;
        let app = Arc::new(App::new(Arc::new(service.handle()), facts));
        runtime.block_on(async {
            notify::ready();
            tokio::spawn(notify::watch(service.handle()));
            tokio::spawn(admin::tick(Arc::clone(&app)));
            tokio::spawn(admin.serve(Arc::clone(&app)));
            signals.serve(service, &app, reload).await
        })
    }
}

impl Signals {
    async fn serve<P: Protocol>(
        mut self,
        service: Service<P>,
        app: &App,
        mut reload: impl FnMut(&Handle<P>),
    ) -> Result<(), ServiceError> {
        let handle = service.handle();
        let mut ended = tokio::task::spawn_blocking(move || service.wait());
        let mut is_draining = false;
        loop {
            tokio::select! {
                result = &mut ended => return result.unwrap_or(Err(ServiceError::Panicked)),
                wish = self.next() => match wish {
                    Wish::Reload => {
                        notify::reloading();
                        reload(&handle);
                        notify::reloaded();
                    }
                    Wish::Report => report::print(&handle.stats()),
                    Wish::End => {
                        end(&handle, app, is_draining);
                        is_draining = true;
                    }
                },
            }
        }
    }

    async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::End,
            _ = self.interrupt.recv() => Wish::End,
            _ = self.reload.recv() => Wish::Reload,
            _ = self.report.recv() => Wish::Report,
        }
    }
}

/// The first time in good order, the second time at once.
fn end<P: Protocol>(handle: &Handle<P>, app: &App, again: bool) {
    let connections = handle.stats().connections;
    if again {
        tracing::warn!(connections, "ending at once");
        handle.stop();
    } else {
        tracing::info!(connections, "draining");
        notify::stopping();
        app.drain();
    }
}
