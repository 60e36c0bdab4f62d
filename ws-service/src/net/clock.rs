//! The one place that reads the time.

use std::time::Instant;

use sul::Timestamp;

/// Microseconds since the service was started, on the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    epoch: Instant,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { epoch: Instant::now() }
    }

    /// Rounds down, so that nothing is ever early.
    pub(super) fn now(self) -> Timestamp {
        let micros = self.epoch.elapsed().as_micros();
        Timestamp::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}
