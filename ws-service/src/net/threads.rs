//! Starting the service threads, and waiting for their end.

use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::NetConfig;
use super::admission::Admission;
use super::clock::Clock;
use super::descriptors;
use super::error::StartError;
use super::listener;
use super::mailbox::Mailbox;
use super::reactor::{Common, Reactor, poller};
use crate::shard::{Config, Counters, Protocol, Shard, ShardId};

/// The running threads, and the doors to them.
#[derive(Debug)]
pub(crate) struct Threads<N> {
    pub(crate) mailboxes: Arc<[Mailbox<N>]>,
    pub(crate) counters: Vec<Arc<Counters>>,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) handles: Vec<JoinHandle<io::Result<()>>>,
}

/// Binds all addresses, then starts the threads: if anything fails, nothing has been served.
pub(crate) fn start<P: Protocol>(
    protocol: P,
    config: &Config,
    net: &NetConfig,
    addresses: &[SocketAddr],
) -> Result<Threads<P::Note>, StartError> {
    let threads = count(net)?;
    let limit = connection_limit(net)?;
    if net.receive_buffer == 0 || net.budget.is_empty() {
        return Err(StartError::EmptyBudget);
    }
    let mut listeners: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
    let mut bound = Vec::new();
    for &address in addresses {
        let error = |error| StartError::Bind { address, error };
        let sockets = listener::bind(address, threads).map_err(error)?;
        bound.push(sockets[0].local_addr().map_err(error)?);
        for (mine, socket) in listeners.iter_mut().zip(sockets) {
            mine.push(socket);
        }
    }
    let (polls, mailboxes): (Vec<_>, Vec<_>) = (0..threads)
        .map(|_| {
            let (poll, waker) = poller()?;
            let mailbox = Mailbox::new(waker, config.limits.mail, config.limits.mail_bytes);
            Ok((poll, mailbox))
        })
        .collect::<io::Result<Vec<_>>>()?
        .into_iter()
        .unzip();
    let common = Common {
        clock: Clock::start(),
        admission: Arc::new(Admission::new(limit)),
        mailboxes: Arc::<[_]>::from(mailboxes),
    };
    let protocol = Arc::new(protocol);
    let mut running = Threads {
        mailboxes: Arc::clone(&common.mailboxes),
        counters: Vec::new(),
        addresses: bound,
        handles: Vec::new(),
    };
    for (own, (poll, listeners)) in polls.into_iter().zip(listeners).enumerate() {
        let spawn = Spawn { protocol: &protocol, config, net, common: &common, threads };
        match spawn.one(own, poll, listeners) {
            Ok((counters, handle)) => {
                running.counters.push(counters);
                running.handles.push(handle);
            }
            Err(error) => {
                // Those that run already must not go on without the others.
                running.mailboxes.iter().for_each(Mailbox::stop);
                return Err(error);
            }
        }
    }
    Ok(running)
}

fn count(net: &NetConfig) -> Result<usize, StartError> {
    let threads = match net.threads {
        Some(threads) => threads,
        None => thread::available_parallelism().map_or(1, NonZero::get),
    };
    if (1..=usize::from(u16::MAX)).contains(&threads) {
        Ok(threads)
    } else {
        Err(StartError::Threads(threads))
    }
}

fn connection_limit(net: &NetConfig) -> Result<usize, StartError> {
    let possible = descriptors::raise_limit();
    match net.max_connections {
        Some(asked) if asked > possible => Err(StartError::Descriptors { asked, possible }),
        Some(asked) => Ok(asked),
        None => Ok(possible),
    }
}

struct Spawn<'a, P: Protocol> {
    protocol: &'a Arc<P>,
    config: &'a Config,
    net: &'a NetConfig,
    common: &'a Common<P::Note>,
    threads: usize,
}

impl<P: Protocol> Spawn<'_, P> {
    /// Starts one thread. The shard is made there: its timers and sessions never leave it.
    fn one(
        &self,
        own: usize,
        poll: mio::Poll,
        listeners: Vec<std::net::TcpListener>,
    ) -> Result<(Arc<Counters>, JoinHandle<io::Result<()>>), StartError> {
        let id = ShardId(u16::try_from(own).map_err(|_| StartError::Threads(self.threads))?);
        let (protocol, config) = (Arc::clone(self.protocol), self.config.clone());
        let (common, net, shards) = (self.common.clone(), self.net.clone(), self.threads);
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let handle = thread::Builder::new().name(format!("ws-shard-{own}")).spawn(move || {
            let shard = match Shard::new(protocol, id, shards, config) {
                Ok(shard) => shard,
                Err(error) => {
                    // Whoever starts us waits for this line, or has gone.
                    let _ = tell.send(Err(StartError::Config(error)));
                    return Ok(());
                }
            };
            let counters = shard.counters();
            let reactor = Reactor::new(poll, shard, own, listeners, &common, &net)?;
            let _ = tell.send(Ok(counters));
            reactor.run()
        })?;
        match told.recv() {
            Ok(result) => result.map(|counters| (counters, handle)),
            Err(_) => Err(StartError::Io(io::Error::other("a service thread could not start"))),
        }
    }
}
