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
use super::reactor::{Common, poller};
use super::spawn::{Ready, Spawn};
use crate::shard::{Config, Counters, Protocol};

/// The running threads, and the doors to them.
#[derive(Debug)]
pub(crate) struct Threads<N> {
    pub(crate) mailboxes: Arc<[Mailbox<N>]>,
    pub(crate) counters: Vec<Arc<Counters>>,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) handles: Vec<JoinHandle<io::Result<()>>>,
}

/// Binds all addresses, makes all threads ready, then lets them serve: if anything fails before that,
/// nothing has been served, and nothing is left.
pub(crate) fn start<P: Protocol>(
    protocol: P,
    config: &Config,
    net: &NetConfig,
    addresses: &[SocketAddr],
) -> Result<Threads<P::Note>, StartError> {
    let threads = count(net)?;
    let limit = connection_limit(net, threads, addresses.len())?;
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
    let spawn = Spawn { protocol: Arc::new(protocol), config, net, common: &common, threads };
    let mut ready = Vec::new();
    for (own, (poll, listeners)) in polls.into_iter().zip(listeners).enumerate() {
        match spawn.one(own, poll, listeners) {
            Ok(thread) => ready.push(thread),
            Err(error) => {
                ready.into_iter().for_each(Ready::cancel);
                return Err(error);
            }
        }
    }
    let counters = ready.iter().map(|thread| Arc::clone(&thread.counters)).collect();
    let handles = ready.into_iter().map(Ready::go).collect();
    Ok(Threads { mailboxes: common.mailboxes, counters, addresses: bound, handles })
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
    addresses: usize,
) -> Result<usize, StartError> {
    let possible = descriptors::raise_limit(threads, addresses);
    match net.max_connections {
        None if possible == 0 => Err(StartError::Descriptors { asked: 1, possible }),
        Some(asked) if asked > possible => Err(StartError::Descriptors { asked, possible }),
        Some(asked) => Ok(asked),
        None => Ok(possible),
    }
}
