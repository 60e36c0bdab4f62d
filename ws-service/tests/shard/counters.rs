//! Counters and gauges. That every gauge is zero at the end, and every end counted once, is checked
//! by the driver after each test of this crate.

use std::time::Duration;

use ws_service::shard::{CloseCode, CloseKind, CodeGroup, Deadline, Histogram, Mail};

use crate::driver::Driver;
use crate::driver::client::{close, frame, text};

#[test]
fn the_gauges_follow_without_another_turn() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text("/sub t; timer 5000"));
    let open = driver.stats();
    assert_eq!((open.connections, open.sessions, open.timers, open.topics), (1, 1, 1, 1));
    let armed = |deadline| open.armed(deadline);
    assert_eq!([Deadline::Ping, Deadline::HangUp, Deadline::User].map(armed), [1, 1, 1]);
    driver.say(key, &close(1000, ""));
    let closed = driver.stats();
    assert_eq!((closed.connections, closed.sessions, closed.timers, closed.topics), (0, 0, 0, 0));
    assert_eq!(driver.shard.earliest(), None, "no turn would put it right");
}

#[test]
fn the_counters_stay_readable_without_the_shard() {
    let mut driver = Driver::new();
    driver.upgrade();
    let counters = driver.shard.counters();
    drop(driver);
    assert_eq!((counters.opened.get(), counters.connections.get()), (1, 0));
    assert_eq!(counters.closes[CloseKind::Disconnected as usize].get(), 1);
}

#[test]
fn the_length_is_the_gauge() {
    let mut driver = Driver::new();
    assert!(driver.shard.is_empty());
    let key = driver.connect();
    assert!(driver.shard.contains(key));
    driver.upgrade();
    assert_eq!((driver.shard.len(), driver.stats().connections), (2, 2));
    driver.hang_up(key);
    assert!(!driver.shard.contains(key));
    assert_eq!((driver.shard.len(), driver.stats().connections), (1, 1));
}

#[test]
fn lateness_runs_from_the_deadline_that_came_not_from_where_it_was_before() {
    let mut driver = Driver::with(|config| {
        config.timeouts.ping_after = None;
        config.timeouts.hangup_after = None;
    });
    let key = driver.upgrade();
    driver.say(key, &text("/timer 1000000"));
    // Set later: the timer still wakes at the old time, and nothing is late then.
    driver.say(key, &text("/timer 5000000"));
    driver.now += Duration::from_millis(5_003);
    driver.turn();
    let lateness = driver.stats().lateness;
    assert_eq!((lateness.count(), lateness.sum), (1, 3_000));
    let bucket = lateness.buckets.iter().position(|&count| count > 0).unwrap();
    assert_eq!(Histogram::BOUNDS[bucket], 5_000);
}

#[test]
fn an_end_is_counted_by_its_code() {
    use CodeGroup::{Abnormal, Away, NoStatus, Private, Protocol};
    let mut driver = Driver::new();
    let keys = [(); 5].map(|()| driver.upgrade());
    driver.say(keys[0], &close(1001, ""));
    driver.mail(Mail::Close(keys[1], CloseCode::Library(4002), "".into()));
    driver.hang_up(keys[2]);
    driver.say(keys[3], &frame(0x88, &[]));
    driver.say(keys[4], &frame(0x83, &[]));
    let stats = driver.stats();
    let codes = |group| stats.codes(group);
    assert_eq!([Away, Private, Abnormal, NoStatus, Protocol].map(codes), [1; 5]);
}

#[test]
fn a_request_that_led_nowhere_is_counted_by_its_reason() {
    use CloseKind::{Disconnected, HandshakeTimeout, Rejected};
    let mut driver = Driver::new();
    let (gone, late, bad) = (driver.connect(), driver.connect(), driver.connect());
    driver.hang_up(gone);
    driver.say(bad, b"GET / HTTP/1.1\r\n\r\n");
    driver.pass(Duration::from_secs(10));
    assert!(driver.shard.contains(late), "it has the time to read the refusal");
    let stats = driver.stats();
    let unopened = |kind| stats.unopened(kind);
    assert_eq!([Disconnected, HandshakeTimeout, Rejected].map(unopened), [1; 3]);
}

#[test]
fn a_turn_counts_as_long_as_its_loop_says() {
    let driver = Driver::new();
    driver.shard.took(Duration::from_micros(42));
    driver.shard.woken();
    let stats = driver.stats();
    assert_eq!((stats.turn_time.count(), stats.turn_time.sum, stats.wakeups), (1, 42, 1));
}
