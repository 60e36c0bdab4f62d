//! The driver's part before a shard's turn: transports, what has come from them, mail.

use ws_service::shard::{Counters, Mail};

use super::mailbox::{About, Letter};
use super::{World, address, timestamp};
use crate::checkers::Deed;
use crate::client::What;
use crate::observer::Hit;
use crate::planted::Bug;
use crate::protocol::Note;
use crate::trace::Step;

impl World {
    /// A connection has something for its driver.
    pub(super) fn ready(&mut self, id: u32) {
        let wire = &mut self.wires[id as usize];
        if wire.key.is_some() && !wire.set.serve {
            wire.set.serve = true;
            let place = wire.node;
            self.nodes[place].ready.push_back(id);
            self.wake(place);
        }
    }

    /// Takes in new transports.
    pub(super) fn take_in(&mut self, place: usize) {
        for _ in 0..self.dice.size(1, self.plan.driver.events) {
            let node = &mut self.nodes[place];
            let Some(id) = node.backlog.pop_front() else { break };
            let opened = node.shard.open(address(id), timestamp(self.clock));
            let mut observer = self.shared.lock();
            let Ok(key) = opened else {
                observer.trace.note(Step::Refused, id, [place as u64, 0]);
                observer.counts[place].refused += 1;
                if !node.shard.is_draining() {
                    observer.hit(Hit::Connections);
                }
                drop(observer);
                self.close_transport(id);
                continue;
            };
            node.ids.insert(key, id);
            self.wires[id as usize].key = Some(key);
            observer.trace.note(Step::Taken, id, [place as u64, 0]);
            observer.counts[place].opened += 1;
            observer.deadlines.taken(id, self.clock);
            drop(observer);
            self.ready(id);
        }
    }

    /// Serves some of those that are ready.
    pub(super) fn serve(&mut self, place: usize) {
        let count = self.dice.size(1, self.plan.driver.events);
        for _ in 0..count.min(self.nodes[place].ready.len()) {
            if let Some(id) = self.nodes[place].ready.pop_front() {
                self.wires[id as usize].set.serve = false;
                self.serve_one(place, id);
            }
        }
    }

    fn serve_one(&mut self, place: usize, id: u32) {
        let wire = &mut self.wires[id as usize];
        let Some(key) = wire.key else { return };
        if std::mem::take(&mut wire.room.is_here) {
            self.nodes[place].shard.writable(key);
            self.note(Step::Writable, id, [0; 2]);
            self.observer().deadlines.writable(id, self.clock);
        }
        let wire = &mut self.wires[id as usize];
        if self.nodes[place].shard.is_paused(key) && !wire.up.is_reset {
            return;
        }
        if wire.up.is_reset || wire.up.readable() == 0 {
            if wire.up.is_at_end() && !wire.transport.is_death_told {
                self.tell_death(place, id);
            }
            return;
        }
        self.receive(place, id);
        let wire = &self.wires[id as usize];
        if wire.up.readable() > 0 || wire.up.is_at_end() {
            self.ready(id);
        }
    }

    fn tell_death(&mut self, place: usize, id: u32) {
        let wire = &mut self.wires[id as usize];
        let Some(key) = wire.key else { return };
        wire.transport.is_death_told = true;
        let is_forgotten = {
            let mut observer = self.shared.lock();
            observer.trace.note(Step::Disconnected, id, [0; 2]);
            observer.reasons.must_end(id);
            observer.strikes(Bug::SilentReset)
        };
        if is_forgotten {
            return;
        }
        let now = timestamp(self.clock);
        if self.wires[id as usize].up.is_reset {
            self.nodes[place].shard.disconnected(key, now);
        } else {
            self.nodes[place].shard.ended(key, now);
        }
        if self.dice.per_mille(100) {
            // Two owners report the same death.
            self.nodes[place].shard.disconnected(key, now);
        }
    }

    /// Hands what has come, or a part of it, to the shard.
    fn receive(&mut self, place: usize, id: u32) {
        let most = self.plan.driver.receive;
        let count = if self.dice.per_mille(200) { self.dice.size(1, most) } else { most };
        let wire = &mut self.wires[id as usize];
        let Some(key) = wire.key else { return };
        self.scratch.clear();
        let count = wire.up.read(count, &mut self.scratch);
        self.note(Step::Received, id, [count as u64, 0]);
        self.observer().trace.bytes(&self.scratch);
        self.exchange(place, id, key);
        self.account(id, count);
        self.pump(id);
    }

    /// Tells the checkers what the shard was given.
    fn account(&mut self, id: u32, count: usize) {
        let wire = &mut self.wires[id as usize];
        wire.given += count as u64;
        let marks = &mut wire.client.marks;
        let reached = marks.iter().take_while(|mark| mark.at <= wire.given).count();
        let mut observer = self.shared.lock();
        let limit = self.plan.config.limits.handshake_bytes as u64;
        if wire.client.is_deferred && wire.given > limit {
            // It may have said too much before it was answered.
            observer.reasons.did(id, Deed::Rejected);
        }
        let marks = &marks.make_contiguous()[..reached];
        observer.deadlines.given(id, wire.given, marks, self.clock);
        for mark in marks {
            match mark.what {
                What::Message => observer.direct.given(id),
                What::Close(_) | What::Fault(_) => observer.reasons.must_end(id),
                What::Head | What::Frame | What::Pong(_) => {}
            }
        }
        wire.client.marks.drain(..reached);
    }

    /// Delivers some of the letters that have come, while the shard is not behind.
    pub(super) fn open_mail(&mut self, place: usize) {
        for _ in 0..self.dice.size(1, self.plan.driver.letters) {
            if self.nodes[place].shard.is_behind() {
                break;
            }
            let Some(letter) = self.mailboxes[place].take(self.now) else { break };
            self.deliver(place, letter);
        }
    }

    fn counters(&self, place: usize) -> std::sync::Arc<Counters> {
        self.nodes[place].shard.counters()
    }

    fn deliver(&mut self, place: usize, letter: Letter) {
        match letter.about {
            About::Publication(name) => {
                self.note(Step::Mail, name.publisher, [name.number.into(), place as u64]);
                self.observer().topics.delivered(place, name);
                self.deliver_publication(place, letter.mail);
            }
            About::Message(id, payload) => {
                let counters = self.counters(place);
                let (queued, dropped) = (counters.messages_out.get(), counters.dropped.get());
                self.observer().reasons.did(id, Deed::Listens);
                self.hand_over(place, letter.mail);
                let mut observer = self.shared.lock();
                observer.counts[place].dropped += counters.dropped.get() - dropped;
                if counters.messages_out.get() > queued {
                    observer.direct.queued(id, payload);
                }
            }
            About::Other => self.hand_over(place, letter.mail),
        }
    }

    fn hand_over(&mut self, place: usize, mail: Mail<Note>) {
        self.observer().counts[place].letters += 1;
        if matches!(mail, Mail::Note(..)) && self.observer().strikes(Bug::LostNote) {
            return;
        }
        self.nodes[place].shard.deliver(mail, timestamp(self.clock));
    }

    /// Where the mailbox's bugs are planted.
    fn deliver_publication(&mut self, place: usize, mail: Mail<Note>) {
        let Mail::Publish(publication) = &mail else { return };
        if self.observer().strikes(Bug::LostMail) {
            return;
        }
        if self.observer().strikes(Bug::RepeatedMail) {
            self.hand_over(place, Mail::Publish(publication.clone()));
        }
        if self.observer().strikes(Bug::ReorderedTopic)
            && let Some(next) = self.mailboxes[place].take(self.now)
        {
            self.deliver(place, next);
        }
        self.hand_over(place, mail);
    }
}
