//! The only place for sockets, threads, the poller and the clock: one thread per shard.
//!
//! A turn of a service thread, in order: wait and take all events; read once from each live
//! connection and some that shake hands; accept; deliver mail; bury some of the dead; deadlines, fan-out and ends
//! ([`Shard::turn`]); one write per connection that has not been written to; close; post mail. Every step is bounded, and what it
//! leaves makes the next wait return at once.
//!
//! **Architecture invariant:** a mailbox is the only door from one service thread to another. Its lock is
//! held to append or to swap, never while a handler runs; who needs several locks takes them in the
//! order of the threads.

mod accepting;
mod admission;
mod asking;
mod clock;
mod descriptors;
mod entrances;
mod error;
mod handover;
mod layer;
mod listener;
mod listening;
mod mailbox;
mod proxy;
mod reactor;
mod sockets;
mod spawn;
mod stream;
mod threads;
#[cfg_attr(not(feature = "tls"), path = "tls_absent.rs")]
mod tls;

use std::time::Duration;

pub use asking::Reply;
pub(crate) use entrances::Wanted;
pub use error::StartError;
pub(crate) use handover::wait as wait_for_successor;
pub use listener::SocketFile;
pub use listener::{Endpoint, EndpointError, Listener};
pub(crate) use listening::Listening;
pub(crate) use mailbox::Mailbox;
pub use mailbox::PostError;
pub use proxy::{ProxySource, ProxySourceError};
pub(crate) use threads::{Threads, start};
#[cfg(not(feature = "tls"))]
pub(crate) use tls::Tls;
#[cfg(feature = "tls")]
pub use tls::{CertificateFiles, ClientCertificates, Tls, TlsError, TlsFiles};

#[cfg(doc)]
use crate::shard::Shard;

/// How much of each kind of work a turn does at the sockets; the rest waits for the next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TurnBudget {
    /// Connections taken in. Default: 64.
    pub accepts: usize,
    /// Live connections read from, once each. Default: 64.
    pub receives: usize,
    /// Bytes after which no more are read, from the living and from the dying each. Default: 1 MiB.
    pub receive_bytes: usize,
    /// Connections in a TLS handshake that are read from: one signature each. Default: 8.
    pub tls_handshakes: usize,
    /// Connections read from whose peer has hung up. Default: 32.
    pub hangups: usize,
    /// Letters delivered. Default: 1,024.
    pub letters: usize,
    /// Connections written to, once each. Default: 256.
    pub writes: usize,
}

impl TurnBudget {
    /// A budget of zero: something would never be done.
    const fn is_empty(&self) -> bool {
        self.accepts == 0
            || self.receives == 0
            || self.receive_bytes == 0
            || self.tls_handshakes == 0
            || self.hangups == 0
            || self.letters == 0
            || self.writes == 0
    }
}

impl Default for TurnBudget {
    fn default() -> Self {
        Self {
            accepts: 64,
            receives: 64,
            receive_bytes: 1024 * 1024,
            tls_handshakes: 8,
            hangups: 32,
            letters: 1024,
            writes: 256,
        }
    }
}

/// The service threads' settings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetConfig {
    /// Service threads; `None`, the default, means one for each core the process may use.
    pub threads: Option<usize>,
    /// Connections of the whole service; `None`, the default, means as many as the process may have
    /// descriptors, less a reserve.
    pub max_connections: Option<usize>,
    /// Connections from one address, or from 64 bits of an address of IP version 6; of a trusted proxy's
    /// clients each counts by its own. `None`, the default, means any number: many may share one.
    pub max_per_address: Option<usize>,
    /// Connections that have not completed their upgrade request, of the whole service. Default: 16,384.
    pub max_handshakes: usize,
    /// In a shutdown, from the time when [all have been told](crate::Timeouts::drain) to ending what is
    /// left at once. Default: 10 s.
    pub stop_after: Duration,
    /// Bytes of each thread's receive buffer. Default: 512 KiB, which holds a large message whole.
    pub receive_buffer: usize,
    /// How much a turn does.
    pub budget: TurnBudget,
}

impl Default for NetConfig {
    fn default() -> Self {
        Self {
            threads: None,
            max_connections: None,
            max_per_address: None,
            max_handshakes: 16_384,
            stop_after: Duration::from_secs(10),
            receive_buffer: 512 * 1024,
            budget: TurnBudget::default(),
        }
    }
}
