//! Starting the service threads, and waiting for their end.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::NetConfig;
use super::admission::{Admission, Bounds};
use super::clock::Clock;
use super::descriptors;
use super::error::StartError;
use super::listener::{Endpoint, Listener, SocketFile};
use super::mailbox::Mailbox;
use super::reactor::{Common, poller};
use super::spawn::{Ready, Spawn};
use crate::shard::{Config, Counters, Protocol};

/// The running threads, and the doors to them.
#[derive(Debug)]
pub(crate) struct Threads<N> {
    pub(crate) mailboxes: Arc<[Mailbox<N>]>,
    pub(crate) counters: Vec<Arc<Counters>>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) files: Vec<SocketFile>,
    /// Connections of the whole service.
    pub(crate) limit: usize,
    pub(crate) handles: Vec<JoinHandle<io::Result<()>>>,
}

/// Binds all listeners, makes all threads ready, then lets them serve: if anything fails before that,
/// nothing has been served, and nothing is left.
pub(crate) fn start<P: Protocol>(
    protocol: P,
    config: &Config,
    net: &NetConfig,
    listeners: &[Listener],
) -> Result<Threads<P::Note>, StartError> {
    let threads = count(net)?;
    let limit = connection_limit(net, threads, listeners.len())?;
    if net.receive_buffer == 0 || net.budget.is_empty() {
        return Err(StartError::EmptyBudget);
    }
    if net.max_handshakes == 0 || net.max_per_address == Some(0) {
        return Err(StartError::NobodyMayCome);
    }
    let (mut endpoints, mut files) = (Vec::new(), Vec::new());
    let mut sockets: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
    for listener in listeners {
        let endpoint = || listener.endpoint().clone();
        let error = |error| StartError::Bind { endpoint: endpoint(), error };
        let bound = listener.bind(threads).map_err(error)?;
        endpoints.push(bound.endpoint);
        files.extend(bound.file);
        for (mine, socket) in sockets.iter_mut().zip(bound.sockets) {
            mine.push((socket, listener.terms().clone()));
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
        admission: Arc::new(Admission::new(Bounds {
            connections: limit,
            handshakes: net.max_handshakes,
            per_address: net.max_per_address,
        })),
        mailboxes: Arc::<[_]>::from(mailboxes),
    };
    let spawn = Spawn { protocol: Arc::new(protocol), config, net, common: &common, threads };
    let mut ready = Vec::new();
    for (own, (poll, sockets)) in polls.into_iter().zip(sockets).enumerate() {
        match spawn.one(own, poll, sockets) {
            Ok(thread) => ready.push(thread),
            Err(error) => {
                ready.into_iter().for_each(Ready::cancel);
                return Err(error);
            }
        }
    }
    let counters = ready.iter().map(|thread| Arc::clone(&thread.counters)).collect();
    let handles = ready.into_iter().map(Ready::go).collect();
    Ok(Threads { mailboxes: common.mailboxes, counters, endpoints, files, limit, handles })
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

fn connection_limit(
    net: &NetConfig,
    threads: usize,
    listeners: usize,
) -> Result<usize, StartError> {
    let possible = descriptors::raise_limit(threads, listeners);
    match net.max_connections {
        None if possible == 0 => Err(StartError::Descriptors { asked: 1, possible }),
        Some(asked) if asked > possible => Err(StartError::Descriptors { asked, possible }),
        Some(asked) => Ok(asked),
        None => Ok(possible),
    }
}
