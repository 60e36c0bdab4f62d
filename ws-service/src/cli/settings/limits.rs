//! How much a peer, or all of them, may take up.

use clap::{Args, ValueEnum};

use crate::units::{number, room};

/// How much a peer, or all of them, may take up.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Limits {
    /// Connections in all [default: what the descriptor limit allows].
    #[arg(long, value_name = "N", value_parser = number::<usize, 1, { u64::MAX }>)]
    pub(super) max_connections: Option<usize>,
    /// Connections from one address, or from 64 bits of an IPv6 address [default: any number].
    #[arg(long, value_name = "N", value_parser = number::<usize, 1, { u64::MAX }>)]
    pub(super) max_per_address: Option<usize>,
    /// Connections that have not completed their upgrade request.
    #[arg(long, value_name = "N", value_parser = number::<usize, 1, { u64::MAX }>, default_value = "16384")]
    pub(super) max_handshakes: usize,
    /// Longest upgrade request, in bytes, or with a unit: 16KiB.
    #[arg(long, value_name = "SIZE", value_parser = room, default_value = "16KiB")]
    max_handshake_size: usize,
    /// Header fields of an upgrade request.
    #[arg(long, value_name = "N", value_parser = number::<usize, 1, 124>, default_value = "64")]
    max_headers: usize,
    /// Longest message, in bytes, or with a unit: 64KiB, 16MiB.
    #[arg(long, value_name = "SIZE", value_parser = room, default_value = "16MiB")]
    max_message_size: usize,
    /// Frames of a message, and ends of compressed streams in it.
    #[arg(long, value_name = "N", value_parser = number::<u32, 1, { u32::MAX as u64 }>, default_value = "65536")]
    max_fragments: u32,
    /// Longest message of a protocol that takes messages in pieces [default: what the protocol allows].
    #[arg(long, value_name = "SIZE", value_parser = room)]
    max_streamed_size: Option<usize>,
    /// Messages a second that a peer may send, and a second's worth at once; above that it is read from
    /// more slowly. Pings and fragments count [default: no limit].
    #[arg(long, value_name = "N", value_parser = number::<u32, 1, { u32::MAX as u64 }>)]
    messages_per_second: Option<u32>,
    /// The same for bytes [default: no limit].
    #[arg(long, value_name = "SIZE", value_parser = room)]
    bytes_per_second: Option<usize>,
    /// Bytes queued to a peer above which senders are told to slow down.
    #[arg(long, value_name = "SIZE", value_parser = room, default_value = "1MiB")]
    high_water: usize,
    /// Bytes queued to a peer at which they are told to go on [default: half of `high_water`].
    #[arg(long, value_name = "SIZE", value_parser = room)]
    low_water: Option<usize>,
    /// Bytes queued to a peer at most; what then happens is said by `overflow` [default: 32MiB, or twice
    /// the longest message if that is more].
    #[arg(long, value_name = "SIZE", value_parser = room)]
    max_queue: Option<usize>,
    /// What happens to a message that a peer's queue has no room for.
    #[arg(long, value_name = "WHAT", value_enum, default_value = "close")]
    overflow: Overflow,
    /// Topics that one connection may subscribe to.
    #[arg(long, value_name = "N", value_parser = number::<usize, 1, { u64::MAX }>, default_value = "256")]
    max_topics: usize,
    /// Letters that may wait for a service thread before those who publish are told to slow down.
    #[arg(long, value_name = "N", value_parser = number::<usize, 1, { u64::MAX }>, default_value = "65536")]
    max_mail: usize,
    /// Bytes of those letters.
    #[arg(long, value_name = "SIZE", value_parser = room, default_value = "64MiB")]
    max_mail_size: usize,
}

/// [`ws_service::Overflow`], as operators name it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Overflow {
    /// The connection is closed.
    Close,
    /// The message is dropped, and counted.
    Drop,
}

impl Limits {
    pub(super) fn apply(&self, limits: &mut ws_service::Limits) {
        limits.handshake_bytes = self.max_handshake_size;
        limits.headers = self.max_headers;
        limits.message_size = self.max_message_size;
        limits.fragments = self.max_fragments;
        limits.streamed_size = self.max_streamed_size.map(|size| size as u64);
        limits.messages_per_second = self.messages_per_second;
        limits.bytes_per_second = self.bytes_per_second.map(|size| size as u64);
        limits.high_water = self.high_water;
        limits.low_water = self.low_water;
        // The longest message must fit the queue of whoever it is sent to.
        let twice = self.max_message_size.saturating_mul(2);
        limits.queued_bytes = self.max_queue.unwrap_or_else(|| limits.queued_bytes.max(twice));
        limits.overflow = match self.overflow {
            Overflow::Close => ws_service::Overflow::Close,
            Overflow::Drop => ws_service::Overflow::Drop,
        };
        limits.topics_per_connection = self.max_topics;
        limits.mail = self.max_mail;
        limits.mail_bytes = self.max_mail_size;
    }
}
