//! How long a peer may take for what.

use std::time::Duration;

use clap::Args;

use crate::units::{Patience, duration, patience, time};

/// How long a peer may take for what.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Timeouts {
    /// Ping a peer this long after its last sign of life, or `off`.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "30s")]
    ping_after: Patience,
    /// Hang up on a peer this long after its last sign of life, or `off`; later than the ping.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "60s")]
    hangup_after: Patience,
    /// Time a client has to complete its upgrade request, or `off`.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "10s")]
    handshake_timeout: Patience,
    /// Time a message may take from its first byte to its last, or `off`.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "60s")]
    message_timeout: Patience,
    /// Time a peer that takes nothing of what is queued for it is kept, or `off`.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "30s")]
    write_timeout: Patience,
    /// Time a peer has to answer our Close.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "5s")]
    close_timeout: Duration,
    /// Time over which a shutdown tells its peers, so that they don't come back all at once, or `0s`; a few
    /// are told faster.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "4s")]
    drain_time: Duration,
    /// Time after that at which a shutdown ends what is left at once.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10s")]
    pub(super) stop_after: Duration,
}

impl Timeouts {
    pub(super) const fn apply(&self, timeouts: &mut ws_service::Timeouts) {
        timeouts.ping_after = self.ping_after.0;
        timeouts.hangup_after = self.hangup_after.0;
        timeouts.handshake = self.handshake_timeout.0;
        timeouts.message = self.message_timeout.0;
        timeouts.write = self.write_timeout.0;
        timeouts.close = self.close_timeout;
        timeouts.drain = self.drain_time;
    }
}
