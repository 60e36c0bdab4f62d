//! Structured logs to standard error: text for people, JSON for machines.

use std::io::{IsTerminal, stderr};

use super::settings::{Format, Log};

/// Sends what the process logs to standard error.
pub(super) fn start(settings: &Log) {
    let is_text = match settings.format() {
        Format::Auto => stderr().is_terminal(),
        Format::Text => true,
        Format::Json => false,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(settings.level())
        .with_writer(stderr)
        .with_ansi(is_text && stderr().is_terminal());
    if is_text { subscriber.init() } else { subscriber.json().init() }
}
