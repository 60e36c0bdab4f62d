//! What clients do at their moments, and what they answer.

use tungstenite::protocol::frame::coding::CloseCode;

use super::World;
use super::calendar::Event;
use crate::checkers::{Check, Deed, Output};
use crate::client::{Heard, Stage, Temper, What};
use crate::observer::Hit;
use crate::trace::Step;

impl World {
    pub(super) fn connect(&mut self, id: u32) {
        self.note(Step::Connect, id, [0; 2]);
        let wire = &mut self.wires[id as usize];
        wire.transport.is_open = true;
        wire.client.stage = Stage::Requesting;
        let place = wire.node;
        self.nodes[place].backlog.push_back(id);
        self.wake(place);
        let wire = &mut self.wires[id as usize];
        if wire.client.temper == Temper::Ghost {
            return;
        }
        wire.client.request(&mut self.dice, &self.plan);
        if wire.client.temper == Temper::Stuck && self.dice.per_mille(300) {
            wire.client.halve_request(&mut self.dice);
        }
        self.pump(id);
        self.act_later(id);
    }

    fn act_later(&mut self, id: u32) {
        let pause = self.dice.between(1, self.plan.pause);
        self.calendar.set(self.now + pause, Event::Act(id));
    }

    /// The next thing that a client does by itself.
    pub(super) fn act(&mut self, id: u32) {
        let wire = &mut self.wires[id as usize];
        let is_early = wire.client.stage == Stage::Requesting;
        if self.is_calm || wire.is_vanished || !wire.client.can_speak() {
            return;
        }
        // Some do not wait for the response.
        if is_early && !self.dice.per_mille(100) {
            return self.act_later(id);
        }
        if wire.client.actions_left == 0 {
            return self.act_last(id);
        }
        let burst = if wire.client.temper == Temper::Flooder { 12 } else { 1 };
        for _ in 0..self.dice.count(1, burst) {
            let wire = &mut self.wires[id as usize];
            wire.client.actions_left = wire.client.actions_left.saturating_sub(1);
            let ping = wire.client.act(&mut self.dice, &self.plan);
            if let Some(number) = ping {
                self.observer().direct.pinged(id, number);
            }
        }
        self.note(Step::Acted, id, [0; 2]);
        self.pump(id);
        self.act_later(id);
    }

    /// How a client takes its leave, if it does.
    fn act_last(&mut self, id: u32) {
        let wire = &mut self.wires[id as usize];
        match wire.client.temper {
            Temper::Vanisher => return self.vanish(id),
            Temper::Dropper => return self.end(id),
            Temper::Resetter => return self.reset(id),
            Temper::Stuck => wire.client.say_half(&mut self.dice),
            Temper::Violator => {
                wire.client.violate(&mut self.dice, &self.plan.config);
                if let Some(What::Fault(it)) = wire.client.marks.back().map(|it| it.what.clone()) {
                    self.observer().reasons.did(id, Deed::Violates(it));
                }
            }
            Temper::Clinger | Temper::Mute => return,
            Temper::Breaker => return self.say_goodbye(id),
            _ if self.dice.per_mille(500) => return,
            _ => return self.say_goodbye(id),
        }
        self.pump(id);
    }

    /// A client closes properly.
    pub(super) fn say_goodbye(&mut self, id: u32) {
        let codes = [None, Some(CloseCode::Normal), Some(CloseCode::Library(4321))];
        let code = self.dice.pick(&codes);
        self.say_close(id, code);
        self.pump(id);
    }

    fn say_close(&mut self, id: u32, code: Option<CloseCode>) {
        self.wires[id as usize].client.close(&mut self.dice, code);
        self.observer().reasons.did(id, Deed::Closes(code));
    }

    /// Takes in what a client hears, and answers.
    pub(super) fn listen(&mut self, id: u32) {
        while let Some(heard) = self.wires[id as usize].client.heard() {
            match heard {
                Heard::Response(status) => {
                    let client = &self.wires[id as usize].client;
                    let checked = Output::answered(id, client.flaw, client.is_deferred, status);
                    self.observer().check(Check::Output, checked);
                    self.note(Step::Requested, id, [status.into(), 0]);
                    if status == 431 {
                        self.observer().hit(Hit::Head);
                    }
                }
                Heard::Message { bytes, is_text } => self.observer().heard(id, &bytes, is_text),
                Heard::Ping(payload) => self.hear_ping(id, &payload),
                Heard::Pong(payload) => {
                    let checked = self.observer().direct.ponged(id, &payload);
                    self.observer().check(Check::Direct, checked);
                }
                Heard::Close(code) => self.hear_close(id, code),
                Heard::Wrong(text) => {
                    self.observer().check(Check::Output, Err(format!("{id}: {text}")));
                }
            }
            if self.observer().failure.is_some() {
                return;
            }
        }
    }

    fn hear_ping(&mut self, id: u32, payload: &[u8]) {
        let client = &mut self.wires[id as usize].client;
        if client.temper != Temper::Mute && client.can_speak() {
            client.answer(&mut self.dice, payload);
            self.pump(id);
        }
    }

    fn hear_close(&mut self, id: u32, code: Option<u16>) {
        self.observer().close_heard(id, code);
        let client = &self.wires[id as usize].client;
        if client.temper != Temper::Clinger && client.can_speak() {
            self.say_close(id, code.map(CloseCode::from));
            self.pump(id);
        }
    }
}
