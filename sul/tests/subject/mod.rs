//! The lists that the model is compared with, driven through their public door.

use std::collections::BTreeMap;
use std::time::Duration;

use sul::{Due, Timestamp, sync};

use super::model::drive::Subject;

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn plain(due: Due<u32>) -> (u32, u64) {
    (due.token, due.deadline.as_micros())
}

/// The flavours have the same methods and no common trait, so the text is shared.
macro_rules! subject {
    ($name:ident, $module:ident, $list:expr) => {
        pub(crate) struct $name {
            list: $module::TimerList<u32>,
            timers: BTreeMap<u32, $module::Timer<u32>>,
            passes: BTreeMap<usize, $module::Expired<u32>>,
            /// Out of reach, as if forgotten, until the run is over: fuzzers look for leaks.
            forgotten: Vec<$module::Timer<u32>>,
            leaked: Vec<$module::Expired<u32>>,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    list: $list,
                    timers: BTreeMap::new(),
                    passes: BTreeMap::new(),
                    forgotten: vec![],
                    leaked: vec![],
                }
            }
        }

        impl $name {
            fn timer(&mut self, id: u32) -> &mut $module::Timer<u32> {
                self.timers.get_mut(&id).expect("a timer that was made")
            }
        }

        impl Subject for $name {
            fn make(&mut self, id: u32, waking: bool) {
                let timer = if waking { self.list.waking_timer(id) } else { self.list.timer(id) };
                assert_eq!(timer.token(), id);
                self.timers.insert(id, timer);
            }

            fn drop_timer(&mut self, id: u32) {
                self.timers.remove(&id);
            }

            fn forget_timer(&mut self, id: u32) {
                self.forgotten.extend(self.timers.remove(&id));
            }

            fn schedule(&mut self, id: u32, deadline: u64) {
                self.timer(id).schedule(at(deadline));
            }

            fn schedule_batch(&mut self, ids: &[u32], deadline: u64) {
                let mut taken: Vec<_> =
                    ids.iter().filter_map(|id| self.timers.remove(id)).collect();
                let mut batch: Vec<_> =
                    taken.iter_mut().map(|timer| (timer, at(deadline))).collect();
                self.list.schedule_batch(&mut batch);
                self.timers.extend(ids.iter().copied().zip(taken));
            }

            fn cancel(&mut self, id: u32) -> bool {
                self.timer(id).cancel()
            }

            fn begin(&mut self, pass: usize, now: u64) {
                self.passes.insert(pass, self.list.expire(at(now)));
            }

            fn next(&mut self, pass: usize) -> Option<(u32, u64)> {
                self.passes.get_mut(&pass).expect("a pass that was begun").next().map(plain)
            }

            fn drop_pass(&mut self, pass: usize) {
                self.passes.remove(&pass);
            }

            fn leak_pass(&mut self, pass: usize) {
                self.leaked.extend(self.passes.remove(&pass));
            }

            fn forward(&mut self, micros: u64) {
                self.list.shift_forward(Duration::from_micros(micros));
            }

            fn back(&mut self, micros: u64) {
                self.list.shift_back(Duration::from_micros(micros));
            }

            fn deadline(&self, id: u32) -> Option<u64> {
                let timer = &self.timers[&id];
                assert_eq!(timer.is_armed(), timer.deadline().is_some());
                timer.deadline().map(Timestamp::as_micros)
            }

            fn earliest(&self) -> Option<u64> {
                self.list.earliest().map(Timestamp::as_micros)
            }

            fn earliest_waking(&self) -> Option<u64> {
                self.list.earliest_waking().map(Timestamp::as_micros)
            }

            fn len(&self) -> usize {
                assert_eq!(self.list.is_empty(), self.list.earliest().is_none());
                self.list.len()
            }

            fn armed(&self) -> Vec<(u32, u64)> {
                self.list.snapshot().into_iter().map(plain).collect()
            }
        }
    };
}

subject!(Local, sul, sul::TimerList::new());
subject!(Shared, sync, sync::TimerList::new(|| {}));
