//! What the structures are measured at. Each function runs a workload once and returns the time it
//! took and how many operations that were; making and filling the structure is not counted.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::Timers;
use super::random::Random;

/// Deadlines spread over a minute: the timeouts of a server.
pub const MINUTE: u64 = 60_000_000;

/// A workload: the structure's size in, time and operations out.
pub type Workload = fn(usize) -> (Duration, usize);

/// At least this many operations at a time, so that small sizes are not all clock reading.
const OPERATIONS: usize = 10_000;

/// Every workload that `S` can run, by name.
#[must_use]
pub fn all<S: Timers>() -> Vec<(&'static str, Workload)> {
    let mut all: Vec<(&'static str, Workload)> = vec![
        ("schedule", schedule::<S>),
        ("cancel", cancel::<S>),
        ("bump", bump::<S>),
        ("churn", churn::<S>),
        ("expire", expire::<S>),
        ("sparse", sparse::<S>),
    ];
    if S::HAS_EARLIEST {
        all.push(("bump+earliest", bump_and_ask::<S>));
        all.push(("adversarial", adversarial::<S>));
    }
    all
}

/// A structure with all its timers armed, at random within the minute.
pub fn filled<S: Timers>(count: usize, random: &mut Random) -> S {
    let mut timers = S::with_timers(count);
    for id in 0..count {
        timers.schedule(id, 1_000 + random.below(MINUTE));
    }
    timers
}

/// Arms every timer.
#[must_use]
pub fn schedule<S: Timers>(count: usize) -> (Duration, usize) {
    let mut random = Random::new();
    let deadlines: Vec<u64> = (0..count).map(|_| 1_000 + random.below(MINUTE)).collect();
    let mut timers = S::with_timers(count);
    let start = Instant::now();
    for (id, &deadline) in deadlines.iter().enumerate() {
        timers.schedule(id, deadline);
    }
    (start.elapsed(), count)
}

/// Cancels every timer, in random order.
#[must_use]
pub fn cancel<S: Timers>(count: usize) -> (Duration, usize) {
    let mut random = Random::new();
    let mut timers: S = filled(count, &mut random);
    let order = random.shuffled(count);
    let start = Instant::now();
    for &id in &order {
        timers.cancel(id);
    }
    (start.elapsed(), count)
}

/// Moves random timers to a minute from a `now` that goes on: activity on a connection.
#[must_use]
pub fn bump<S: Timers>(count: usize) -> (Duration, usize) {
    on_random(count, |timers: &mut S, id, now| timers.schedule(id, now + MINUTE))
}

/// As [`bump`], asking for the earliest deadline after each.
#[must_use]
pub fn bump_and_ask<S: Timers>(count: usize) -> (Duration, usize) {
    on_random(count, |timers: &mut S, id, now| {
        timers.schedule(id, now + MINUTE);
        black_box(timers.earliest());
    })
}

/// A connection goes and another comes, with its timer.
#[must_use]
pub fn churn<S: Timers>(count: usize) -> (Duration, usize) {
    on_random(count, |timers: &mut S, id, now| timers.replace(id, now + MINUTE))
}

/// Delivers everything, in one pass.
///
/// # Panics
///
/// If the structure delivers more or fewer.
#[must_use]
pub fn expire<S: Timers>(count: usize) -> (Duration, usize) {
    let mut timers: S = filled(count, &mut Random::new());
    let mut delivered = 0;
    let start = Instant::now();
    timers.expire(2 * MINUTE, |id| {
        black_box(id);
        delivered += 1;
    });
    let elapsed = start.elapsed();
    assert_eq!(delivered, count, "{} lost a timer", S::NAME);
    (elapsed, count)
}

/// Arms a random timer and cancels it again while one in a thousand is armed: the timeouts of requests
/// on connections that mostly have none.
#[must_use]
pub fn sparse<S: Timers>(count: usize) -> (Duration, usize) {
    let mut random = Random::new();
    let mut timers = S::with_timers(count);
    let few = (count / 1_000).max(1);
    let order = random.shuffled(count);
    let (armed, others) = order.split_at(few);
    for &id in armed {
        timers.schedule(id, 1_000 + random.below(MINUTE));
    }
    let ids: Vec<usize> = (0..OPERATIONS).map(|_| others[random.index(others.len())]).collect();
    let start = Instant::now();
    for (now, &id) in ids.iter().enumerate() {
        timers.schedule(id, now as u64 + MINUTE);
        timers.cancel(id);
    }
    (start.elapsed(), 2 * OPERATIONS)
}

/// Moves every timer but the first, takes the first away, and asks what is earliest now: work that
/// was put off falls due.
#[must_use]
pub fn adversarial<S: Timers>(count: usize) -> (Duration, usize) {
    let mut timers: S = filled(count, &mut Random::new());
    timers.schedule(0, 1);
    let start = Instant::now();
    for id in 1..count {
        timers.schedule(id, 2 * MINUTE + id as u64);
    }
    timers.cancel(0);
    black_box(timers.earliest());
    (start.elapsed(), count)
}

/// Generic in what it measures, so that all structures have their operation inlined in the loop.
fn on_random<S: Timers>(count: usize, operate: impl Fn(&mut S, usize, u64)) -> (Duration, usize) {
    let mut random = Random::new();
    let mut timers: S = filled(count, &mut random);
    let operations = count.max(OPERATIONS);
    let ids: Vec<usize> = (0..operations).map(|_| random.index(count)).collect();
    let start = Instant::now();
    for (now, &id) in ids.iter().enumerate() {
        operate(&mut timers, id, now as u64);
    }
    (start.elapsed(), operations)
}
