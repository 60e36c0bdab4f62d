//! The slowest single operation: `cargo bench -p benches --bench timers_worst [-- SIZE]`.
//!
//! Each operation is timed on its own; a loop that times nothing shows what the machine adds.

use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::timers::random::Random;
use benches::timers::workloads::{MINUTE, filled};
use benches::timers::{
    HashWheel, LazyBinaryHeap, SulLocal, SulSync, Timers, TokioDelayQueue, Tree,
};

fn main() {
    let measures = std::env::args().any(|argument| argument == "--bench");
    let default = if measures { 1_000_000 } else { 1_000 };
    let size = std::env::args().find_map(|size| size.parse().ok()).unwrap_or(default);
    println!("| {size} timers | operation | median | 99.99 % | worst |\n|---|---|---|---|---|");
    let mut nothing = Samples::new(size);
    for _ in 0..size {
        nothing.time(|| ());
    }
    nothing.report("empty loop", "");
    worst::<SulLocal>(size);
    worst::<SulSync>(size);
    worst::<TokioDelayQueue>(size);
    worst::<HashWheel>(size);
    worst::<LazyBinaryHeap>(size);
    worst::<Tree>(size);
}

fn worst<S: Timers>(size: usize) {
    let mut random = Random::new();
    let mut timers: S = filled(size, &mut random);
    timers.schedule(0, 1_000);

    let mut bump = Samples::new(size);
    for id in 1..size {
        bump.time(|| timers.schedule(id, 2 * MINUTE + id as u64));
    }
    bump.report(S::NAME, "bump");

    let mut cancel = Samples::new(1);
    cancel.time(|| {
        timers.cancel(0);
        black_box(timers.earliest());
    });
    cancel.report(S::NAME, "cancel the first, ask for the earliest");

    let mut cancel = Samples::new(size / 2);
    for id in 1..size / 2 {
        cancel.time(|| timers.cancel(id));
    }
    cancel.report(S::NAME, "cancel");

    let mut schedule = Samples::new(size / 2);
    for id in 1..size / 2 {
        schedule.time(|| timers.schedule(id, MINUTE + random.below(MINUTE)));
    }
    schedule.report(S::NAME, "schedule");
}

struct Samples(Vec<Duration>);

impl Samples {
    fn new(size: usize) -> Self {
        Self(Vec::with_capacity(size))
    }

    fn time(&mut self, operate: impl FnOnce()) {
        let start = Instant::now();
        operate();
        self.0.push(start.elapsed());
    }

    fn report(&mut self, structure: &str, operation: &str) {
        self.0.sort_unstable();
        let at = |per_10_000: usize| self.0[(self.0.len() - 1) * per_10_000 / 10_000];
        println!(
            "| {structure} | {operation} | {:?} | {:?} | {:?} |",
            at(5_000),
            at(9_999),
            at(10_000)
        );
    }
}
