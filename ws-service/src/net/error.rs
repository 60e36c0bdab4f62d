//! Why a service does not start.

use std::io;

use super::listener::Endpoint;
use crate::shard::ConfigError;

/// Why a service could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings make no sense together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Not a number of threads.
    #[error("{0} service threads: there must be from 1 to 65535")]
    Threads(usize),
    /// More connections than the process may have descriptors.
    #[error(
        "{asked} connections are more than the descriptor limit allows: {possible} at most; \
         raise the hard limit (ulimit -Hn) or ask for fewer"
    )]
    Descriptors {
        /// What was asked for.
        asked: usize,
        /// What the descriptor limit leaves.
        possible: usize,
    },
    /// A budget or a buffer of zero.
    #[error("the receive buffer and every budget must be more than zero")]
    EmptyBudget,
    /// A limit of zero connections.
    #[error("the limits of handshakes and of connections per address must be more than zero")]
    NobodyMayCome,
    /// There is nothing to listen on.
    #[error("there is no address to listen on")]
    NoAddress,
    /// An endpoint can't be listened on.
    #[error("cannot listen on {endpoint}: {error}")]
    Bind {
        /// The endpoint.
        endpoint: Endpoint,
        /// What the system says.
        error: io::Error,
    },
    /// A socket that was given is of no use.
    #[error("a socket that was handed over is of no use: {0}")]
    Given(io::Error),
    /// A socket was given that no listener asks for: whoever connects there would wait for ever.
    #[error("a socket was handed over that listens on {0}, where the service is not to listen")]
    NotAsked(Endpoint),
    /// The system refuses a thread or a poller.
    #[error("cannot start a service thread: {0}")]
    Io(#[from] io::Error),
}
