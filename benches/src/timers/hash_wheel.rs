//! `hierarchical_hash_wheel_timer`, cancellable: milliseconds, and no earliest deadline to ask for.

use std::time::Duration;

use hierarchical_hash_wheel_timer::IdOnlyTimerEntry;
use hierarchical_hash_wheel_timer::wheels::Skip;
use hierarchical_hash_wheel_timer::wheels::cancellable::QuadWheelWithOverflow;

use super::{Timers, token};

/// The wheel, and which timers are in it.
pub struct HashWheel {
    wheel: QuadWheelWithOverflow<IdOnlyTimerEntry<u32>>,
    armed: Vec<bool>,
    now: u64,
}

impl Timers for HashWheel {
    const NAME: &'static str = "hierarchical_hash_wheel_timer";
    const HAS_EARLIEST: bool = false;

    fn with_timers(count: usize) -> Self {
        Self { wheel: QuadWheelWithOverflow::new(), armed: vec![false; count], now: 0 }
    }

    #[inline]
    fn schedule(&mut self, id: usize, deadline: u64) {
        if self.armed[id] {
            self.cancel(id);
        }
        let millis = deadline.div_ceil(1_000).saturating_sub(self.now).max(1);
        let delay = Duration::from_millis(millis);
        self.wheel.insert(IdOnlyTimerEntry { id: token(id), delay }).expect("not expired");
        self.armed[id] = true;
    }

    #[inline]
    fn cancel(&mut self, id: usize) {
        self.wheel.cancel(&token(id)).expect("it is armed");
        self.armed[id] = false;
    }

    #[inline]
    fn earliest(&mut self) -> Option<u64> {
        None
    }

    fn expire(&mut self, now: u64, mut due: impl FnMut(usize)) {
        let end = now / 1_000;
        while self.now < end {
            match self.wheel.can_skip() {
                Skip::Empty => self.now = end,
                Skip::Millis(millis) => {
                    let millis = u64::from(millis).min(end - self.now);
                    self.wheel.skip(u32::try_from(millis).expect("it was a u32"));
                    self.now += millis;
                }
                Skip::None => {
                    self.now += 1;
                    for entry in self.wheel.tick() {
                        self.armed[entry.id as usize] = false;
                        due(entry.id as usize);
                    }
                }
            }
        }
    }
}
