//! What a service manager is told: `sd_notify(3)`. Nothing where there is none.

use std::io;
use std::process;
use std::time::Duration;

use sd_notify::NotifyState;
use ws_service::{Handle, PostError, Protocol};

/// The service serves, and this is its process: it may have taken over from another.
pub(super) fn ready() {
    tell(&[NotifyState::MainPid(process::id()), NotifyState::Ready]);
}

/// It loads its configuration again, until that is [done](reloaded).
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => complain(&error),
    }
}

pub(super) fn reloaded() {
    tell(&[NotifyState::Ready]);
}

pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Tells the watchdog, if there is one, that all service threads take their turns: as long as they do.
pub(super) async fn watch<P: Protocol>(service: Handle<P>) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut pace = tokio::time::interval((limit / 4).max(Duration::from_millis(1)));
    loop {
        pace.tick().await;
        match service.probe().await {
            Ok(()) => tell(&[NotifyState::Watchdog]),
            // It may be that a thread is stuck, or much is to be done: the next one tells.
            Err(PostError::Congested) => {}
            // A thread has ended, and so does the service.
            Err(_) => return,
        }
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        complain(&error);
    }
}

fn complain(error: &io::Error) {
    tracing::warn!(%error, "the service manager can't be told");
}
