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
//! for limits and deadlines to be hit. Clients keep the rules, break each of them, read slowly or
//! not at all, reset at any byte, vanish, cling. The network tears, holds up and resets; threads are
//! not scheduled for milliseconds, or minutes. Then faults stop, everybody is drained, and nothing
//! may be left.
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
//! | #2114, #3376: all clients die | resets, vanished and ended clients, under the close budget |
//! | #2032: connects while threads start | all arrivals at once; `Refused` at the limit |
//! | #1938, #3535: a name is reused | stale keys are poked with every call |
//! | #3531, #1873, #1847: lost wake-ups | liveness; mail during the drain |
//! | #2394, #3452: a timer closes its own connection | the protocol's timer closes, or sets itself again |
//! | #1730, #1771, #1773: the ping timer outlives | residue; nothing is heard after a Close |
//! | #2822: a timeout set on what has gone | letters to sessions long gone; `closed` sets timers |
//! | #2877: a cancel that fires | a timer that was cleared or moved must not fire |
//! | #2620, #2681, #2883: two owners close | deaths told twice, Close against hang-up and drain |
//! | #3062: stopped for minutes | frozen threads |
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

use ws_service::CloseKind;

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
