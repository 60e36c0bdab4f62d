//! What a timer list must do, as a sorted `Vec`, and a driver that runs a real list beside it.
//!
//! Included by the tests of both flavours and by the fuzz targets.

pub(crate) mod drive;
pub(crate) mod ops;

/// An armed timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Armed {
    deadline: u64,
    sequence: u64,
    id: u32,
    waking: bool,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    number: usize,
    now: u64,
    barrier: u64,
}

/// The list, obviously right and slow.
#[derive(Default, Debug)]
pub(crate) struct Model {
    armed: Vec<Armed>,
    sequence: u64,
    passes: usize,
    open: Option<Open>,
}

impl Model {
    pub(crate) fn schedule(&mut self, id: u32, waking: bool, deadline: u64) {
        self.cancel(id);
        let deadline = deadline.max(self.open.map_or(0, |pass| pass.now));
        let timer = Armed { deadline, sequence: self.sequence, id, waking };
        self.sequence += 1;
        self.armed.insert(self.armed.partition_point(|other| *other < timer), timer);
    }

    pub(crate) fn cancel(&mut self, id: u32) -> bool {
        let before = self.armed.len();
        self.armed.retain(|timer| timer.id != id);
        self.armed.len() != before
    }

    pub(crate) fn begin(&mut self, now: u64) -> usize {
        self.passes += 1;
        self.open = Some(Open { number: self.passes, now, barrier: self.sequence });
        self.passes
    }

    pub(crate) fn next(&mut self, number: usize) -> Option<(u32, u64)> {
        let pass = self.open.filter(|pass| pass.number == number)?;
        let is_due = |t: &Armed| t.deadline <= pass.now && t.sequence < pass.barrier;
        let Some(index) = self.armed.iter().position(is_due) else {
            self.open = None;
            return None;
        };
        let timer = self.armed.remove(index);
        Some((timer.id, timer.deadline))
    }

    pub(crate) fn end(&mut self, number: usize) {
        self.open = self.open.filter(|pass| pass.number != number);
    }

    pub(crate) fn shift(&mut self, change: impl Fn(u64) -> u64) {
        self.armed.iter_mut().for_each(|timer| timer.deadline = change(timer.deadline));
        self.armed.sort_unstable();
        if let Some(pass) = &mut self.open {
            pass.now = change(pass.now);
        }
    }

    pub(crate) fn earliest(&self) -> Option<u64> {
        self.armed.first().map(|timer| timer.deadline)
    }

    pub(crate) fn earliest_waking(&self) -> Option<u64> {
        self.armed.iter().find(|timer| timer.waking).map(|timer| timer.deadline)
    }

    pub(crate) fn armed(&self) -> Vec<(u32, u64)> {
        self.armed.iter().map(|timer| (timer.id, timer.deadline)).collect()
    }
}
