//! Structured logs to standard error: text for people, JSON for machines.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use super::settings::{Format, Log};

/// Changes what is logged.
pub(super) struct Switch(reload::Handle<LevelFilter, Registry>);

impl Switch {
    pub(super) fn set(&self, level: LevelFilter) {
        if let Err(error) = self.0.reload(level) {
            tracing::error!(%error, "the log level stays as it is");
        }
    }
}

/// Sends what the process logs to standard error.
pub(super) fn start(settings: &Log) -> Switch {
    let is_terminal = stderr().is_terminal();
    let is_text = match settings.format() {
        Format::Auto => is_terminal,
        Format::Text => true,
        Format::Json => false,
    };
    let (level, handle) = reload::Layer::new(settings.level());
    let lines = fmt::layer().with_writer(stderr).with_ansi(is_text && is_terminal);
    let lines = if is_text { lines.boxed() } else { lines.json().boxed() };
    tracing_subscriber::registry().with(level).with(lines).init();
    Switch(handle)
}
