//! Where the storm is, for a person at a terminal; nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// One line at the bottom of the terminal.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Drawn to stderr, five times a second at most: the storm is measuring.
    pub(super) fn new() -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(5);
        let bar = ProgressBar::with_draw_target(None, target);
        Self { bar }
    }

    pub(super) fn round(&self, number: u32, rounds: u32) {
        self.bar.reset();
        self.bar.set_prefix(format!("round {number}/{rounds}"));
        self.phase("gathering survivors");
    }

    pub(super) fn opening(&self, connections: usize) {
        self.bar.set_style(style("{prefix} opening {bar:40} {pos}/{len}"));
        self.bar.set_length(connections as u64);
    }

    pub(super) fn opened(&self, open: usize) {
        self.bar.set_position(open as u64);
    }

    pub(super) fn phase(&self, name: &'static str) {
        self.bar.set_style(style("{prefix} {msg} {elapsed}"));
        self.bar.set_message(name);
    }

    pub(super) fn churned(&self, (handshakes, failures): (u64, u64)) {
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("churning: {handshakes} handshakes, {failures} failed"));
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
