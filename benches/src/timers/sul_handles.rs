//! `sul` as its users see it: a list and a handle in each owner.

use sul::Timestamp;

use super::{Timers, token};

macro_rules! handles {
    ($(#[$doc:meta])* $name:ident, $label:literal, $list:expr) => {
        $(#[$doc])*
        pub struct $name {
            list: TimerList<u32>,
            timers: Vec<Timer<u32>>,
        }

        impl Timers for $name {
            const NAME: &'static str = $label;

            fn with_timers(count: usize) -> Self {
                let list = $list;
                let timers = (0..count).map(|id| list.timer(token(id))).collect();
                Self { list, timers }
            }

            #[inline]
            fn schedule(&mut self, id: usize, deadline: u64) {
                self.timers[id].schedule(Timestamp::from_micros(deadline));
            }

            #[inline]
            fn cancel(&mut self, id: usize) {
                self.timers[id].cancel();
            }

            #[inline]
            fn replace(&mut self, id: usize, deadline: u64) {
                self.timers[id] = self.list.timer(token(id));
                self.schedule(id, deadline);
            }

            #[inline]
            fn earliest(&mut self) -> Option<u64> {
                self.list.earliest().map(Timestamp::as_micros)
            }

            fn expire(&mut self, now: u64, mut due: impl FnMut(usize)) {
                for timer in self.list.expire(Timestamp::from_micros(now)) {
                    due(timer.token as usize);
                }
            }
        }
    };
}

mod local {
    use super::{Timers, Timestamp, token};
    use sul::{Timer, TimerList};

    handles!(
        /// The flavour for one thread.
        SulLocal, "sul", TimerList::new()
    );
}

mod shared {
    use super::{Timers, Timestamp, token};
    use sul::sync::{Timer, TimerList};

    handles!(
        /// The flavour for many threads, used by one.
        SulSync, "sul::sync", TimerList::new(|| {})
    );
}

pub use local::SulLocal;
pub use shared::SulSync;
