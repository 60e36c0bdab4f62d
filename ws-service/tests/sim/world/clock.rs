//! The clock that the shards' threads read: it may jump, and stand still, but never goes back.

use super::World;

/// What it shows beside the true time.
#[derive(Default)]
pub(super) struct Dial {
    ahead: u64,
    /// It shows this, until then.
    stall: Option<(u64, u64)>,
}

impl Dial {
    fn read(&self, now: u64) -> u64 {
        match self.stall {
            Some((shown, until)) if now < until => shown,
            _ => now + self.ahead,
        }
    }
}

impl World {
    /// All that happens at one moment is judged by one reading.
    pub(super) fn read_clock(&mut self) {
        self.clock = self.dial.read(self.now);
        self.observer().trace.at(self.clock);
    }

    pub(super) fn jump(&mut self, by: u64) {
        self.dial = Dial { ahead: self.dial.ahead + by, stall: None };
        self.read_clock();
    }

    pub(super) fn stall(&mut self, span: u64) {
        self.dial.stall = Some((self.clock, self.now + span));
    }
}
