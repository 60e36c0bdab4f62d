//! Counters and gauges. That every gauge is zero at the end, and every end counted once, is checked
//! by the driver after each test of this crate.

use ws_service::shard::{CloseKind, Deadline};

use crate::driver::Driver;
use crate::driver::client::{close, text};

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
