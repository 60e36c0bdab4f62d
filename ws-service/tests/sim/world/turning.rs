//! A shard's turn, by the law of the shard's documentation, and the sleep after it.

use ws_service::shard::Transport;

use super::calendar::Event;
use super::mailbox::Mailbox;
use super::{World, timestamp};
use crate::checkers::{Check, Held};
use crate::planted::Bug;
use crate::trace::Step;

impl World {
    /// Sees to it that a shard has a turn before long.
    pub(super) fn wake(&mut self, place: usize) {
        let delay = self.dice.between(1, self.plan.driver.wake);
        self.turn_at(place, self.now + delay);
    }

    /// Sees to it that a shard has a turn no later than `at`, or when its thread thaws.
    pub(super) fn turn_at(&mut self, place: usize, at: u64) {
        let node = &mut self.nodes[place];
        let at = at.max(node.frozen_until);
        if node.turn_at.is_none_or(|set| at < set) {
            node.turn_at = Some(at);
            self.calendar.set(at, Event::Turn(place));
        }
    }

    pub(super) fn turn(&mut self, place: usize) {
        self.nodes[place].turn_at = None;
        self.take_in(place);
        self.serve(place);
        self.poke_stale(place);
        self.open_mail(place);
        self.nodes[place].shard.turn(timestamp(self.clock));
        while let Some(key) = self.nodes[place].shard.next_dirty() {
            self.write(place, key);
        }
        while let Some(order) = self.nodes[place].shard.next_transport() {
            self.obey(place, order);
        }
        self.post(place);
        self.arrange_answers();
        self.inspect(place);
        self.sleep(place);
    }

    /// A name that is no longer one must do nothing, whoever uses it.
    fn poke_stale(&mut self, place: usize) {
        let now = timestamp(self.clock);
        let Some(key) = self.nodes[place].stale else { return };
        let shard = &mut self.nodes[place].shard;
        match self.dice.between(0, 9) {
            0 => shard.receive(key, &mut [0x81, 0x80, 0, 0, 0, 0], now),
            1 => shard.disconnected(key, now),
            2 => shard.writable(key),
            3 => shard.wrote(key, 1, now),
            _ => {}
        }
    }

    fn obey(&mut self, place: usize, order: Transport) {
        match order {
            Transport::Read(key) => {
                if let Some(&id) = self.nodes[place].ids.get(key) {
                    self.ready(id);
                }
            }
            Transport::ShutWrite(key) => {
                if let Some(&id) = self.nodes[place].ids.get(key) {
                    self.note(Step::Shut, id, [0; 2]);
                    self.wires[id as usize].transport.is_shut = true;
                    self.shut(id);
                }
            }
            Transport::Close(key) => {
                let Some(id) = self.nodes[place].ids.remove(key) else { return };
                self.note(Step::Gone, id, [0; 2]);
                self.nodes[place].stale = Some(key);
                self.wires[id as usize].key = None;
                self.observer().deadlines.gone(id);
                if !self.observer().strikes(Bug::LeakedTransport) {
                    self.close_transport(id);
                }
            }
        }
    }

    fn shut(&mut self, id: u32) {
        let latency = self.latency();
        let wire = &mut self.wires[id as usize];
        if !wire.down.is_ended {
            wire.down.is_ended = true;
            let at = wire.down.arrival(self.now, latency);
            self.calendar.set(at, Event::DownEnd(id));
        }
    }

    /// The driver closes a transport; what it has not read then makes that a reset.
    pub(super) fn close_transport(&mut self, id: u32) {
        let wire = &mut self.wires[id as usize];
        wire.transport.is_open = false;
        if wire.up.readable() > 0 {
            wire.up.discard();
            wire.down.is_ended = true;
            let latency = self.latency();
            self.calendar.set(self.now + latency, Event::DownReset(id));
        } else {
            wire.up.discard();
            self.shut(id);
        }
    }

    /// Offers the shard's publications to the others.
    fn post(&mut self, place: usize) {
        let Self { nodes, mailboxes, shared, dice, plan, now, is_calm, .. } = self;
        let mut rings = Vec::new();
        let mut posted = 0;
        nodes[place].shard.post(|to, publications| {
            let mut observer = shared.lock();
            let checked = observer.topics.offered(place, to, publications.len());
            observer.check(Check::Topics, checked);
            let mailbox: &mut Mailbox = &mut mailboxes[to];
            let at = *now + plan.driver.mail_delay(dice, *is_calm);
            let count = publications.len().min(mailbox.room());
            for publication in &publications[..count] {
                if let Some(name) = observer.topics.posted(place, to) {
                    mailbox.put_publication(at, publication, name);
                }
            }
            if count > 0 {
                rings.push(to);
                posted += count as u64;
            }
            count
        });
        self.observer().counts[place].posted += posted;
        for to in rings {
            self.note(Step::Posted, 0, [place as u64, to as u64]);
            self.ring(to);
        }
    }

    /// Wakes a shard for its mail.
    pub(super) fn ring(&mut self, place: usize) {
        if let Some(at) = self.mailboxes[place].next_at() {
            self.turn_at(place, at.max(self.now + 1));
        }
    }

    /// Shows the shard to the checkers; if it has nothing left to do now, nothing may be due.
    fn inspect(&mut self, place: usize) {
        let Self { nodes, shared, clock, .. } = self;
        let node = &nodes[place];
        let counters = node.shard.counters();
        let held = Held {
            connections: node.shard.len(),
            timers: node.shard.timers(),
            staged: counters.staged.get(),
            fanouts: counters.fanouts.get(),
            queued_bytes: counters.queued_bytes.get(),
        };
        let mut guard = shared.lock();
        let observer = &mut *guard;
        let earliest = node.shard.earliest().map(sul::Timestamp::as_micros);
        observer.trace.note(Step::Turn, 0, [place as u64, earliest.unwrap_or(u64::MAX)]);
        let checked = observer.limits.turned(held);
        observer.check(Check::Limits, checked);
        if earliest.is_some_and(|at| at <= *clock) {
            return;
        }
        observer.topics.settled(place);
        for &id in node.ids.values() {
            observer.settled(id);
        }
    }

    /// Sets the next turn, if anything calls for one.
    fn sleep(&mut self, place: usize) {
        if !self.is_calm && self.dice.per_mille(self.plan.driver.freeze) {
            let frozen = self.dice.between(1, self.plan.driver.frozen);
            self.nodes[place].frozen_until = self.now + frozen;
        }
        let late = self.dice.between(0, self.plan.driver.granularity);
        let soon = self.now + self.dice.between(1, 50);
        let node = &self.nodes[place];
        let has_more = !node.ready.is_empty() || !node.backlog.is_empty();
        let has_mail = node.shard.has_mail();
        let earliest = node.shard.earliest().map(sul::Timestamp::as_micros);
        if let Some(at) = earliest {
            // The poll's timeout is a span: it knows nothing of what the clock does meanwhile.
            let asleep = at.saturating_sub(self.clock);
            self.turn_at(place, if asleep == 0 { soon } else { self.now + asleep + late });
        }
        if has_more {
            self.turn_at(place, soon);
        }
        if has_mail {
            self.turn_at(place, soon + 200);
        }
        self.ring(place);
    }
}
