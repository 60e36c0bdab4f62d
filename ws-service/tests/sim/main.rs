//! Deterministic simulation: one seed drives several shards, their clients, network and clock.
//!
//! ```text
//!   clients ──frames──► pipes ──torn, late──► driver ──────► Shard ──► protocol
//!      ▲                (bounded, both ways)   (the turn law)  │  ▲        │
//!      └──tungstenite's decoder◄──pipes◄───────────────────────┘  │        │
//!      │                                       mailboxes ─────────┘        │
//!      ▼                                       (bounded, late)             ▼
//!   checkers ◄──────────────── what each of them did and saw ──────────────┘
//! ```
//!
//! The shards are driven through the same public door that the reactor uses, by the law written in
//! `shard/mod.rs`: accepts, receives, deaths, room, mail; one turn; writes, orders, posts; sleep.
//! How much of each a turn does is random, and so are the settings, which are small and short enough
//! for limits and deadlines to be hit, in any order. Clients keep the rules, break each of them, read
//! slowly or not at all, reset at any byte, vanish, cling. The network tears, holds up and resets; letters
//! are held up, threads are not scheduled for milliseconds, or minutes. And there are blows that befall
//! all at once: all clients end in one instant, the clock jumps or stands still, the process is stopped,
//! or drained in the midst of it. Then faults stop, everybody is drained, and nothing may be left.
//!
//! A run is its seed: no clock, no thread, no hash map, one generator. Its trace, bytes included,
//! is folded into a hash; the same seed gives the same hash. A failing seed is replayed with the
//! trace in words. That a run comes to its end is a property of its own (`Liveness`), reported apart
//! from wrong answers.
//!
//! `SIM_SEEDS=100000` runs more seeds, `SIM_SEED=7` with the test `one_seed` a single one.
//!
//! The scenarios that crashed lws are among what every seed may do:
//!
//! | lws | here |
//! |---|---|
//! | #2114, #3376: all clients die | storms: all reset, end, vanish or close in one instant, under the close budget |
//! | #2032: connects while threads start | all arrivals at once; `Refused` at the limit |
//! | #1938, #3535: a name is reused | stale keys are poked with every call |
//! | #3531, #1873, #1847: lost wake-ups | liveness; mail that is held up across the drain |
//! | #2394, #3452: a timer closes its own connection | the protocol's timer closes, or sets itself again |
//! | #1730, #1771, #1773: the ping timer outlives | residue; nothing is heard after a Close |
//! | #2822: a timeout set on what has gone | letters to sessions long gone; `closed` sets timers |
//! | #2877: a cancel that fires | a timer that was cleared or moved must not fire |
//! | #2620, #2681, #2883: two owners close | deaths told twice, Close against hang-up and drain |
//! | #3062: stopped for minutes | frozen threads, a stopped process, a clock that jumps |
//! | #3386: hang-up not after the ping | never drawn: it is a configuration error |

mod checkers;
mod client;
mod dice;
mod observer;
mod payload;
mod pipe;
mod plan;
mod planted;
mod protocol;
mod run;
mod trace;
mod wire;
mod world;

use std::collections::BTreeSet;

use ws_service::CloseKind;

use client::{Cut, Temper};
use observer::Hit;
use trace::Step;

/// Seeds of a plain test run.
const SEEDS: u64 = 4_000;
/// Tests that share them.
const SHARES: u64 = 4;

/// A number from the environment.
fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text:?}")))
}

/// Runs this share of the seeds.
fn share(place: u64) {
    let seeds = variable("SIM_SEEDS").unwrap_or(SEEDS);
    for seed in (place..seeds).step_by(usize::try_from(SHARES).expect("a few")) {
        run::expect_success(seed);
    }
}

#[test]
fn seeds_first_share() {
    share(0);
}

#[test]
fn seeds_second_share() {
    share(1);
}

#[test]
fn seeds_third_share() {
    share(2);
}

#[test]
fn seeds_fourth_share() {
    share(3);
}

/// The one to replay.
#[test]
fn one_seed() {
    let seed = variable("SIM_SEED").unwrap_or(0);
    let outcome = run::expect_success(seed);
    println!("seed {seed}: {} steps, trace {:016x}", outcome.steps, outcome.hash);
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 0..60 {
        let (first, second) = (run::run(seed, None), run::run(seed, None));
        assert_eq!(first, second, "seed {seed}");
    }
    assert_ne!(run::run(0, None).hash, run::run(1, None).hash);
}

/// lws had to be mended for an abort at each step of the upgrade, and of the close, one after another.
#[test]
fn peers_reset_at_every_byte_of_the_upgrade_and_of_the_close_handshake() {
    let mut cuts = BTreeSet::new();
    for seed in 0..40 {
        let outcome = run::run_as(seed, |plan| {
            plan.clients = 300;
            plan.tempers = vec![(Temper::Breaker, 1)];
            plan.config.limits.connections = usize::MAX;
            plan.blows.clear();
        });
        assert_eq!(outcome.failure, None, "seed {seed}");
        cuts.extend(outcome.cuts);
    }
    let request = (0..=150).map(Cut::Request);
    let response = (0..=130).map(Cut::Response);
    let close = (0..=8).map(Cut::Close);
    let goodbye = (0..=3).map(Cut::Goodbye);
    let missing: Vec<_> = request.chain(response).chain(close).chain(goodbye).collect();
    let missing: Vec<_> = missing.iter().filter(|cut| !cuts.contains(cut)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Whatever limit is hit first, and whatever next.
#[test]
fn limits_are_hit_in_every_order() {
    let mut orders = BTreeSet::new();
    for seed in 0..1_200 {
        let hits = run::run(seed, None).hits;
        for (place, first) in hits.iter().enumerate() {
            orders.extend(hits[place + 1..].iter().map(|next| (*first as u8, *next as u8)));
        }
    }
    for first in Hit::ALL {
        for next in Hit::ALL.into_iter().filter(|&next| next != first) {
            assert!(orders.contains(&(first as u8, next as u8)), "{first:?} before {next:?}");
        }
    }
}

#[test]
fn the_seeds_reach_every_kind_of_step_and_of_ending() {
    let (mut kinds, mut closes) = (0, [0; CloseKind::COUNT]);
    for seed in 0..150 {
        let outcome = run::run(seed, None);
        kinds |= outcome.kinds;
        closes.iter_mut().zip(outcome.closes).for_each(|(sum, count)| *sum += count);
    }
    assert_eq!(kinds, (1 << (Step::LAST as u64 + 1)) - 1, "a bit for each step of `Step`");
    for kind in CloseKind::ALL {
        assert!(closes[kind as usize] > 0, "no session ended for {}: {closes:?}", kind.name());
    }
}
