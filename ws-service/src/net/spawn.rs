//! One service thread: made ready first, and let go when all are.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::NetConfig;
use super::error::StartError;
use super::listener::Terms;
use super::reactor::{Common, Reactor};
use crate::shard::{Config, Counters, Protocol, Shard, ShardId};

/// What all threads are made from.
pub(super) struct Spawn<'a, P: Protocol> {
    pub(super) protocol: Arc<P>,
    pub(super) config: &'a Config,
    pub(super) net: &'a NetConfig,
    pub(super) common: &'a Common<P::Note>,
    pub(super) threads: usize,
}

/// A thread that waits to be let go.
pub(super) struct Ready {
    pub(super) counters: Arc<Counters>,
    handle: JoinHandle<io::Result<()>>,
    go: SyncSender<()>,
}

impl Ready {
    /// Lets it serve.
    pub(super) fn go(self) -> JoinHandle<io::Result<()>> {
        // It waits for this and nothing else; if it has died, joining it will tell.
        let _ = self.go.send(());
        self.handle
    }

    /// Ends it before it has served.
    pub(super) fn cancel(self) {
        let Self { handle, go, .. } = self;
        drop(go);
        // Whatever it says, the error that matters is another thread's.
        let _ = handle.join();
    }
}

impl<P: Protocol> Spawn<'_, P> {
    /// Makes one thread ready. Its shard is made there: its timers and sessions never leave it.
    pub(super) fn one(
        &self,
        own: usize,
        poll: mio::Poll,
        listeners: Vec<(OwnedFd, Terms)>,
    ) -> Result<Ready, StartError> {
        let id = ShardId(u16::try_from(own).map_err(|_| StartError::Threads(self.threads))?);
        let (protocol, config) = (Arc::clone(&self.protocol), self.config.clone());
        let (common, net, shards) = (self.common.clone(), self.net.clone(), self.threads);
        let (tell, told) = sync_channel(1);
        let (go, may_go) = sync_channel(1);
        let handle = thread::Builder::new().name(format!("ws-shard-{own}")).spawn(move || {
            let made = Shard::new(protocol, id, shards, config)
                .map_err(StartError::Config)
                .and_then(|shard| Ok(Reactor::new(poll, shard, own, listeners, &common, &net)?));
            // Whoever starts us waits for what we tell, or has gone.
            match made {
                Ok(reactor) => {
                    let _ = tell.send(Ok(reactor.counters()));
                    may_go.recv().map_or(Ok(()), |()| reactor.run())
                }
                Err(error) => {
                    let _ = tell.send(Err(error));
                    Ok(())
                }
            }
        })?;
        match told.recv() {
            Ok(Ok(counters)) => Ok(Ready { counters, handle, go }),
            Ok(Err(error)) => {
                // It has said why, and ends.
                let _ = handle.join();
                Err(error)
            }
            Err(_) => Err(StartError::Io(io::Error::other("a service thread died at its start"))),
        }
    }
}
