//! What the system is told about listening sockets, and who has them next.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ws_service::Listener;

use crate::units::{Patience, number, patience};

/// What the system is told about listening sockets, and who has them next.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Sockets {
    /// Path of a Unix socket by which a service that is started later with the same path takes over the
    /// listening sockets, so that nobody is refused, and ends this one [default: none].
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) handover: Option<PathBuf>,
    /// Connections that the system completes ahead of the service; it may allow fewer (somaxconn).
    #[arg(long, value_name = "N", value_parser = number::<u32, 1, { i32::MAX as u64 }>, default_value = "4096", hide_short_help = true)]
    backlog: u32,
    /// Whether TCP sends small messages at once.
    #[arg(long, value_name = "WHETHER", value_enum, default_value = "on", hide_short_help = true)]
    tcp_nodelay: Switch,
    /// Have the system probe a TCP connection that has been silent so long, or `off`: pings find out more.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "off", hide_short_help = true)]
    tcp_keepalive: Patience,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

impl Sockets {
    /// A listener whose sockets are as they should be.
    pub(in crate::cli) fn apply(&self, listener: Listener) -> Listener {
        listener
            .backlog(self.backlog)
            .no_delay(self.tcp_nodelay == Switch::On)
            .keepalive(self.tcp_keepalive.0)
    }
}
