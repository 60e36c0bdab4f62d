//! Sequence exhaustion: an engine with few sequence numbers does what one with many does.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::model::drive::{Subject, run};
use super::model::ops::Op;
use super::strategy;
use crate::engine::{Class, Engine};

/// So few that a run of the model test renumbers dozens of times.
const LIMIT: u64 = 24;

/// The engine needs more sequence numbers than timers.
const TIMERS: usize = 20;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn exhausting_the_sequence_changes_nothing_that_can_be_seen(ops in strategy::ops(400)) {
        run(Small::default(), limit_timers(ops));
    }
}

/// A hand-made case of what went wrong once: ranks by deadline would put the barrier between the
/// wrong two timers.
#[test]
fn renumbering_in_a_pass_keeps_the_barrier_between_the_same_timers() {
    let mut engine = Engine::<u32, LIMIT>::with_capacity(3);
    let nodes = [0, 1, 2].map(|token| engine.insert(Class::Ordinary, token));
    engine.arm(Class::Ordinary, nodes[0], 9);
    let pass = engine.begin_pass(10);
    engine.arm(Class::Ordinary, nodes[1], 10);
    for _ in 0..=LIMIT {
        engine.arm(Class::Ordinary, nodes[2], 10);
    }
    assert_eq!(engine.next_due(pass), Some((0, 9)));
    assert_eq!(engine.next_due(pass), None);
    let pass = engine.begin_pass(10);
    let due: Vec<_> = core::iter::from_fn(|| engine.next_due(pass)).collect();
    assert_eq!(due, [(1, 10), (2, 10)]);
}

fn limit_timers(ops: Vec<Op>) -> impl Iterator<Item = Op> {
    let mut made = 0;
    ops.into_iter().filter(move |op| {
        made += usize::from(matches!(op, Op::Make { .. }));
        made <= TIMERS || !matches!(op, Op::Make { .. })
    })
}

struct Small {
    engine: Engine<u32, LIMIT>,
    nodes: BTreeMap<u32, (Class, u32)>,
    passes: BTreeMap<usize, u64>,
}

impl Default for Small {
    fn default() -> Self {
        Self { engine: Engine::with_capacity(0), nodes: BTreeMap::new(), passes: BTreeMap::new() }
    }
}

impl Subject for Small {
    fn make(&mut self, id: u32, waking: bool) {
        let class = if waking { Class::Waking } else { Class::Ordinary };
        self.nodes.insert(id, (class, self.engine.insert(class, id)));
    }

    fn drop_timer(&mut self, id: u32) {
        let (class, node) = self.nodes[&id];
        self.engine.remove(class, node);
    }

    fn forget_timer(&mut self, _id: u32) {}

    fn schedule(&mut self, id: u32, deadline: u64) {
        let (class, node) = self.nodes[&id];
        self.engine.arm(class, node, deadline);
    }

    fn schedule_batch(&mut self, ids: &[u32], deadline: u64) {
        for &id in ids {
            self.schedule(id, deadline);
        }
    }

    fn cancel(&mut self, id: u32) -> bool {
        let (class, node) = self.nodes[&id];
        self.engine.disarm(class, node)
    }

    fn begin(&mut self, pass: usize, now: u64) {
        let number = self.engine.begin_pass(now);
        self.passes.insert(pass, number);
    }

    fn next(&mut self, pass: usize) -> Option<(u32, u64)> {
        self.engine.next_due(self.passes[&pass])
    }

    fn drop_pass(&mut self, pass: usize) {
        self.engine.end_pass(self.passes[&pass]);
    }

    fn leak_pass(&mut self, _pass: usize) {}

    fn forward(&mut self, micros: u64) {
        self.engine.shift(|time| time.saturating_add(micros));
    }

    fn back(&mut self, micros: u64) {
        self.engine.shift(|time| time.saturating_sub(micros));
    }

    fn deadline(&self, id: u32) -> Option<u64> {
        let (class, node) = self.nodes[&id];
        self.engine.deadline(class, node)
    }

    fn earliest(&self) -> Option<u64> {
        self.engine.earliest()
    }

    fn earliest_waking(&self) -> Option<u64> {
        self.engine.earliest_of(Class::Waking)
    }

    fn len(&self) -> usize {
        self.engine.len()
    }

    fn armed(&self) -> Vec<(u32, u64)> {
        self.engine.armed()
    }
}
