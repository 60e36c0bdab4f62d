//! What a shard allows its peers: deadlines and limits, each with its default.

use std::time::Duration;

use super::id::ShardId;

/// How long a peer may take for what; `None` means for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the accepted transport to the end of the upgrade request. Default: 10 s.
    pub handshake: Option<Duration>,
    /// From the last proof that the peer receives to our ping. Default: 30 s.
    pub ping_after: Option<Duration>,
    /// From the last proof that the peer receives to hanging up; after `ping_after`. Default: 60 s.
    pub hangup_after: Option<Duration>,
    /// From the first byte of a message to its last. Default: 60 s.
    pub message: Option<Duration>,
    /// From the last progress on queued bytes to giving up. Default: 30 s.
    pub write: Option<Duration>,
    /// From our Close frame to the end of the transport. Default: 5 s.
    ///
    /// Not optional: a peer that never answers would be kept for ever.
    pub close: Duration,
    /// In a shutdown, from the first Close to the last: peers are told at equal distances, so that they
    /// don't come back in one instant. Never more than a millisecond lies between two, so a few are told
    /// fast. Whoever is not upgraded yet has until then, and a second at least. Zero: all are told at
    /// once. Default: 4 s.
    pub drain: Duration,
}

impl Timeouts {
    fn named(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        [
            ("the handshake timeout", self.handshake),
            ("the time to the ping", self.ping_after),
            ("the time to the hang-up", self.hangup_after),
            ("the message timeout", self.message),
            ("the write timeout", self.write),
            ("the close timeout", Some(self.close)),
        ]
        .into_iter()
        .filter_map(|(name, timeout)| Some((name, timeout?)))
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Some(Duration::from_secs(10)),
            ping_after: Some(Duration::from_secs(30)),
            hangup_after: Some(Duration::from_mins(1)),
            message: Some(Duration::from_mins(1)),
            write: Some(Duration::from_secs(30)),
            close: Duration::from_secs(5),
            drain: Duration::from_secs(4),
        }
    }
}

/// How much a peer, or all of them, may take up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections of one shard. Default: no limit but memory; the service sets its own.
    pub connections: usize,
    /// Bytes of an upgrade request, and of what is pipelined behind it. Default: 16 KiB.
    pub handshake_bytes: usize,
    /// Header fields of an upgrade request. Default: 64 (the parser's own limit is 124).
    pub headers: usize,
    /// Bytes of a message, all its fragments together. Default: 16 MiB.
    pub message_size: usize,
    /// Frames of a message; if it is compressed, also the ends of streams in it (RFC 7692 §7.2.3.4): who
    /// flushes by ending one does so once a frame at the most. Default: 65,536.
    pub fragments: u32,
    /// Bytes of a message that is delivered [in pieces](super::Accept::in_pieces); `None`, the default,
    /// leaves it to the protocol, which sees them come.
    pub streamed_size: Option<u64>,
    /// Frames a second that a peer may send, and a second's worth at once; above that it is read from
    /// more slowly. Every frame counts, or pings and empty fragments would be free. Default: no limit.
    pub messages_per_second: Option<u32>,
    /// The same for received bytes, headers among them. Default: no limit.
    pub bytes_per_second: Option<u64>,
    /// Bytes queued to a peer above which `send` reports pressure. Default: 1 MiB.
    pub high_water: usize,
    /// Bytes queued to a peer at which the pressure is over; no more than `high_water`. Default: half of it.
    pub low_water: Option<usize>,
    /// Bytes queued to a peer above which `overflow` rules. Default: 32 MiB.
    pub queued_bytes: usize,
    /// What happens above `queued_bytes`. Default: the connection is closed.
    pub overflow: Overflow,
    /// Topics one connection may subscribe to. Default: 256.
    pub topics_per_connection: usize,
    /// Publications that wait for their turn, or for room in another shard's mailbox, before
    /// `publish` answers `Congested`. Default: 65,536.
    pub mail: usize,
    /// Bytes of those publications. Default: 64 MiB.
    pub mail_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: usize::MAX,
            handshake_bytes: 16 * 1024,
            headers: 64,
            message_size: 16 * 1024 * 1024,
            fragments: 65_536,
            streamed_size: None,
            messages_per_second: None,
            bytes_per_second: None,
            high_water: 1024 * 1024,
            low_water: None,
            queued_bytes: 32 * 1024 * 1024,
            overflow: Overflow::Close,
            topics_per_connection: 256,
            mail: 65_536,
            mail_bytes: 64 * 1024 * 1024,
        }
    }
}

impl Limits {
    /// So many publications, with so many bytes, are as many as may wait.
    pub(super) const fn is_reached(&self, (count, bytes): (usize, usize)) -> bool {
        count >= self.mail || bytes >= self.mail_bytes
    }

    /// Bytes queued to a peer at which the pressure is over.
    pub(super) fn low_water(&self) -> usize {
        self.low_water.unwrap_or(self.high_water / 2)
    }

    /// Peers may not send as fast as they can.
    pub(super) const fn has_rate(&self) -> bool {
        self.messages_per_second.is_some() || self.bytes_per_second.is_some()
    }
}

/// What happens to a message that would queue more than [`Limits::queued_bytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The connection is closed with 1013.
    Close,
    /// The message is dropped and counted; `send` says so.
    Drop,
}

/// Compression of messages by permessage-deflate (RFC 7692), where a client offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compression {
    /// Whether, and with whose memory. Default: shared.
    pub mode: CompressionMode,
    /// Bytes from which a message is worth compressing. Default: 1,024.
    pub threshold: usize,
    /// From 1, the fastest, to 9, the smallest. Default: 1.
    pub level: u8,
    /// The largest window, as a power of two, from 9 to 15. Default: 15.
    pub window_bits: u8,
}

impl Default for Compression {
    fn default() -> Self {
        Self { mode: CompressionMode::Shared, threshold: 1_024, level: 1, window_bits: 15 }
    }
}

/// With whose memory messages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressionMode {
    /// Offers are declined.
    Off,
    /// One compressor and one inflater for all connections of a thread: each message stands for
    /// itself, and a connection keeps no memory for it.
    Shared,
    /// A connection keeps its own once it needs them, so that messages can refer to earlier ones:
    /// smaller on the wire, and up to 418 KiB for a connection that is sent and sends compressed
    /// messages (RFC 7692 §7.1.1): 45 KiB once it has sent one, and the rest, less with smaller
    /// [windows](Compression::window_bits), once it has been sent one.
    Dedicated,
}

/// Pages of which origins (RFC 6454) may connect. A client that names none is no browser, and may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origins {
    /// Those whose host and port are the request's own `Host`.
    #[default]
    SameHost,
    /// Any.
    Any,
    /// These, as a browser writes them: `https://example.com`, `null`.
    List(Vec<Box<str>>),
}

/// How much of each kind of work one turn does; the rest waits for the next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// Timers that fire. Default: 128.
    pub expiries: usize,
    /// Sessions that end. Default: 64.
    pub closes: usize,
    /// Subscribers that publications are queued to: so few that their queues are still in the cache
    /// when they are written. Each gets up to 16 publications at once. Default: 64.
    pub deliveries: usize,
    /// Frames of one connection that are taken from what was received. Default: 1,024.
    pub frames: usize,
    /// Bytes that messages of all connections are inflated from and to; the message that goes beyond is
    /// the last. Default: 1 MiB.
    pub inflated_bytes: usize,
    /// Bytes from which on a message is not copied, where it may be
    /// [written at once](super::Shard::exchange); a sixteenth of it if it answers the last of what came,
    /// uncompressed and in one frame, so that no other goes with it. 0: all. Default: 64 KiB.
    pub copied_bytes: usize,
    /// Questions from other threads that are answered, each after a look at 256 connections at most.
    /// Default: 1.
    pub answers: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            expiries: 128,
            closes: 64,
            deliveries: 64,
            frames: 1_024,
            inflated_bytes: 1024 * 1024,
            copied_bytes: 64 * 1024,
            answers: 1,
        }
    }
}

/// All of a shard's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How long a peer may take.
    pub timeouts: Timeouts,
    /// How much a peer may take up.
    pub limits: Limits,
    /// How much a turn does.
    pub budget: Budget,
    /// What is compressed.
    pub compression: Compression,
    /// Whose pages may connect. Default: those of the same host.
    pub origins: Origins,
    /// Whether the path of each connection is kept, for those who list connections: 24 bytes and the
    /// path. Default: no.
    pub keep_paths: bool,
}

/// A setting that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A peer would be hung up on before, or at the moment, it is pinged.
    #[error("hang-up after {hangup:?} must be later than ping after {ping:?}")]
    HangUpNotAfterPing {
        /// The configured `ping_after`.
        ping: Duration,
        /// The configured `hangup_after`.
        hangup: Duration,
    },
    /// Nothing would ever prove a peer alive before it is hung up on.
    #[error("hang-up after {hangup:?} needs a ping before it")]
    HangUpWithoutPing {
        /// The configured `hangup_after`.
        hangup: Duration,
    },
    /// Pressure would be over before it begins.
    #[error("the low-water mark of {low} bytes must not be above the high-water mark of {high}")]
    LowAboveHighWater {
        /// The configured `low_water`.
        low: usize,
        /// The configured `high_water`.
        high: usize,
    },
    /// A limit, a budget or a time of zero: nothing could ever happen.
    #[error("{0} must be more than zero")]
    Zero(&'static str),
    /// A compression level or window that there is not.
    #[error("{name} must be from {min} to {max}")]
    OutOfRange {
        /// What it is.
        name: &'static str,
        /// The least it may be.
        min: u8,
        /// The most it may be.
        max: u8,
    },
    /// A shard's number is beyond the number of shards.
    #[error("there is no shard {id:?} among {shards}")]
    NoSuchShard {
        /// Its number.
        id: ShardId,
        /// How many there are.
        shards: usize,
    },
}

impl Config {
    /// Checks that the settings make sense together.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let Timeouts { ping_after, hangup_after, .. } = self.timeouts;
        match (ping_after, hangup_after) {
            (Some(ping), Some(hangup)) if hangup <= ping => {
                return Err(ConfigError::HangUpNotAfterPing { ping, hangup });
            }
            (None, Some(hangup)) => return Err(ConfigError::HangUpWithoutPing { hangup }),
            _ => {}
        }
        let (low, high) = (self.limits.low_water(), self.limits.high_water);
        if low > high {
            return Err(ConfigError::LowAboveHighWater { low, high });
        }
        let counts = [
            ("the connection limit", self.limits.connections),
            ("the handshake size limit", self.limits.handshake_bytes),
            ("the header limit", self.limits.headers),
            ("the message size limit", self.limits.message_size),
            ("the fragment limit", self.limits.fragments as usize),
            ("the rate of messages", self.limits.messages_per_second.map_or(1, |it| it as usize)),
            ("the rate of bytes", self.limits.bytes_per_second.map_or(1, |it| it.min(1) as usize)),
            ("the queue limit", self.limits.queued_bytes),
            ("the mail limit", self.limits.mail.min(self.limits.mail_bytes)),
            ("the expiry budget", self.budget.expiries),
            ("the close budget", self.budget.closes),
            ("the delivery budget", self.budget.deliveries),
            ("the frame budget", self.budget.frames),
            ("the inflation budget", self.budget.inflated_bytes),
            ("the answer budget", self.budget.answers),
        ];
        let none = counts.into_iter().find(|&(_, count)| count == 0).map(|(name, _)| name);
        let instant = self.timeouts.named().find(|(_, timeout)| timeout.is_zero());
        match none.or(instant.map(|(name, _)| name)) {
            Some(name) => Err(ConfigError::Zero(name)),
            None => self.compression.validate(),
        }
    }
}

impl Compression {
    const fn validate(&self) -> Result<(), ConfigError> {
        match (self.level, self.window_bits) {
            (1..=9, 9..=15) => Ok(()),
            (1..=9, _) => {
                Err(ConfigError::OutOfRange { name: "the compression window", min: 9, max: 15 })
            }
            _ => Err(ConfigError::OutOfRange { name: "the compression level", min: 1, max: 9 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeouts(ping: Option<u64>, hangup: Option<u64>) -> Config {
        let mut config = Config::default();
        config.timeouts.ping_after = ping.map(Duration::from_secs);
        config.timeouts.hangup_after = hangup.map(Duration::from_secs);
        config
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    /// lws accepted it and hung up on every peer (#3386).
    #[test]
    fn a_hang_up_not_after_the_ping_is_an_error() {
        assert!(timeouts(Some(5), Some(5)).validate().is_err());
        assert!(timeouts(Some(5), Some(4)).validate().is_err());
        assert!(timeouts(None, Some(4)).validate().is_err());
        assert!(timeouts(Some(5), Some(6)).validate().is_ok());
        assert!(timeouts(Some(5), None).validate().is_ok());
        assert!(timeouts(None, None).validate().is_ok());
    }

    #[test]
    fn a_low_water_mark_above_the_high_one_is_an_error() {
        let mut config = Config::default();
        config.limits.high_water = 9;
        assert_eq!((config.validate(), config.limits.low_water()), (Ok(()), 4), "it follows");
        config.limits.low_water = Some(9);
        assert_eq!((config.validate(), config.limits.low_water()), (Ok(()), 9));
        config.limits.low_water = Some(10);
        assert!(config.validate().is_err());
    }

    #[test]
    fn a_time_of_zero_is_an_error() {
        assert_eq!(
            timeouts(Some(0), Some(6)).validate(),
            Err(ConfigError::Zero("the time to the ping"))
        );
        let mut config = Config::default();
        config.timeouts.close = Duration::ZERO;
        assert_eq!(config.validate(), Err(ConfigError::Zero("the close timeout")));
    }

    #[test]
    fn a_compression_there_is_not_is_an_error() {
        let mut config = Config::default();
        config.compression.window_bits = 8;
        assert!(config.validate().is_err(), "zlib can't compress with it");
        config.compression.window_bits = 9;
        assert_eq!(config.validate(), Ok(()));
        config.compression.level = 10;
        assert!(config.validate().is_err());
    }

    #[test]
    fn a_limit_of_zero_is_an_error() {
        let mut config = Config::default();
        config.limits.message_size = 0;
        assert_eq!(config.validate(), Err(ConfigError::Zero("the message size limit")));
    }
}
