//! `sul`'s engine without its handles, included as a file: what the handles cost is the difference.

use super::{Timers, token};

#[path = "../../../sul/src/engine/mod.rs"]
#[expect(dead_code, reason = "only part of the engine is measured")]
mod engine;

use engine::{Class, Engine, Node};

/// The engine and its nodes.
pub struct BareEngine {
    engine: Engine<u32>,
    owners: Vec<Owner>,
}

/// As large as a handle, so that the owners take as much of the cache.
#[repr(align(16))]
struct Owner {
    node: Node,
}

impl Timers for BareEngine {
    const NAME: &'static str = "sul, bare engine";

    fn with_timers(count: usize) -> Self {
        let mut engine = Engine::with_capacity(0, 0);
        let make = |id| Owner { node: engine.insert(Class::Ordinary, token(id)) };
        let owners = (0..count).map(make).collect();
        Self { engine, owners }
    }

    #[inline]
    fn schedule(&mut self, id: usize, deadline: u64) {
        self.engine.arm(self.owners[id].node, deadline);
    }

    #[inline]
    fn cancel(&mut self, id: usize) {
        self.engine.disarm(self.owners[id].node);
    }

    #[inline]
    fn replace(&mut self, id: usize, deadline: u64) {
        let node = self.engine.insert(Class::Ordinary, token(id));
        self.engine.remove(self.owners[id].node);
        self.owners[id].node = node;
        self.schedule(id, deadline);
    }

    #[inline]
    fn earliest(&mut self) -> Option<u64> {
        self.engine.earliest()
    }

    fn expire(&mut self, now: u64, mut due: impl FnMut(usize)) {
        let pass = self.engine.begin_pass(now);
        while let Some((token, _)) = self.engine.next_due(pass) {
            due(token as usize);
        }
    }
}
