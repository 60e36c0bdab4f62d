//! What befalls all at once: a storm, a clock that jumps or stands still, a process that is stopped.

use super::World;
use crate::client::Stage;
use crate::plan::{Blow, Death};
use crate::trace::Step;

impl World {
    pub(super) fn blow(&mut self, place: usize) {
        let (_, blow) = self.plan.blows[place];
        self.note(Step::Blow, 0, [place as u64, 0]);
        match blow {
            Blow::Storm(death, share) => self.storm(death, share),
            Blow::Jump(by) => self.jump(by),
            Blow::Stall(span) => self.stall(span),
            Blow::Stop(span) => {
                for node in &mut self.nodes {
                    node.frozen_until = node.frozen_until.max(self.now + span);
                }
            }
            Blow::Drain => self.drain(),
        }
    }

    /// Many clients end in the same instant.
    fn storm(&mut self, death: Death, share: u32) {
        for id in 0..self.plan.clients {
            let wire = &self.wires[id as usize];
            let is_here = wire.transport.is_open && !wire.client.is_over() && !wire.is_vanished;
            if !is_here || !self.dice.per_mille(share) {
                continue;
            }
            match death {
                Death::Reset => self.reset(id),
                Death::End => self.end(id),
                Death::Vanish => self.vanish(id),
                Death::Close => {
                    let client = &self.wires[id as usize].client;
                    if client.stage == Stage::Open && client.can_speak() {
                        self.say_goodbye(id);
                    }
                }
            }
        }
    }
}
