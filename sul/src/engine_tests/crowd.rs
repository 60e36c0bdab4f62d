//! Thousands of nodes, more than the model tests have patience for, beside an ordered map.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use std::println;

use crate::engine::{Class, Engine, Node};

const SEED: u64 = 0x5EED;

/// A deadline and the order of scheduling.
type Place = (u64, u64);

struct Member {
    node: Node,
    token: u64,
    /// Where it is among the armed.
    place: Option<Place>,
}

/// An engine and what must be armed in it.
struct Crowd {
    engine: Engine<u64>,
    /// Tokens.
    armed: BTreeMap<Place, u64>,
    made: Vec<Member>,
    count: u64,
    random: u64,
}

impl Crowd {
    fn new(capacity: usize) -> Self {
        println!("seed {SEED:#x}");
        Self {
            engine: Engine::with_capacity(capacity, 0),
            armed: BTreeMap::new(),
            made: Vec::new(),
            count: 0,
            random: SEED,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.random >> 33) as usize % bound
    }

    /// A number that no other call has returned.
    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn make(&mut self) {
        let token = self.next();
        let class = if token.is_multiple_of(5) { Class::Waking } else { Class::Ordinary };
        self.made.push(Member { node: self.engine.insert(class, token), token, place: None });
    }

    fn pick(&mut self) -> usize {
        self.below(self.made.len())
    }

    /// Few deadlines, so that many are equal.
    fn arm(&mut self, index: usize) {
        let place = (self.below(1_000) as u64, self.next());
        let member = &mut self.made[index];
        self.engine.arm(member.node, place.0);
        member.place.replace(place).map(|old| self.armed.remove(&old));
        self.armed.insert(place, member.token);
    }

    fn disarm(&mut self, index: usize) {
        let member = &mut self.made[index];
        assert_eq!(self.engine.disarm(member.node), member.place.is_some());
        member.place.take().map(|old| self.armed.remove(&old));
    }

    fn remove(&mut self, index: usize) {
        let member = self.made.swap_remove(index);
        self.engine.remove(member.node);
        member.place.map(|old| self.armed.remove(&old));
    }

    fn check_earliest(&self) {
        let first = self.armed.first_key_value().map(|(&(deadline, _), _)| deadline);
        assert_eq!(self.engine.earliest(), first);
        assert_eq!(self.engine.len(), self.armed.len());
    }

    /// Delivers all that is due by `now`, in the order of the map.
    fn expire(&mut self, now: u64) {
        let pass = self.engine.begin_pass(now);
        let due: Vec<_> = core::iter::from_fn(|| self.engine.next_due(pass)).collect();
        let later = self.armed.split_off(&(now + 1, 0));
        let expected = core::mem::replace(&mut self.armed, later);
        assert!(due.iter().copied().eq(expected.iter().map(|(&(at, _), &token)| (token, at))));
        for member in &mut self.made {
            member.place = member.place.filter(|place| place.0 > now);
        }
    }
}

/// Until 5,000 nodes have come and most have gone again, on a list that grows and one that need not.
#[test]
fn a_crowd_that_grows_and_shrinks_is_delivered_in_order() {
    for capacity in [0, 10_000] {
        let mut crowd = Crowd::new(capacity);
        for step in 0..60_000 {
            let growing = step < 40_000;
            match crowd.below(8) {
                0 if growing => crowd.make(),
                _ if crowd.made.is_empty() => crowd.make(),
                1 if !growing => {
                    let index = crowd.pick();
                    crowd.remove(index);
                }
                2 => {
                    let index = crowd.pick();
                    crowd.disarm(index);
                }
                _ => {
                    let index = crowd.pick();
                    crowd.arm(index);
                }
            }
            crowd.check_earliest();
            if step % 5_000 == 4_999 {
                crowd.expire(300);
            }
        }
        crowd.expire(999);
        assert_eq!(crowd.engine.len(), 0);
    }
}

/// All but a few of 20,000 nodes are unarmed, wherever those few are.
#[test]
fn a_few_armed_among_many_are_delivered_in_order() {
    let mut crowd = Crowd::new(0);
    (0..20_000).for_each(|_| crowd.make());
    for few in [1, 2, 30] {
        for _ in 0..100 {
            for _ in 0..few {
                let [index, other] = [crowd.pick(), crowd.pick()];
                crowd.arm(index);
                crowd.arm(other);
                crowd.check_earliest();
                crowd.disarm(other);
                crowd.check_earliest();
            }
            crowd.expire(999);
        }
    }
}

#[test]
fn a_shift_of_a_crowd_keeps_its_order() {
    let mut crowd = Crowd::new(3_000);
    (0..3_000).for_each(|_| crowd.make());
    for index in (0..3_000).step_by(2) {
        crowd.arm(index);
    }
    crowd.engine.shift(|time| time.saturating_sub(400));
    let armed = core::mem::take(&mut crowd.armed).into_iter();
    crowd.armed =
        armed.map(|((at, order), token)| ((at.saturating_sub(400), order), token)).collect();
    crowd.check_earliest();
    crowd.expire(999);
}
