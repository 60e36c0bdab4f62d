//! What happened, in order: always as a running hash, and readable when a seed is replayed.

use std::fmt;

/// One kind of thing that happens in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Step {
    Connect,
    Taken,
    Refused,
    Requested,
    Acted,
    Received,
    Disconnected,
    Writable,
    Wrote,
    Shut,
    Gone,
    Mail,
    Posted,
    Turn,
    Accepted,
    Opened,
    Message,
    Sent,
    Dropped,
    Subscribed,
    Unsubscribed,
    Published,
    Congested,
    TimerSet,
    TimerFired,
    Drained,
    Paused,
    Resumed,
    Closed,
    Heard,
    ClientReset,
    ClientEnd,
    ClientVanished,
    Blow,
    Calm,
    Drain,
}

/// The trace of a run.
pub(crate) struct Trace {
    hash: u64,
    now: u64,
    steps: u64,
    /// Bit `n` says that there was a step of kind `n`.
    kinds: u64,
    lines: Option<Vec<Line>>,
}

/// One step, with what identifies it.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    at: u64,
    step: Step,
    who: u32,
    details: [u64; 2],
}

impl Trace {
    /// Lines are kept only if they are going to be read.
    pub(crate) fn new(is_readable: bool) -> Self {
        Self {
            hash: 0x243f_6a88_85a3_08d3,
            now: 0,
            steps: 0,
            kinds: 0,
            lines: is_readable.then(Vec::new),
        }
    }

    pub(crate) const fn at(&mut self, now: u64) {
        self.now = now;
    }

    pub(crate) const fn now(&self) -> u64 {
        self.now
    }

    pub(crate) fn note(&mut self, step: Step, who: u32, details: [u64; 2]) {
        self.steps += 1;
        self.kinds |= 1 << step as u8;
        self.mix(self.now ^ ((step as u64) << 56));
        self.mix(u64::from(who) ^ details[0].rotate_left(32));
        self.mix(details[1]);
        if let Some(lines) = &mut self.lines {
            lines.push(Line { at: self.now, step, who, details });
        }
    }

    /// Folds bytes in, eight at a time.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        for &byte in rest {
            self.mix(u64::from(byte) + 0x100);
        }
    }

    const fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) const fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) const fn kinds(&self) -> u64 {
        self.kinds
    }

    /// The last `count` steps.
    pub(crate) fn tail(&self, count: usize) -> &[Line] {
        let lines = self.lines.as_deref().unwrap_or_default();
        &lines[lines.len().saturating_sub(count)..]
    }
}

impl Step {
    /// The last kind: every other has a smaller number.
    pub(crate) const LAST: Self = Self::Drain;
}

impl Line {
    pub(crate) const fn is_about(&self, who: u32) -> bool {
        self.who == who
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.details;
        write!(
            f,
            "{:>10} us  {:<13} {:>4}  {a} {b:#x}",
            self.at,
            format!("{:?}", self.step),
            self.who
        )
    }
}
