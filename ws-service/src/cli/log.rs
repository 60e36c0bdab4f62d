//! Structured logs to standard error: text for people, JSON for machines.

use std::io::{IsTerminal, stderr};

use tracing::Level;
use tracing_subscriber::filter::LevelFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// Sends what the process logs, from `level` up, to standard error.
pub(super) fn start(level: Level, format: Format) {
    let is_text = match format {
        Format::Auto => stderr().is_terminal(),
        Format::Text => true,
        Format::Json => false,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::from_level(level))
        .with_writer(stderr)
        .with_ansi(is_text && stderr().is_terminal());
    if is_text { subscriber.init() } else { subscriber.json().init() }
}
