//! Between a client and the driver: bytes under way, ends, resets.

use super::World;
use super::calendar::Event;
use crate::checkers::{Check, Deed};
use crate::client::{Stage, Temper};
use crate::trace::Step;

impl World {
    /// How long the next piece takes.
    pub(super) fn latency(&mut self) -> u64 {
        let network = &self.plan.network;
        let latency = self.dice.between(1, network.latency);
        if !self.is_calm && self.dice.per_mille(network.stall) {
            latency + self.dice.between(1, network.stalled)
        } else {
            latency
        }
    }

    /// The part of `count` bytes that a single call takes.
    pub(super) fn torn(&mut self, count: usize) -> usize {
        if self.dice.per_mille(self.plan.network.torn) { self.dice.size(0, count) } else { count }
    }

    /// The client writes what it has to say, as far as there is room.
    pub(super) fn pump(&mut self, id: u32) {
        let is_dripping = !self.is_calm && self.wires[id as usize].client.temper == Temper::Dripper;
        let wire = &self.wires[id as usize];
        if wire.is_vanished || wire.client.is_over() || wire.up.is_ended {
            return;
        }
        let room = wire.client.unsent().len().min(wire.up.room());
        let count = if is_dripping { room.min(2) } else { self.torn(room) };
        let latency = self.latency();
        let wire = &mut self.wires[id as usize];
        if count > 0 {
            wire.up.write(&wire.client.unsent()[..count]);
            wire.client.advance(count);
            let at = wire.up.arrival(self.now, latency);
            self.calendar.set(at, Event::Up(id, count));
        }
        if wire.client.is_to_reset() {
            return self.reset(id);
        }
        let is_more = !wire.client.unsent().is_empty() && wire.up.room() > 0;
        if is_more && !wire.set.pump {
            wire.set.pump = true;
            let pause = self.dice.between(1, if is_dripping { 1_000 } else { 200 });
            self.calendar.set(self.now + pause, Event::Pump(id));
        }
    }

    /// The client resets the connection.
    pub(super) fn reset(&mut self, id: u32) {
        let latency = self.latency();
        let wire = &mut self.wires[id as usize];
        wire.client.stage = Stage::Over;
        wire.up.is_ended = true;
        wire.down.discard();
        let cut = wire.client.cut;
        let at = wire.up.arrival(self.now, latency);
        self.calendar.set(at, Event::UpReset(id));
        self.note(Step::ClientReset, id, [0; 2]);
        self.observer().cuts.extend(cut);
        self.observer().reasons.did(id, Deed::Dies);
    }

    /// The client ends its side, and listens no more.
    pub(super) fn end(&mut self, id: u32) {
        let latency = self.latency();
        let wire = &mut self.wires[id as usize];
        if wire.client.is_over() {
            return;
        }
        wire.client.stage = Stage::Over;
        wire.up.is_ended = true;
        let at = wire.up.arrival(self.now, latency);
        self.calendar.set(at, Event::UpEnd(id));
        self.note(Step::ClientEnd, id, [0; 2]);
        self.observer().reasons.did(id, Deed::Dies);
    }

    /// The client is gone, and nobody is told.
    pub(super) fn vanish(&mut self, id: u32) {
        self.wires[id as usize].is_vanished = true;
        self.note(Step::ClientVanished, id, [0; 2]);
    }

    /// Bytes arrive at the server.
    pub(super) fn up(&mut self, id: u32, count: usize) {
        let wire = &mut self.wires[id as usize];
        wire.up.arrive(count);
        if wire.key.is_none() && wire.given > 0 {
            wire.up.discard();
        }
        self.ready(id);
    }

    /// Bytes arrive at the client.
    pub(super) fn down(&mut self, id: u32, count: usize) {
        let is_calm = self.is_calm;
        let wire = &mut self.wires[id as usize];
        wire.down.arrive(count);
        if wire.is_vanished {
            return;
        }
        if wire.client.is_over() {
            wire.down.discard();
            return self.promise_room(id);
        }
        match wire.client.temper {
            Temper::Deaf => {}
            Temper::Slow if !is_calm => self.read_later(id),
            _ => self.read(id, usize::MAX),
        }
    }

    fn read_later(&mut self, id: u32) {
        let wire = &mut self.wires[id as usize];
        if !wire.set.read {
            wire.set.read = true;
            let pause = self.dice.between(100, 10_000);
            self.calendar.set(self.now + pause, Event::Read(id));
        }
    }

    /// A slow reader reads a little.
    pub(super) fn read_some(&mut self, id: u32) {
        let wire = &self.wires[id as usize];
        if wire.is_vanished || wire.client.is_over() {
            return;
        }
        let count = if self.is_calm { usize::MAX } else { self.dice.size(1, 400) };
        self.read(id, count);
        if self.wires[id as usize].down.readable() > 0 {
            self.read_later(id);
        }
    }

    fn read(&mut self, id: u32, count: usize) {
        let wire = &mut self.wires[id as usize];
        self.scratch.clear();
        let count = count.min(wire.client.hears_at_most());
        if wire.down.read(count, &mut self.scratch) > 0 {
            wire.client.hear(&self.scratch);
            self.listen(id);
            self.promise_room(id);
        }
        if self.wires[id as usize].client.has_heard_enough() {
            return self.reset(id);
        }
        if self.wires[id as usize].down.is_at_end() {
            self.server_ended(id);
        }
    }

    fn promise_room(&mut self, id: u32) {
        let wire = &mut self.wires[id as usize];
        if wire.room.is_awaited && !wire.room.is_coming {
            wire.room.is_coming = true;
            let latency = self.latency();
            self.calendar.set(self.now + latency, Event::Room(id));
        }
    }

    /// The driver is told that it can write again.
    pub(super) fn room(&mut self, id: u32) {
        let wire = &mut self.wires[id as usize];
        wire.room.is_coming = false;
        if std::mem::take(&mut wire.room.is_awaited) {
            wire.room.is_here = true;
            self.ready(id);
        }
    }

    pub(super) fn down_end(&mut self, id: u32) {
        let wire = &mut self.wires[id as usize];
        wire.down.is_end_known = true;
        let is_deaf = wire.is_vanished || wire.client.temper == Temper::Deaf;
        if wire.down.is_at_end() && !is_deaf {
            self.server_ended(id);
        }
    }

    fn server_ended(&mut self, id: u32) {
        let wire = &self.wires[id as usize];
        if wire.client.is_over() {
            return;
        }
        if wire.transport.is_shut
            && let Some(missing) = wire.client.is_missing()
        {
            self.observer().check(Check::Output, Err(format!("{id}: {missing}")));
        }
        if wire.is_written {
            let checked = self.observer().output.heard_all(id);
            self.observer().check(Check::Output, checked);
        }
        let wire = &self.wires[id as usize];
        // It clings to its side; the server will have to let go.
        if wire.client.temper != Temper::Clinger {
            self.end(id);
        }
    }

    pub(super) fn down_reset(&mut self, id: u32) {
        let wire = &mut self.wires[id as usize];
        wire.down.discard();
        wire.client.stage = Stage::Over;
    }
}
