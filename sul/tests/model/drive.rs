//! Runs a list and the model side by side and compares everything after every step.

use std::collections::BTreeMap;

use super::Model;
use super::ops::Op;

/// A list under test. Timers and passes are named by numbers that are never used twice.
pub(crate) trait Subject {
    fn make(&mut self, id: u32, waking: bool);
    fn drop_timer(&mut self, id: u32);
    fn forget_timer(&mut self, id: u32);
    fn schedule(&mut self, id: u32, deadline: u64);
    fn schedule_batch(&mut self, ids: &[u32], deadline: u64);
    fn cancel(&mut self, id: u32) -> bool;
    fn begin(&mut self, pass: usize, now: u64);
    fn next(&mut self, pass: usize) -> Option<(u32, u64)>;
    fn drop_pass(&mut self, pass: usize);
    fn leak_pass(&mut self, pass: usize);
    fn forward(&mut self, micros: u64);
    fn back(&mut self, micros: u64);
    fn deadline(&self, id: u32) -> Option<u64>;
    fn earliest(&self) -> Option<u64>;
    fn earliest_waking(&self) -> Option<u64>;
    fn len(&self) -> usize;
    fn armed(&self) -> Vec<(u32, u64)>;
}

/// Runs `ops` on both.
///
/// # Panics
///
/// Where they differ.
pub(crate) fn run<S: Subject>(subject: S, ops: impl IntoIterator<Item = Op>) {
    let mut pair =
        Pair { model: Model::default(), subject, timers: vec![], passes: vec![], made: 0 };
    for op in ops {
        pair.step(op);
        pair.compare();
    }
}

struct Pair<S> {
    model: Model,
    subject: S,
    /// Handles in existence, with their class.
    timers: Vec<(u32, bool)>,
    passes: Vec<usize>,
    made: u32,
}

impl<S: Subject> Pair<S> {
    fn step(&mut self, op: Op) {
        match op {
            Op::Make { waking } => _ = self.make(waking),
            Op::Crowd(count, deadline) => {
                for index in 0..u64::from(count) {
                    let id = self.make(index % 2 == 1);
                    self.schedule(id, index % 2 == 1, deadline.saturating_add(index * 37 % 32));
                }
            }
            Op::Drop(_) | Op::Forget(_) | Op::Schedule(..) | Op::Batch(..) | Op::Cancel(_) => {
                if !self.timers.is_empty() {
                    self.step_timer(op);
                }
            }
            Op::Begin(now) => {
                let pass = self.model.begin(now);
                self.subject.begin(pass, now);
                self.passes.push(pass);
            }
            Op::Next(_) | Op::Drain(_) | Op::DropPass(_) | Op::LeakPass(_) => {
                if !self.passes.is_empty() {
                    self.step_pass(op);
                }
            }
            Op::Forward(micros) => {
                self.model.shift(|time| time.saturating_add(micros));
                self.subject.forward(micros);
            }
            Op::Back(micros) => {
                self.model.shift(|time| time.saturating_sub(micros));
                self.subject.back(micros);
            }
        }
    }

    fn make(&mut self, waking: bool) -> u32 {
        let id = self.made;
        self.subject.make(id, waking);
        self.timers.push((id, waking));
        self.made += 1;
        id
    }

    fn schedule(&mut self, id: u32, waking: bool, deadline: u64) {
        self.model.schedule(id, waking, deadline);
        self.subject.schedule(id, deadline);
    }

    fn step_timer(&mut self, op: Op) {
        let count = self.timers.len();
        let pick = |index: u8| usize::from(index) % count;
        match op {
            Op::Drop(index) => {
                let (id, _) = self.timers.swap_remove(pick(index));
                self.model.cancel(id);
                self.subject.drop_timer(id);
            }
            Op::Forget(index) => {
                let (id, _) = self.timers.swap_remove(pick(index));
                self.subject.forget_timer(id);
            }
            Op::Schedule(index, deadline) => {
                let (id, waking) = self.timers[pick(index)];
                self.schedule(id, waking, deadline);
            }
            Op::Batch(first, len, deadline) => {
                let batch = self.timers.iter().skip(pick(first)).take(usize::from(len));
                batch.clone().for_each(|&(id, waking)| self.model.schedule(id, waking, deadline));
                let ids: Vec<u32> = batch.map(|&(id, _)| id).collect();
                self.subject.schedule_batch(&ids, deadline);
            }
            Op::Cancel(index) => {
                let (id, _) = self.timers[pick(index)];
                assert_eq!(self.subject.cancel(id), self.model.cancel(id), "cancel {id}");
            }
            _ => {}
        }
    }

    fn step_pass(&mut self, op: Op) {
        let count = self.passes.len();
        let pick = |index: u8| usize::from(index) % count;
        match op {
            Op::Next(index) => {
                self.next(self.passes[pick(index)]);
            }
            Op::Drain(index) => while self.next(self.passes[pick(index)]) {},
            Op::DropPass(index) => {
                let pass = self.passes.swap_remove(pick(index));
                self.model.end(pass);
                self.subject.drop_pass(pass);
            }
            Op::LeakPass(index) => {
                let pass = self.passes.swap_remove(pick(index));
                self.subject.leak_pass(pass);
            }
            _ => {}
        }
    }

    fn next(&mut self, pass: usize) -> bool {
        let expected = self.model.next(pass);
        assert_eq!(self.subject.next(pass), expected, "next of pass {pass}");
        expected.is_some()
    }

    fn compare(&self) {
        let armed = self.model.armed();
        assert_eq!(self.subject.armed(), armed);
        assert_eq!(self.subject.len(), armed.len());
        assert_eq!(self.subject.earliest(), self.model.earliest());
        assert_eq!(self.subject.earliest_waking(), self.model.earliest_waking());
        let deadlines: BTreeMap<u32, u64> = armed.into_iter().collect();
        for (id, _) in &self.timers {
            let expected = deadlines.get(id).copied();
            assert_eq!(self.subject.deadline(*id), expected, "deadline of {id}");
        }
    }
}
