//! How much of each kind of work a service thread does before it turns to the next.

use clap::Args;
use ws_service::{Budget, NetConfig};

use crate::units::{number, room};

/// At least one: what no turn does is never done.
const fn budget() -> fn(&str) -> Result<usize, String> {
    number::<usize, 1, { u64::MAX }>
}

/// How much of each kind of work a service thread does before it turns to the next.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Turns {
    /// Connections that a turn takes in.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "64", hide_short_help = true)]
    turn_accepts: usize,
    /// Connections that a turn reads from, once each.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "64", hide_short_help = true)]
    turn_receives: usize,
    /// Bytes after which a turn reads no more, from the living and from the dying each.
    #[arg(long, value_name = "SIZE", value_parser = room, default_value = "1MiB", hide_short_help = true)]
    turn_receive_size: usize,
    /// Connections that a turn reads from although their peer has hung up.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "32", hide_short_help = true)]
    turn_hangups: usize,
    /// Frames that a turn takes of one connection.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "1024", hide_short_help = true)]
    turn_frames: usize,
    /// Bytes after which a turn inflates no more messages.
    #[arg(long, value_name = "SIZE", value_parser = room, default_value = "1MiB", hide_short_help = true)]
    turn_inflated_size: usize,
    /// Letters of other threads that a turn delivers.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "1024", hide_short_help = true)]
    turn_letters: usize,
    /// Subscribers that a turn queues publications to, up to 16 to each.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "64", hide_short_help = true)]
    turn_deliveries: usize,
    /// Timers that fire in a turn.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "128", hide_short_help = true)]
    turn_expiries: usize,
    /// Sessions whose end a turn tells.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "64", hide_short_help = true)]
    turn_closes: usize,
    /// Connections whose TLS handshake a turn goes on with.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "8", hide_short_help = true)]
    turn_tls_handshakes: usize,
    /// Questions of control that a turn answers, each after a look at 256 connections at most.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "1", hide_short_help = true)]
    turn_answers: usize,
    /// Connections that a turn writes to, once each.
    #[arg(long, value_name = "N", value_parser = budget(), default_value = "256", hide_short_help = true)]
    turn_writes: usize,
    /// Receive buffer of a service thread: large enough for a large message.
    #[arg(long, value_name = "SIZE", value_parser = room, default_value = "512KiB", hide_short_help = true)]
    receive_buffer: usize,
}

impl Turns {
    pub(super) const fn apply(&self, budget: &mut Budget) {
        budget.frames = self.turn_frames;
        budget.inflated_bytes = self.turn_inflated_size;
        budget.deliveries = self.turn_deliveries;
        budget.expiries = self.turn_expiries;
        budget.closes = self.turn_closes;
        budget.answers = self.turn_answers;
    }

    pub(super) const fn apply_net(&self, net: &mut NetConfig) {
        net.receive_buffer = self.receive_buffer;
        net.budget.accepts = self.turn_accepts;
        net.budget.receives = self.turn_receives;
        net.budget.receive_bytes = self.turn_receive_size;
        net.budget.hangups = self.turn_hangups;
        net.budget.letters = self.turn_letters;
        net.budget.tls_handshakes = self.turn_tls_handshakes;
        net.budget.writes = self.turn_writes;
    }
}
