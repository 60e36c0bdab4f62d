//! One seed, from its beginning to its verdict.

use std::collections::BTreeSet;
use std::fmt::Write;

use ws_service::CloseKind;

use crate::checkers::Check;
use crate::client::Cut;
use crate::observer::{Failure, Hit};
use crate::plan::Plan;
use crate::planted::Bug;
use crate::world::World;

/// Steps shown of a failing seed.
const TAIL: usize = 60;

/// What came of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Of the whole trace.
    pub(crate) hash: u64,
    pub(crate) steps: u64,
    pub(crate) failure: Option<Failure>,
    /// What kinds of step there were, and of endings.
    pub(crate) kinds: u64,
    pub(crate) closes: [u64; CloseKind::COUNT],
    /// Where breakers have reset, and what limits were hit, in this order.
    pub(crate) cuts: BTreeSet<Cut>,
    pub(crate) hits: Vec<Hit>,
}

pub(crate) fn run(seed: u64, bug: Option<Bug>) -> Outcome {
    outcome(&run_world(seed, bug, false))
}

/// The same with a plan of one's own.
pub(crate) fn run_as(seed: u64, change: impl FnOnce(&mut Plan)) -> Outcome {
    let mut world = World::new(seed, None, false, change);
    world.run();
    outcome(&world)
}

fn run_world(seed: u64, bug: Option<Bug>, is_readable: bool) -> World {
    let mut world = World::new(seed, bug, is_readable, |_| {});
    world.run();
    world
}

fn outcome(world: &World) -> Outcome {
    let observer = world.observer();
    let trace = &observer.trace;
    let mut closes = [0; CloseKind::COUNT];
    for counts in &observer.counts {
        closes.iter_mut().zip(counts.closes).for_each(|(sum, count)| *sum += count);
    }
    Outcome {
        hash: trace.hash(),
        steps: trace.steps(),
        failure: observer.failure.clone(),
        kinds: trace.kinds(),
        closes,
        cuts: observer.cuts.clone(),
        hits: observer.hits.clone(),
    }
}

/// Runs a seed and panics with all that is needed to understand and repeat it, if it fails.
pub(crate) fn expect_success(seed: u64) -> Outcome {
    let outcome = run(seed, None);
    if let Some(failure) = &outcome.failure {
        panic!("{}", report(seed, failure));
    }
    outcome
}

/// Replays a failing seed, this time with a readable trace.
fn report(seed: u64, failure: &Failure) -> String {
    let Failure { check, text, at } = failure;
    let world = run_world(seed, None, true);
    let observer = world.observer();
    let kind = if *check == Check::Liveness { "hangs" } else { "is wrong" };
    let mut out = format!("\nseed {seed} {kind}: {check:?} at {at} us: {text}\n");
    let _ = writeln!(out, "again: SIM_SEED={seed} cargo test -p ws-service --test sim one_seed\n");
    let _ = writeln!(out, "{}\n", world.setting());
    let who = text.split(|it: char| !it.is_ascii_digit()).find_map(|it| it.parse::<u32>().ok());
    for line in observer.trace.tail(TAIL) {
        let _ = writeln!(out, "{line}");
    }
    if let Some(who) = who {
        let _ = writeln!(out, "\nall about {who}:");
        for line in observer.trace.tail(usize::MAX).iter().filter(|line| line.is_about(who)) {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}
