//! Repeating timers keep their phase, and lists show themselves readably.

use std::time::Duration;

use proptest::prelude::*;
use sul::{Due, TimerList, Timestamp};

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn next(deadline: u64, period: Duration, now: u64) -> u64 {
    Due { token: (), deadline: at(deadline) }.next(period, at(now)).as_micros()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn next_is_the_first_grid_point_after_now(
        deadline in 0..1_000_000_u64,
        period in 1..10_000_u64,
        late in 0..1_000_000_u64,
    ) {
        let now = deadline + late;
        let next = next(deadline, Duration::from_micros(period), now);
        prop_assert!(next > now && next - now <= period);
        prop_assert_eq!((next - deadline) % period, 0);
    }

    #[test]
    fn next_never_panics_and_is_after_now_unless_time_ends(
        deadline: u64, secs: u64, nanos in 0..1_000_000_000_u32, now: u64,
    ) {
        let next = next(deadline, Duration::new(secs, nanos), now);
        prop_assert!(next > now || next == u64::MAX);
        prop_assert!(next > deadline || next == u64::MAX);
    }
}

#[test]
fn next_of_a_period_too_short_is_the_next_microsecond() {
    assert_eq!(next(10, Duration::ZERO, 50), 51);
    assert_eq!(next(10, Duration::from_nanos(1), 50), 51);
    assert_eq!(next(10, Duration::from_nanos(1_001), 50), 52, "rounded up to 2 µs");
}

#[test]
fn next_before_the_deadline_is_one_period_after_it() {
    assert_eq!(next(100, Duration::from_micros(10), 5), 110);
}

#[test]
fn a_missed_period_is_skipped_not_replayed() {
    let timers = TimerList::new();
    let mut timer = timers.timer(());
    timer.schedule(at(100));
    let mut seen = Vec::new();
    for now in [100, 201, 555, 600] {
        for due in timers.expire(at(now)) {
            seen.push(due.deadline.as_micros());
            timer.schedule(due.next(Duration::from_micros(100), at(now)));
        }
    }
    assert_eq!(seen, [100, 200, 300, 600]);
}

#[test]
fn a_list_shows_how_many_are_armed_and_the_next_few() {
    let timers = TimerList::new();
    assert_eq!(format!("{timers:?}"), "TimerList { armed: 0, next: {} }");
    let mut made: Vec<_> = (0..9).map(|token| timers.timer(token)).collect();
    for timer in &mut made {
        timer.schedule(at(1_000_000 + timer.token()));
    }
    let shown = format!("{timers:?}");
    assert!(shown.starts_with("TimerList { armed: 9, next: {1.000000s: 0, 1.000001s: 1, "));
    assert!(shown.ends_with("1.000007s: 7}, .. }"), "{shown}");
    assert_eq!(format!("{:?}", made[0]), "Timer { token: 0, deadline: Some(1.000000s) }");
}
