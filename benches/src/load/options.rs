//! What all loads are told.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use super::Kind;

/// The server, the messages, and for how long.
#[derive(Debug, Args)]
pub struct Options {
    /// The server.
    #[arg(long)]
    pub address: SocketAddr,
    /// Messages that may be on their way: for each connection, or for all that listen to one.
    #[arg(long, default_value_t = 1)]
    pub in_flight: usize,
    /// Bytes of a message.
    #[arg(long, default_value_t = 20)]
    pub size: usize,
    /// What messages are made of.
    #[arg(long, value_enum, default_value = "binary")]
    pub kind: Kind,
    /// Seconds that are measured, after a fifth of that to warm up.
    #[arg(long, default_value_t = 1.0)]
    pub seconds: f64,
    /// The server's process, for its CPU time.
    #[arg(long)]
    pub server_pid: Option<u32>,
}

impl Options {
    /// How long is measured.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds.clamp(0.05, 600.0))
    }
}
