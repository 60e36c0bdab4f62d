//! The retry table, its jitter and its concealment.
#![cfg(feature = "sync")]

use std::time::Duration;

use sul::retry::{Policy, Retry};
use sul::{TimerList, Timestamp, sync};

const TABLE: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_secs(1), Duration::from_secs(10)];

#[test]
fn the_last_entry_is_reused() {
    let mut retry = Retry::new(Policy::new(&TABLE), 0);
    let delays: Vec<Duration> = (0..6).map(|_| retry.next_delay()).collect();
    assert_eq!(delays, [TABLE[0], TABLE[1], TABLE[2], TABLE[2], TABLE[2], TABLE[2]]);
}

#[test]
fn jitter_only_lengthens_stays_in_its_bound_and_spreads() {
    let policy = Policy::new(&TABLE[2..]).with_jitter_percent(25);
    let mut retry = Retry::new(policy, 0x5EED);
    let delays: Vec<Duration> = (0..1_000).map(|_| retry.next_delay()).collect();
    let (least, most) = (delays.iter().min().copied(), delays.iter().max().copied());
    assert!(least >= Some(Duration::from_secs(10)) && least < Some(Duration::from_millis(10_100)));
    assert!(most <= Some(Duration::from_millis(12_500)) && most > Some(Duration::from_secs(12)));
}

#[test]
fn a_seed_replays() {
    let policy = Policy::new(&TABLE).with_jitter_percent(100);
    let delays = |seed| {
        let mut retry = Retry::new(policy, seed);
        (0..20).map(|_| retry.next_delay()).collect::<Vec<_>>()
    };
    assert_eq!(delays(7), delays(7));
    assert_ne!(delays(7), delays(8));
}

/// Written down once: whoever replays a seed expects them on every platform and in every version.
#[test]
fn a_seed_gives_the_delays_that_it_always_gave() {
    let policy = Policy::new(&TABLE).with_jitter_percent(50);
    let mut retry = Retry::new(policy, 42);
    let nanos: Vec<u128> = (0..4).map(|_| retry.next_delay().as_nanos()).collect();
    assert_eq!(nanos, [137_078_094, 1_079_948_425, 11_392_974_853, 11_720_886_230]);
}

#[test]
fn a_reset_rewinds_the_table_and_not_the_jitter() {
    let policy = Policy::new(&TABLE[..1]).with_jitter_percent(100);
    let (mut reset, mut other) = (Retry::new(policy, 7), Retry::new(policy, 7));
    let first = reset.next_delay();
    reset.reset();
    assert_eq!(reset.attempts(), 0);
    assert_eq!(other.next_delay(), first);
    let second = reset.next_delay();
    assert_eq!(second, other.next_delay());
    assert_ne!(second, first);
}

#[test]
fn every_failure_is_concealed_unless_a_count_is_given() {
    let timers = TimerList::new();
    let mut timer = timers.timer(());
    let mut retry = Retry::new(Policy::new(&TABLE), 1);
    assert!((0..10_000).all(|_| timer.schedule_retry(&mut retry, Timestamp::ZERO)));
    assert!(retry.is_concealed());
}

#[test]
fn a_timer_is_armed_for_concealed_attempts_and_left_alone_after_them() {
    let policy = Policy::new(&TABLE).with_conceal(2);
    let (local, shared) = (TimerList::new(), sync::TimerList::new(|| {}));
    let (mut a, mut b) = (local.timer(()), shared.timer(()));
    let (mut retry_a, mut retry_b) = (Retry::new(policy, 1), Retry::new(policy, 1));
    let now = Timestamp::from_micros(5);
    for expected in [Some(100_005), Some(1_000_005)] {
        assert!(a.schedule_retry(&mut retry_a, now) && b.schedule_retry(&mut retry_b, now));
        assert_eq!(a.deadline().map(Timestamp::as_micros), expected);
        assert_eq!(b.deadline(), a.deadline());
    }
    assert!(!a.schedule_retry(&mut retry_a, now) && !b.schedule_retry(&mut retry_b, now));
    assert_eq!(retry_a.attempts(), 2);
    assert_eq!((a.is_armed(), b.is_armed()), (true, true), "what was scheduled stays");

    retry_a.reset();
    assert!(a.schedule_retry(&mut retry_a, now));
}

#[test]
fn extremes_do_not_panic() {
    let table = [Duration::MAX];
    let mut retry = Retry::new(Policy::new(&table).with_jitter_percent(u8::MAX), u64::MAX);
    assert_eq!(retry.next_delay(), Duration::MAX);
    assert_eq!(Retry::new(Policy::new(&[]).with_jitter_percent(9), 0).next_delay(), Duration::ZERO);
}
