//! No operation costs O(n): each moves at most one key per level of the heap, and one more.

use alloc::vec::Vec;

use crate::engine::{Class, Engine};

const CLASS: Class = Class::Ordinary;

/// Levels of a 4-ary tree of `keys` keys.
fn levels(keys: usize) -> u64 {
    let (mut levels, mut room) = (0, 0);
    while room < keys {
        room = 4 * room + 1;
        levels += 1;
    }
    levels
}

/// Counts the moves of each operation and holds them to the bound.
struct Counted {
    engine: Engine<u32>,
    bound: u64,
    worst: u64,
}

impl Counted {
    fn new(timers: usize) -> (Self, Vec<u32>) {
        let mut engine = Engine::with_capacity(timers);
        let nodes = (0..timers).map(|_| engine.insert(CLASS, 0)).collect();
        (Self { engine, bound: levels(timers) + 1, worst: 0 }, nodes)
    }

    fn operation<R>(&mut self, operate: impl FnOnce(&mut Engine<u32>) -> R) -> R {
        let before = self.engine.moves();
        let result = operate(&mut self.engine);
        let moved = self.engine.moves() - before;
        assert!(moved <= self.bound, "{moved} moves, the bound is {}", self.bound);
        self.worst = self.worst.max(moved);
        result
    }
}

/// Deadlines that send keys all the way up, all the way down, and anywhere.
fn orders(index: u64, count: u64) -> [u64; 3] {
    [index, count - index, index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40]
}

#[test]
fn schedule_cancel_earliest_and_expire_move_a_key_per_level() {
    for count in [1, 4, 5, 21, 22, 1_000, 30_000] {
        for order in 0..3 {
            let (mut counted, nodes) = Counted::new(count);
            let deadline = |index: usize| orders(index as u64, count as u64)[order];
            for round in 0..2 {
                for (index, &node) in nodes.iter().enumerate() {
                    counted.operation(|engine| engine.arm(CLASS, node, deadline(index) + round));
                    counted.operation(|engine| engine.earliest());
                }
            }
            for &node in nodes.iter().step_by(3) {
                counted.operation(|engine| engine.disarm(CLASS, node));
            }
            let pass = counted.operation(|engine| engine.begin_pass(u64::MAX));
            while counted.operation(|engine| engine.next_due(pass)).is_some() {}
            assert!(counted.engine.len() == 0 && (count == 1 || counted.worst > 1));
        }
    }
}

/// The worst case of structures that put work off: every timer but the first moves later, then the
/// first goes.
#[test]
fn cancelling_the_first_after_bumping_all_others_moves_a_key_per_level() {
    let (mut counted, nodes) = Counted::new(20_000);
    for &node in &nodes {
        counted.operation(|engine| engine.arm(CLASS, node, u64::from(node)));
    }
    for &node in &nodes[1..] {
        counted.operation(|engine| engine.arm(CLASS, node, 60_000_000 + u64::from(node)));
    }
    counted.operation(|engine| engine.disarm(CLASS, nodes[0]));
    assert_eq!(counted.operation(|engine| engine.earliest()), Some(60_000_001));
}

/// Millions of re-arms within a pass neither prolong it nor make its next step dear.
#[test]
fn a_step_of_a_pass_is_cheap_after_any_number_of_rearms_in_it() {
    let (mut counted, nodes) = Counted::new(1_000);
    for &node in &nodes {
        counted.operation(|engine| engine.arm(CLASS, node, 5));
    }
    let pass = counted.engine.begin_pass(10);
    for round in 0..1_000 {
        for &node in &nodes[..999] {
            counted.operation(|engine| engine.arm(CLASS, node, round % 12));
        }
    }
    assert!(counted.operation(|engine| engine.next_due(pass)).is_some());
    assert!(counted.operation(|engine| engine.next_due(pass)).is_none());
}
