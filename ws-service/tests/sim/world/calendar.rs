//! What is going to happen, and when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Something that happens at a moment; the number is a client's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Connect(u32),
    /// The client does the next thing.
    Act(u32),
    /// The client writes more.
    Pump(u32),
    /// The client reads more.
    Read(u32),
    /// Bytes from the client arrive.
    Up(u32, usize),
    /// The client has ended its side.
    UpEnd(u32),
    UpReset(u32),
    /// Bytes from the server arrive.
    Down(u32, usize),
    DownEnd(u32),
    DownReset(u32),
    /// The server can write again.
    Room(u32),
    /// A shard's turn.
    Turn(usize),
    /// A letter from outside.
    Outside,
    /// The answer to a deferred request.
    Answer(usize),
    /// Something befalls all at once.
    Blow(usize),
    /// Faults stop.
    Calm,
    /// Shutdown.
    Drain,
}

/// Events by time; at the same time, in the order in which they were set.
#[derive(Default)]
pub(super) struct Calendar {
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
}

impl Calendar {
    pub(super) fn set(&mut self, at: u64, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse((at, self.sequence, event)));
    }

    pub(super) fn next(&mut self) -> Option<(u64, Event)> {
        let Reverse((at, _, event)) = self.events.pop()?;
        Some((at, event))
    }
}
