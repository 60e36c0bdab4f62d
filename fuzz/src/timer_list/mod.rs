//! `sul`'s lists against the model of its own tests: bytes become operations, and everything that
//! can be seen of the list is compared after each.

mod decode;
#[path = "../../../sul/tests/model/mod.rs"]
mod model;
#[path = "../../../sul/tests/subject/mod.rs"]
mod subject;

/// More operations than this only take longer.
const MOST: usize = 2_000;

/// Runs the operations in `input` on `sul::TimerList`.
///
/// # Panics
///
/// If it differs from the model.
pub fn local(input: &[u8]) {
    model::drive::run(subject::Local::default(), decode::ops(input).take(MOST));
}

/// Runs the operations in `input` on `sul::sync::TimerList`, and checks its bell.
///
/// # Panics
///
/// If it differs from the model.
pub fn shared(input: &[u8]) {
    model::drive::run(subject::Shared::default(), decode::ops(input).take(MOST));
    bell(input);
}

/// One sleep and the schedules that follow it: rung exactly once if one of them precedes it.
fn bell(input: &[u8]) {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    let rings = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&rings);
    let list = sul::sync::TimerList::new(move || _ = counter.fetch_add(1, SeqCst));
    let mut timers: Vec<_> = input.iter().take(8).map(|_| list.timer(())).collect();
    let at = |byte: u8| sul::Timestamp::from_micros(u64::from(byte));
    for round in input.chunks(8) {
        let until = list.prepare_sleep();
        rings.store(0, SeqCst);
        let mut precedes = false;
        for (timer, &byte) in timers.iter_mut().zip(round) {
            if byte % 4 == 0 {
                timer.cancel();
            } else {
                timer.schedule(at(byte));
                precedes |= until.is_none_or(|until| at(byte) < until);
            }
        }
        assert_eq!(rings.load(SeqCst), usize::from(precedes));
        list.expire(at(round[0])).take(3).for_each(drop);
    }
}
