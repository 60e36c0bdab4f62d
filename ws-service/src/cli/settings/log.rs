//! What is logged, and how.

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;

use crate::units::number;

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "a setting has one name everywhere")]
pub(in crate::cli) struct Log {
    /// Log this and what is more severe.
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "info")]
    log_level: Level,
    /// How log lines look.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "auto")]
    log_format: Format,
    /// Lines of one kind that are logged in ten seconds; more are left out, and counted.
    #[arg(long, value_name = "N", value_parser = number::<u32, 1, { u32::MAX as u64 }>, default_value = "100")]
    log_burst: u32,
}

/// How severe a line is.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
}

impl Log {
    pub(in crate::cli) const fn level(&self) -> LevelFilter {
        match self.log_level {
            Level::Off => LevelFilter::OFF,
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
            Level::Debug => LevelFilter::DEBUG,
            Level::Trace => LevelFilter::TRACE,
        }
    }

    pub(in crate::cli) const fn burst(&self) -> u32 {
        self.log_burst
    }

    pub(in crate::cli) const fn format(&self) -> Format {
        self.log_format
    }
}
