//! Structured logs to standard error: text for people, JSON for machines.

mod throttle;

use std::io::{IsTerminal, stderr};
use std::panic;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use super::settings::{Format, Log};
use throttle::Throttle;

/// Changes what is logged.
pub(super) struct Switch {
    level: reload::Handle<LevelFilter, Registry>,
    throttle: Throttle,
}

impl Switch {
    pub(super) fn set(&self, settings: &Log) {
        self.throttle.set(settings.burst());
        if let Err(error) = self.level.reload(settings.level()) {
            tracing::error!(%error, "the log level stays as it is");
        }
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.throttle.finish();
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
    let (filter, level) = reload::Layer::new(settings.level());
    let throttle = Throttle::new(settings.burst());
    let lines = fmt::layer().with_writer(stderr).with_ansi(is_text && is_terminal);
    let lines = if is_text { lines.boxed() } else { lines.json().boxed() };
    tracing_subscriber::registry().with(filter).with(throttle.clone()).with(lines).init();
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, what = panic.payload_as_str(), "panicked");
    }));
    Switch { level, throttle }
}
