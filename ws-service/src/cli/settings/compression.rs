//! What is compressed, and with whose memory.

use clap::{Args, ValueEnum};
use ws_service::CompressionMode;

use crate::units::{number, size};

/// What is compressed, and with whose memory.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "a setting has one name everywhere")]
pub(in crate::cli) struct Compression {
    /// Compress messages where a client offers it.
    #[arg(long, value_name = "MODE", value_enum, default_value = "shared")]
    compression: Mode,
    /// Shortest message that is compressed, in bytes, or with a unit.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1KiB")]
    compression_threshold: usize,
    /// How hard to compress: from 1, the fastest, to 9, the smallest.
    #[arg(long, value_name = "LEVEL", value_parser = number::<u8, 1, 9>, default_value = "1")]
    compression_level: u8,
    /// How far back compressed messages may refer, as a power of two: from 9, for 512 bytes, to 15.
    #[arg(long, value_name = "BITS", value_parser = number::<u8, 9, 15>, default_value = "15")]
    compression_window: u8,
}

/// [`CompressionMode`], as operators name it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    /// Offers are declined.
    Off,
    /// One compressor for all connections of a thread.
    Shared,
    /// One for each connection: smaller messages, more memory.
    Dedicated,
}

impl Compression {
    pub(super) const fn apply(&self, compression: &mut ws_service::Compression) {
        compression.mode = match self.compression {
            Mode::Off => CompressionMode::Off,
            Mode::Shared => CompressionMode::Shared,
            Mode::Dedicated => CompressionMode::Dedicated,
        };
        compression.threshold = self.compression_threshold;
        compression.level = self.compression_level;
        compression.window_bits = self.compression_window;
    }
}
