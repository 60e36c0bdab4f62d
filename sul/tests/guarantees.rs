//! The seven guarantees, each under its own words.

use std::mem;
use std::time::Duration;

use sul::{Due, Timer, TimerList, Timestamp};

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn tokens<T: Copy>(timers: &TimerList<T>, now: u64) -> Vec<T> {
    timers.expire(at(now)).map(|due| due.token).collect()
}

fn armed<T: Copy>(timers: &TimerList<T>, token: T, deadline: u64) -> Timer<T> {
    let mut timer = timers.timer(token);
    timer.schedule(at(deadline));
    timer
}

#[test]
fn never_early() {
    let timers = TimerList::new();
    let _timer = armed(&timers, (), 1_000);
    assert_eq!(timers.expire(at(0)).count(), 0);
    assert_eq!(timers.expire(at(999)).count(), 0);
    assert_eq!(timers.expire(at(1_000)).count(), 1);
}

#[test]
fn never_early_by_a_fraction_of_a_microsecond() {
    assert_eq!(at(7) + Duration::from_nanos(1_001), at(9));
    assert_eq!(at(7) + Duration::from_micros(2), at(9));
    assert_eq!(at(u64::MAX - 1) + Duration::from_micros(2), Timestamp::MAX);
    assert_eq!(at(7) + Duration::MAX, Timestamp::MAX);
}

#[test]
fn in_deadline_order_equal_deadlines_in_the_order_they_were_scheduled() {
    let timers = TimerList::new();
    let _b = armed(&timers, 'b', 20);
    let _c = armed(&timers, 'c', 20);
    let mut d = armed(&timers, 'd', 20);
    let _a = armed(&timers, 'a', 10);
    let _e = armed(&timers, 'e', 20);
    d.schedule(at(20)); // scheduled anew: now the last
    assert_eq!(tokens(&timers, 20), ['a', 'b', 'c', 'e', 'd']);
}

#[test]
fn in_deadline_order_across_both_classes() {
    let timers = TimerList::new();
    let mut made = Vec::new();
    for token in 0..20_u64 {
        let timer = if token % 3 == 0 { timers.waking_timer(token) } else { timers.timer(token) };
        made.push(timer);
    }
    made.iter_mut().rev().for_each(|timer| timer.schedule(at(timer.token() / 2)));
    let expected: Vec<u64> = (0..10).flat_map(|pair| [2 * pair + 1, 2 * pair]).collect();
    assert_eq!(tokens(&timers, 100), expected);
}

#[test]
fn when_cancel_schedule_or_drop_returns_the_old_deadline_is_never_delivered() {
    let timers = TimerList::new();
    let _first = armed(&timers, "first", 10);
    let mut cancelled = armed(&timers, "cancelled", 20);
    let mut moved = armed(&timers, "moved", 20);
    let dropped = armed(&timers, "dropped", 20);

    let mut pass = timers.expire(at(30)); // all four are due
    assert_eq!(pass.next().map(|due| due.token), Some("first"));
    assert!(cancelled.cancel());
    moved.schedule(at(40));
    drop(dropped);
    assert_eq!(pass.next(), None);
    assert_eq!(
        timers.expire(Timestamp::MAX).collect::<Vec<_>>(),
        [Due { token: "moved", deadline: at(40) }]
    );
}

#[test]
fn a_dropped_timers_slot_never_delivers_for_the_one_that_reuses_it() {
    let timers = TimerList::new();
    drop(armed(&timers, 'a', 10));
    let mut b = timers.timer('b');
    assert!(!b.is_armed());
    assert_eq!(tokens(&timers, 10), []);
    b.schedule(at(20));
    assert_eq!(tokens(&timers, 20), ['b']);
}

#[test]
fn a_timer_armed_during_an_expiry_pass_is_not_delivered_by_that_pass() {
    let timers = TimerList::new();
    let mut timer = armed(&timers, (), 10);
    let mut delivered = 0;
    for due in timers.expire(at(50)) {
        delivered += 1;
        timer.schedule(due.deadline); // as past as can be
    }
    assert_eq!(delivered, 1);
    assert_eq!(timer.deadline(), Some(at(50)), "raised to the pass's now");
    assert_eq!(timers.expire(at(50)).count(), 1);
}

/// Two million of them, all in the past.
#[test]
fn any_number_of_rearms_in_a_pass_neither_prolongs_it_nor_loses_a_timer() {
    const COUNT: usize = 1_000;
    let timers = TimerList::new();
    let mut made: Vec<_> = (0..COUNT).map(|token| armed(&timers, token, 10)).collect();
    let mut delivered = vec![];
    for due in timers.expire(at(50)) {
        delivered.push(due.token);
        for past in 0..2_000 {
            made[due.token].schedule(at(past % 50));
        }
    }
    assert!(delivered.into_iter().eq(0..COUNT));
    assert_eq!(timers.len(), COUNT);
    assert!(tokens(&timers, 50).into_iter().eq(0..COUNT), "in the order of the last schedules");
}

#[test]
fn a_clock_that_jumps_loses_no_timer_and_delivers_none_early() {
    let timers = TimerList::new();
    let _timers = [5, 1_000, u64::MAX - 1].map(|deadline| armed(&timers, deadline, deadline));
    assert_eq!(tokens(&timers, 999), [5]);
    assert_eq!(tokens(&timers, 3), []);
    let _late = armed(&timers, 4, 4);
    assert_eq!(tokens(&timers, u64::MAX - 2), [4, 1_000]);
    assert_eq!(tokens(&timers, 0), []);
    assert_eq!(tokens(&timers, u64::MAX), [u64::MAX - 1]);
}

#[test]
fn what_was_due_before_a_rearm_in_the_past_is_still_delivered() {
    let timers = TimerList::new();
    let mut a = armed(&timers, 'a', 10);
    let _b = armed(&timers, 'b', 40);
    let mut pass = timers.expire(at(50));
    assert_eq!(pass.next().map(|due| due.token), Some('a'));
    a.schedule(at(20));
    assert_eq!(pass.next().map(|due| due.token), Some('b'));
    assert_eq!(pass.next(), None);
}

#[test]
fn a_past_deadline_is_kept_when_no_pass_is_open() {
    let timers = TimerList::new();
    let mut timer = timers.timer(());
    let mut finished = timers.expire(Timestamp::MAX);
    assert_eq!(finished.next(), None);
    timer.schedule(at(5)); // the pass is at its end, though its iterator lives
    assert_eq!(timer.deadline(), Some(at(5)));

    drop(timers.expire(Timestamp::MAX));
    timer.schedule(at(6));
    assert_eq!(timer.deadline(), Some(at(6)));
}

#[test]
fn a_newer_pass_ends_older_ones_and_what_they_left_stays_armed() {
    let timers = TimerList::new();
    let _timers = [10, 20, 30].map(|deadline| armed(&timers, deadline, deadline));
    let mut older = timers.expire(at(30));
    assert_eq!(older.next().map(|due| due.token), Some(10));
    let mut newer = timers.expire(at(20));
    assert_eq!(older.next(), None);
    drop(older); // does not end the newer one
    assert_eq!(newer.next().map(|due| due.token), Some(20));
    assert_eq!(newer.next(), None);
    assert_eq!(timers.earliest(), Some(at(30)));
}

#[test]
fn leaking_a_pass_is_harmless() {
    let timers = TimerList::new();
    let _due = [armed(&timers, 1, 10), armed(&timers, 2, 10)];
    let mut pass = timers.expire(at(15));
    pass.next();
    mem::forget(pass);
    assert_eq!(timers.len(), 1);
    let _late = armed(&timers, 3, 5);
    let _later = armed(&timers, 4, 16);
    assert_eq!(timers.earliest(), Some(at(10)));
    assert_eq!(tokens(&timers, 16), [2, 3, 4]);
}

#[test]
fn earliest_is_exact() {
    let timers = TimerList::new();
    let mut made: Vec<_> = (0..100).map(|token| timers.timer(token)).collect();
    for (index, timer) in made.iter_mut().enumerate() {
        timer.schedule(at(1_000 - index as u64));
        assert_eq!(timers.earliest(), Some(at(1_000 - index as u64)));
    }
    while made.pop().is_some() {
        let rest = made.len() as u64;
        assert_eq!(timers.earliest(), (rest > 0).then(|| at(1_001 - rest)));
    }
}

#[test]
fn no_panic_for_any_deadline() {
    let timers = TimerList::new();
    for deadline in [0, 1, u64::MAX - 1, u64::MAX] {
        for now in [0, 1, u64::MAX - 1, u64::MAX] {
            let timer = armed(&timers, (), deadline);
            assert_eq!(timers.expire(at(now)).count(), usize::from(deadline <= now));
            assert_eq!(timer.is_armed(), deadline > now);
        }
    }
}

#[test]
fn forgetting_a_handle_leaks_a_slot_and_nothing_worse() {
    let timers = TimerList::new();
    mem::forget(armed(&timers, 'f', 10));
    let _other = armed(&timers, 'o', 10);
    assert_eq!(tokens(&timers, 10), ['f', 'o']);
    assert!(timers.is_empty());
}

#[test]
fn timers_outlive_their_list() {
    let timers = TimerList::new();
    let mut timer = armed(&timers, 7, 10);
    let mut pass = timers.expire(at(10));
    drop(timers);
    assert!(timer.is_armed());
    assert_eq!(pass.next().map(|due| due.token), Some(7));
    timer.schedule(at(20));
    assert_eq!((timer.token(), timer.deadline()), (7, Some(at(20))));
}

#[test]
fn a_timer_is_sixteen_bytes() {
    assert_eq!(size_of::<Timer<u32>>(), 16);
    assert_eq!(size_of::<Timer<[u64; 8]>>(), 16);
}
