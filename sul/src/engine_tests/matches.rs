//! No operation costs O(n): none plays more than one match for its group and one for each doubling
//! of the groups, which is less than 2 log₄ n from 4 timers on.

use alloc::vec::Vec;

use crate::engine::{Class, Engine, Node};

const CLASS: Class = Class::Ordinary;

/// Matches on the way from a group of eight to the first of all, if there are `timers` and nobody.
fn most_matches(timers: usize) -> u64 {
    let groups = (timers + 1).div_ceil(8);
    1 + u64::from(groups.next_power_of_two().ilog2())
}

/// Counts the matches of each operation and holds them to the bound.
struct Counted {
    engine: Engine<u32>,
    bound: u64,
    worst: u64,
}

impl Counted {
    /// So many `timers` on a list with room for `capacity`.
    fn new(capacity: usize, timers: usize) -> (Self, Vec<Node>) {
        let engine = Engine::with_capacity(capacity, 0);
        let mut counted = Self { engine, bound: 0, worst: 0 };
        let nodes = (0..timers).map(|_| counted.operation(|engine| engine.insert(CLASS, 0)));
        let nodes = nodes.collect();
        counted.bound = most_matches(timers);
        (counted, nodes)
    }

    fn operation<R>(&mut self, operate: impl FnOnce(&mut Engine<u32>) -> R) -> R {
        let before = self.engine.matches();
        let result = operate(&mut self.engine);
        let played = self.engine.matches() - before;
        assert!(played <= self.bound, "{played} matches, the bound is {}", self.bound);
        self.worst = self.worst.max(played);
        result
    }
}

#[test]
fn the_bound_is_less_than_two_matches_for_each_level_of_a_tree_of_four() {
    for timers in [4, 5, 64, 1_000, 30_000, 1_000_000, 100_000_000] {
        assert!(most_matches(timers) <= 2 * u64::from((timers - 1).ilog(4) + 1), "{timers} timers");
    }
}

/// Deadlines that make a node the first of all, the last of all, and anything.
fn orders(index: u64, count: u64) -> [u64; 3] {
    [index, count - index, index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40]
}

#[test]
fn making_schedule_cancel_drop_earliest_and_expire_play_a_match_per_doubling() {
    for count in [1, 7, 8, 15, 16, 1_000, 30_000] {
        for order in 0..3 {
            let (mut counted, nodes) = Counted::new(count, count);
            let deadline = |index: usize| orders(index as u64, count as u64)[order];
            for round in 0..2 {
                for (index, &node) in nodes.iter().enumerate() {
                    counted.operation(|engine| engine.arm(node, deadline(index) + round));
                    counted.operation(|engine| engine.earliest());
                }
            }
            for (index, &node) in nodes.iter().enumerate() {
                match index % 4 {
                    1 => _ = counted.operation(|engine| engine.disarm(node)),
                    2 => counted.operation(|engine| engine.remove(node)),
                    _ => {}
                }
            }
            let pass = counted.operation(|engine| engine.begin_pass(u64::MAX));
            while counted.operation(|engine| engine.next_due(pass)).is_some() {}
            assert_eq!(counted.engine.len(), 0);
            assert_eq!(counted.worst, counted.bound, "the bound is reached");
        }
    }
}

#[test]
fn room_that_is_not_used_costs_no_match() {
    let (mut counted, nodes) = Counted::new(1_000_000, 100);
    for &node in &nodes {
        counted.operation(|engine| engine.arm(node, 7));
    }
    let pass = counted.engine.begin_pass(7);
    while counted.operation(|engine| engine.next_due(pass)).is_some() {}
    assert_eq!(counted.worst, most_matches(100));
}

/// The worst case of structures that put work off: every timer but the first moves later, then the
/// first goes.
#[test]
fn cancelling_the_first_after_bumping_all_others_plays_a_match_per_doubling() {
    let (mut counted, nodes) = Counted::new(20_000, 20_000);
    for (deadline, &node) in (1..).zip(&nodes) {
        counted.operation(|engine| engine.arm(node, deadline));
    }
    for (deadline, &node) in (60_000_001..).zip(&nodes[1..]) {
        counted.operation(|engine| engine.arm(node, deadline));
    }
    counted.operation(|engine| engine.disarm(nodes[0]));
    assert_eq!(counted.operation(|engine| engine.earliest()), Some(60_000_001));
}

#[test]
fn most_changes_play_no_match() {
    const COUNT: usize = 20_000;
    let (mut counted, nodes) = Counted::new(COUNT, COUNT);
    let before = counted.engine.matches();
    for (index, &node) in (0..).zip(&nodes) {
        counted.engine.arm(node, orders(index, COUNT as u64)[2]);
    }
    for (index, &node) in (0..).zip(&nodes) {
        counted.engine.arm(node, (1 << 30) + index);
    }
    let played = counted.engine.matches() - before;
    assert!(played < 2 * COUNT as u64, "{played} matches");
}

#[test]
fn what_is_not_armed_is_dropped_without_a_match() {
    let (mut counted, nodes) = Counted::new(100, 100);
    for (deadline, &node) in (0..).zip(&nodes) {
        counted.engine.arm(node, deadline);
    }
    for &node in &nodes {
        assert!(counted.engine.disarm(node));
    }
    let before = counted.engine.matches();
    for &node in &nodes {
        counted.engine.remove(node);
    }
    assert_eq!(counted.engine.matches(), before);
}

/// Millions of re-arms within a pass neither prolong it nor make its next step dear.
#[test]
fn a_step_of_a_pass_is_cheap_after_any_number_of_rearms_in_it() {
    let (mut counted, nodes) = Counted::new(1_000, 1_000);
    for &node in &nodes {
        counted.operation(|engine| engine.arm(node, 5));
    }
    let pass = counted.engine.begin_pass(10);
    for round in 0..2_000 {
        for &node in &nodes[..999] {
            counted.operation(|engine| engine.arm(node, round % 12));
        }
    }
    assert!(counted.operation(|engine| engine.next_due(pass)).is_some());
    assert!(counted.operation(|engine| engine.next_due(pass)).is_none());
}
