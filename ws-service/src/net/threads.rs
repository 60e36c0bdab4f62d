//! Starting the service threads, and waiting for their end.

use std::io;
use std::num::NonZero;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::NetConfig;
use super::admission::{Admission, Bounds};
use super::clock::Clock;
use super::descriptors;
use super::entrances::{Entrances, Wanted};
use super::error::StartError;
use super::listener::Endpoint;
use super::listening::Listening;
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
    pub(crate) listening: Arc<Listening>,
    /// Whether another service has given way to this one.
    pub(crate) has_taken_over: bool,
    /// Where successors come.
    pub(crate) door: Option<UnixListener>,
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
    wanted: Wanted,
) -> Result<Threads<P::Note>, StartError> {
    let threads = count(net)?;
    let limit = connection_limit(net, threads, wanted.listeners.len())?;
    if net.receive_buffer == 0 || net.budget.is_empty() {
        return Err(StartError::EmptyBudget);
    }
    if net.max_handshakes == 0 || net.max_per_address == Some(0) {
        return Err(StartError::NobodyMayCome);
    }
    let Entrances { endpoints, hands, listening, handover } = Entrances::open(wanted, threads)?;
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
    for (own, (poll, hand)) in polls.into_iter().zip(hands).enumerate() {
        match spawn.one(own, poll, hand) {
            Ok(thread) => ready.push(thread),
            Err(error) => {
                ready.into_iter().for_each(Ready::cancel);
                return Err(error);
            }
        }
    }
    let counters = ready.iter().map(|thread| Arc::clone(&thread.counters)).collect();
    let handles = ready.into_iter().map(Ready::go).collect();
    let has_taken_over = handover.has_predecessor();
    let door = handover.settle(&listening);
    let mailboxes = common.mailboxes;
    Ok(Threads { mailboxes, counters, endpoints, listening, has_taken_over, door, limit, handles })
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
