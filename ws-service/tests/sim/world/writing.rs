//! What a shard has for a connection, on its way to the client: at the end of a turn, or at once.

use std::io::IoSlice;

use ws_service::shard::{ConnectionKey, Shard};

use super::calendar::Event;
use super::{World, timestamp};
use crate::checkers::Check;
use crate::planted::Bug;
use crate::protocol::Sim;
use crate::trace::Step;

/// The most pieces that one write takes.
const PIECES: usize = 8;

/// A write: what was offered, and what of it was taken.
struct Write {
    offered: usize,
    taken: Vec<u8>,
    /// There was no more to offer.
    is_all: bool,
}

impl World {
    /// One write for everything that a connection got.
    pub(super) fn write(&mut self, place: usize, key: ConnectionKey) {
        let Some(&id) = self.nodes[place].ids.get(key) else { return };
        let pieces = self.dice.size(1, PIECES);
        let room = self.wires[id as usize].down.room();
        let room = self.torn(room);
        let (mut taken, is_all) = gather(&mut self.nodes[place].shard, key, pieces);
        let offered = taken.len();
        taken.truncate(room);
        let count = taken.len();
        self.wrote(place, id, Write { offered, taken, is_all });
        self.nodes[place].shard.wrote(key, count, timestamp(self.clock));
    }

    /// Hands the scratch to the shard, which may write to that connection meanwhile.
    pub(super) fn exchange(&mut self, place: usize, id: u32, key: ConnectionKey) {
        let Self { nodes, wires, scratch, dice, plan, .. } = self;
        let now = timestamp(self.clock);
        let mut room = wires[id as usize].down.room();
        let mut writes = Vec::new();
        nodes[place].shard.exchange(key, scratch, now, &mut |slices| {
            if dice.per_mille(plan.driver.reluctance) {
                return None;
            }
            let mut taken: Vec<u8> =
                slices.iter().flat_map(|slice| slice.iter().copied()).collect();
            let offered = taken.len();
            let is_torn = dice.per_mille(plan.network.torn);
            taken.truncate(if is_torn { dice.size(0, room) } else { room });
            let count = taken.len();
            room -= count;
            writes.push(Write { offered, taken, is_all: true });
            Some(count)
        });
        for write in writes {
            self.wrote(place, id, write);
        }
    }

    /// Tells the checkers what was written, and puts it on its way.
    fn wrote(&mut self, place: usize, id: u32, write: Write) {
        let Write { offered, mut taken, is_all } = write;
        let count = taken.len();
        let wire = &mut self.wires[id as usize];
        wire.is_written = is_all && count == offered;
        let is_unasked = wire.room.is_awaited || wire.room.is_here;
        {
            let mut observer = self.shared.lock();
            if is_unasked {
                let text = format!("{id} is written to, though it has not said it has room");
                observer.check(Check::Output, Err(text));
            }
            let checked = observer.limits.queued(id, offered);
            observer.check(Check::Limits, checked);
            observer.trace.note(Step::Wrote, id, [offered as u64, count as u64]);
            observer.trace.bytes(&taken);
            observer.deadlines.wrote(id, offered, count, self.clock);
            observer.counts[place].written += count as u64;
            // The first byte of a frame, more often than not.
            if taken.first().is_some_and(|it| it & 0xf0 == 0x80) && observer.strikes(Bug::BadFrame)
            {
                taken[0] |= 0x40;
            }
            if taken.first() == Some(&0x88) && observer.strikes(Bug::SwallowedClose) {
                taken.clear();
            }
        }
        self.send_down(id, &taken, count < offered);
    }

    /// Puts what the transport took on its way.
    fn send_down(&mut self, id: u32, bytes: &[u8], is_blocked: bool) {
        let latency = self.latency();
        let wire = &mut self.wires[id as usize];
        wire.down.write(bytes);
        if !bytes.is_empty() {
            let at = wire.down.arrival(self.now, latency);
            self.calendar.set(at, Event::Down(id, bytes.len()));
        }
        wire.room.is_awaited = is_blocked;
        if is_blocked && wire.down.room() > 0 && !wire.room.is_coming {
            // The write was torn for no reason that the peer could see.
            wire.room.is_coming = true;
            let pause = self.dice.between(1, 300);
            self.calendar.set(self.now + pause, Event::Room(id));
        }
    }
}

/// Copies what is to be written; says whether that is all there is.
fn gather(shard: &mut Shard<Sim>, key: ConnectionKey, pieces: usize) -> (Vec<u8>, bool) {
    let mut slices = [IoSlice::new(&[]); PIECES];
    let count = shard.output(key, &mut slices[..pieces]);
    (slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect(), count < pieces)
}
