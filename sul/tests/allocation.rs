//! "No allocation in `schedule`", counted by the allocator; nor in anything else but making a timer.
#![cfg(feature = "sync")]

use allocation_counter::{AllocationInfo, measure};
use sul::{TimerList, Timestamp, sync};

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Everything that a list of `timers` timers does in ordinary use.
macro_rules! exercise {
    ($list:expr, $timers:expr) => {{
        let (list, timers) = (&$list, &mut $timers);
        measure(|| {
            for round in 0..3 {
                for (index, timer) in timers.iter_mut().enumerate() {
                    timer.schedule(at(1_000 * round + (index as u64 * 7) % 100));
                    assert!(list.earliest().is_some() && timer.is_armed());
                }
                timers.iter_mut().step_by(2).for_each(|timer| _ = timer.cancel());
                let mut pass = list.expire(at(1_000 * round + 50));
                while pass.next().is_some() {}
                list.shift_forward(std::time::Duration::from_micros(1));
            }
            timers.truncate(1);
        })
    }};
}

fn assert_none(info: AllocationInfo) {
    assert_eq!(info.count_total, 0, "{info:?}");
}

#[test]
fn no_allocation_in_schedule_cancel_drop_earliest_or_a_pass() {
    let list = TimerList::new();
    let mut timers: Vec<_> = (0..1_000).map(|token| list.timer(token)).collect();
    assert_none(exercise!(list, timers));
}

#[test]
fn no_allocation_in_the_shared_list_either() {
    let list = sync::TimerList::new(|| {});
    let mut timers: Vec<_> = (0..1_000).map(|token| list.timer(token)).collect();
    assert_none(exercise!(list, timers));
}

#[test]
fn no_allocation_in_making_a_timer_within_the_capacity() {
    let list = TimerList::with_capacity(1_000);
    let mut timers = Vec::with_capacity(1_000);
    assert_none(measure(|| timers.extend((0..1_000).map(|token| list.timer(token)))));
    assert_none(measure(|| timers.iter_mut().for_each(|timer| timer.schedule(at(7)))));
}

#[test]
fn no_allocation_in_making_a_waking_timer_within_its_capacity() {
    let list = TimerList::with_capacities(0, 1_000);
    let shared = sync::TimerList::with_capacities(0, 1_000, || {});
    let (mut timers, mut others) = (Vec::with_capacity(1_000), Vec::with_capacity(1_000));
    assert_none(measure(|| timers.extend((0..1_000).map(|token| list.waking_timer(token)))));
    assert_none(measure(|| others.extend((0..1_000).map(|token| shared.waking_timer(token)))));
}

#[test]
fn a_list_that_grows_one_by_one_allocates_seldom() {
    let list = TimerList::new();
    let mut timers = Vec::with_capacity(100_000);
    let info = measure(|| timers.extend((0..100_000).map(|token| list.timer(token))));
    assert!(info.count_total < 60, "{info:?}");
}

#[test]
fn no_allocation_in_making_a_timer_where_one_was_dropped() {
    let list = TimerList::new();
    let mut timers: Vec<_> = (0..1_000).map(|token| list.timer(token)).collect();
    timers.truncate(10);
    assert_none(measure(|| (10..1_000).for_each(|token| timers.push(list.timer(token)))));
}
