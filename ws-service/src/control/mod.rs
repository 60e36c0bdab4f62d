//! The slow path: signals, on the main thread, never on a message's way.
//!
//! **Architecture invariant:** control reaches the service threads by [`Handle`] alone.

mod report;

use std::io;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use ws_service::{Handle, Protocol, Service, ServiceError};

/// The signals of the process, caught from the moment this exists.
#[derive(Debug)]
pub(crate) struct Control {
    runtime: Runtime,
    signals: Signals,
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
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let guard = runtime.enter();
        let signals = Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            reload: signal(SignalKind::hangup())?,
            report: signal(SignalKind::user_defined1())?,
        };
        drop(guard);
        Ok(Self { runtime, signals })
    }

    /// Serves signals until the service has ended; `reload` loads its configuration again.
    ///
    /// # Errors
    /// The service did not end well.
    pub(crate) fn run<P: Protocol>(
        self,
        service: Service<P>,
        reload: impl FnMut(&Handle<P>),
    ) -> Result<(), ServiceError> {
        let Self { runtime, signals } = self;
        runtime.block_on(signals.serve(service, reload))
    }
}

impl Signals {
    async fn serve<P: Protocol>(
        mut self,
        service: Service<P>,
        mut reload: impl FnMut(&Handle<P>),
    ) -> Result<(), ServiceError> {
        let handle = service.handle();
        let mut ended = tokio::task::spawn_blocking(move || service.wait());
        let mut is_draining = false;
        loop {
            tokio::select! {
                result = &mut ended => return result.unwrap_or(Err(ServiceError::Panicked)),
                wish = self.next() => match wish {
                    Wish::Reload => reload(&handle),
                    Wish::Report => report::print(&handle.stats()),
                    Wish::End => {
                        end(&handle, is_draining);
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
fn end<P: Protocol>(handle: &Handle<P>, again: bool) {
    let connections = handle.stats().connections;
    if again {
        tracing::warn!(connections, "ending at once");
        handle.stop();
    } else {
        tracing::info!(connections, "draining");
        handle.drain();
    }
}
