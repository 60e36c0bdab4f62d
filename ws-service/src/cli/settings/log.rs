//! What is logged, and how.

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Log {
    /// Log this and what is more severe.
    #[arg(long, value_name = "LEVEL", value_enum, default_value = "info")]
    log_level: Level,
    /// How log lines look.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "auto")]
    log_format: Format,
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

    pub(in crate::cli) const fn format(&self) -> Format {
        self.log_format
    }
}
