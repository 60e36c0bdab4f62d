//! What chance makes of the committed seeds: less than a fuzzer finds, which sees what it has reached, but any
//! toolchain does it.
//!
//! `FUZZ_INPUTS=50000` tries so many of each target; `FUZZ_SEED=7` begins with this seed, instead of another each time.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rand_core::{Rng, SeedableRng};
use rand_xorshift::XorShiftRng;

use crate::corpus;

/// Inputs of a plain test run, for each target.
const INPUTS: u64 = 2_000;
/// Longer inputs only take longer.
const LONGEST: usize = 2_000;
/// The same for timers, where each operation is checked against the whole of the model.
const LONGEST_OF_TIMERS: usize = 300;

/// A number from the environment.
fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text:?}")))
}

/// Runs `body` on mutations of a target's seeds. One that fails is kept where a fuzzer would keep it.
fn run_some(target: &str, body: fn(&[u8]), longest: usize) {
    let seeds: Vec<_> = corpus::seeds(target).into_iter().map(|(_, seed)| seed).collect();
    let first = variable("FUZZ_SEED").unwrap_or(std::process::id().into());
    let count = variable("FUZZ_INPUTS").unwrap_or(INPUTS);
    println!("FUZZ_SEED={first} FUZZ_INPUTS={count}");
    for seed in first..first + count {
        let input = mutation(&seeds, longest, &mut Chance::new(seed));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(&input))) {
            let directory = corpus::directory("artifacts", target);
            let path = directory.join(format!("mutation-{seed}"));
            fs::create_dir_all(&directory).expect("a directory");
            fs::write(&path, &input).expect("a file");
            println!("FUZZ_SEED={seed} failed; its input is {}", path.display());
            resume_unwind(panic);
        }
    }
}

/// One of the seeds, changed in a few places.
fn mutation(seeds: &[Vec<u8>], longest: usize, chance: &mut Chance) -> Vec<u8> {
    let mut input = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(8) {
        change(&mut input, &seeds[chance.below(seeds.len())], chance);
    }
    input.truncate(longest);
    input
}

/// Changes one place of an input; `other` is another seed.
fn change(input: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    let place = chance.below(input.len() + 1);
    let end = place + chance.below(input.len() + 1 - place);
    match chance.below(8) {
        // What is behind the place may fall off with it.
        0 => input.truncate(place),
        1 => _ = input.drain(place..end),
        2 => input.insert(place, chance.byte()),
        3 => {
            let again = input[place..end].to_vec();
            input.splice(place..place, again);
        }
        4 => {
            let from = chance.below(other.len() + 1);
            input.splice(place..end, other[from..].iter().copied());
        }
        kind if place < input.len() => match kind {
            5 => input[place] ^= 1 << chance.below(8),
            6 => input[place] = [0, 1, 0x7e, 0x7f, 0x80, 0xff][chance.below(6)],
            _ => input[place] = chance.byte(),
        },
        _ => input.push(chance.byte()),
    }
}

/// All chance of an input, from one seed.
struct Chance(XorShiftRng);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(XorShiftRng::seed_from_u64(seed))
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("no larger than memory");
        usize::try_from(self.0.next_u64() % bound).expect("below the bound")
    }

    fn byte(&mut self) -> u8 {
        self.0.next_u64().to_le_bytes()[0]
    }
}

#[test]
fn timer_list() {
    run_some("timer_list", fuzz::timer_list::local, LONGEST_OF_TIMERS);
}

#[test]
fn timer_list_sync() {
    run_some("timer_list_sync", fuzz::timer_list::shared, LONGEST_OF_TIMERS);
}

#[test]
fn frames() {
    run_some("frames", fuzz::frames::run, LONGEST);
}

#[test]
fn handshake() {
    run_some("handshake", fuzz::handshake::run, LONGEST);
}

#[test]
fn deflate() {
    run_some("deflate", fuzz::deflate::run, LONGEST);
}

#[test]
fn connection() {
    run_some("connection", fuzz::connection::run, LONGEST);
}
