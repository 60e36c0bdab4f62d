//! The family of faults this project exists for: timers that outlive what they time, and two owners
//! of one connection. Each is named after the report of a server that had it.
//!
//! Elsewhere: #1730, #1771, #1773 in `validity`; #2822 in `mail`; #2877 in `deadlines`; #3386, a
//! hang-up not after the ping, is refused by `Config::validate`.

use std::sync::Arc;
use std::time::Duration;

use ws_service::shard::{CloseKind, Config, ConfigError, Deadline, Mail, Shard, ShardId};

use crate::driver::Driver;
use crate::driver::client::{pong, request, text};
use crate::driver::puppet::Puppet;

/// lws #3099, #3102: a connection went, its timer stayed, and the loop walked into freed memory.
#[test]
fn a_connection_that_goes_takes_its_timer_along() {
    let mut driver = Driver::new();
    let keys: Vec<_> = (0..1_000).map(|_| driver.upgrade()).collect();
    for &key in &keys {
        driver.say(key, &text("/timer 1000"));
    }
    assert_eq!(driver.shard.timers(), 1_000);
    for &key in keys.iter().step_by(2) {
        driver.shard.disconnected(key, driver.now);
    }
    driver.settle();
    assert_eq!(driver.shard.timers(), 500);
    driver.log();
    driver.pass(Duration::from_millis(1));
    assert_eq!(driver.log().len(), 500);
    assert_eq!(driver.log().iter().filter(|line| *line != "timer").count(), 0);
}

/// lws #2114, #3376, #2032: all clients killed at once.
#[test]
fn all_gone_at_once_is_all_told_once() {
    let mut driver = Driver::new();
    let keys: Vec<_> = (0..2_000).map(|_| driver.upgrade()).collect();
    let survivor = driver.upgrade();
    driver.log();
    for &key in &keys {
        driver.shard.disconnected(key, driver.now);
        driver.shard.disconnected(key, driver.now);
    }
    driver.settle();
    assert_eq!(driver.log(), vec!["closed Disconnected"; 2_000]);
    assert_eq!((driver.shard.len(), driver.shard.timers()), (1, 1));
    driver.say(survivor, &text("x"));
    assert_eq!(driver.messages(survivor).len(), 1);
}

/// lws #1938, #3535: a descriptor's number was in use again before the table had forgotten it.
#[test]
fn a_place_that_is_used_again_has_nothing_of_its_last_connection() {
    let mut driver = Driver::new();
    let old = driver.upgrade();
    driver.limit_room(old, 3);
    driver.say(old, &text("/sub t; timer 500; send half written"));
    driver.shard.writable(old);
    driver.hang_up(old);
    let new = driver.upgrade();
    assert_ne!(old, new);
    driver.log();
    driver.shard.receive(old, &mut text("stray"), driver.now);
    driver.shard.writable(old);
    driver.shard.wrote(old, 100, driver.now);
    driver.shard.disconnected(old, driver.now);
    assert_eq!(driver.shard.output(old, &mut []), 0);
    driver.pass(Duration::from_millis(1));
    assert_eq!((driver.log().len(), driver.output(new).len()), (0, 0));
    assert!(driver.shard.contains(new));
}

/// lws #2394: the validity timer closed its own connection, and the caller went on with it.
/// lws #3452, #3389: the same by a timer's callback.
#[test]
fn a_timer_that_closes_its_connection_closes_it_once() {
    let mut driver = Driver::new();
    driver.protocol.when("timer", "close 4000 tick; send after; timer 1");
    let key = driver.upgrade();
    // All three fall due together: the user's timer, the ping, the hang-up.
    driver.say(key, &text("/timer 30000000"));
    driver.now += Duration::from_secs(100);
    driver.settle();
    let closed = driver.log().iter().filter(|line| line.starts_with("closed")).count();
    assert_eq!(closed, 1);
    driver.pass(Duration::from_secs(5));
    assert!(driver.is_closed(key));
}

/// lws #2620, #2681, #2883: two owners closed one connection; a timeout at the instant of reuse.
#[test]
fn whoever_comes_second_ends_nothing() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.log();
    driver.now += Duration::from_mins(1);
    driver.shard.deliver(Mail::Close(key, 4000.into(), "by mail".into()), driver.now);
    driver.shard.receive(key, &mut text("/close 4001 by itself"), driver.now);
    driver.shard.deliver(Mail::Drain, driver.now);
    driver.turn();
    driver.hang_up(key);
    driver.settle();
    assert_eq!(driver.log(), ["closed Local(Library(4000))"]);
    let stats = driver.stats();
    let counted: u64 = CloseKind::ALL.into_iter().map(|kind| stats.closes(kind)).sum();
    assert_eq!(counted, 1);
}

/// The pong at the very instant of the hang-up: what the loop reads first decides.
#[test]
fn a_pong_at_the_instant_of_the_hang_up_saves_the_connection() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.pass(Duration::from_secs(30));
    let ping = driver.messages(key).pop().expect("a ping").into_data();
    driver.now += Duration::from_secs(30);
    driver.say(key, &pong(&ping));
    assert!(!driver.is_closed(key));
    driver.settle();
    assert!(driver.shard.contains(key));
}

/// lws #3062: the process was stopped for minutes, then continued: everything is due at once.
#[test]
fn after_a_long_stop_all_that_is_due_happens_once_and_in_portions() {
    let mut driver = Driver::new();
    for _ in 0..500 {
        let key = driver.upgrade();
        driver.say(key, &text("/timer 1000000"));
    }
    let asking = driver.connect();
    driver.log();
    driver.now += Duration::from_mins(10);
    let mut turns = 0;
    while driver.shard.earliest().is_some_and(|earliest| earliest <= driver.now) {
        let before = driver.log().len();
        assert!(before <= 128 + 64, "{before} handlers in one turn");
        driver.turn();
        turns += 1;
    }
    assert!(turns >= 4, "{turns}");
    assert_eq!(driver.status(asking), 408);
    assert_eq!(driver.stats().expired(Deadline::Ping), 500);
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 0, "all are asked first");
    driver.pass(Duration::from_secs(30));
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 500);
}

/// lws #3386: a hang-up not after the ping hung up on everyone.
#[test]
fn a_hang_up_not_after_the_ping_makes_no_shard() {
    let mut config = Config::default();
    config.timeouts.hangup_after = config.timeouts.ping_after;
    let shard = Shard::new(Arc::new(Puppet::default()), ShardId(0), 1, config);
    assert!(matches!(shard, Err(ConfigError::HangUpNotAfterPing { .. })));
}

/// Connections that come and go in the same turn, for a while.
#[test]
fn churn_leaves_nothing() {
    let mut driver = Driver::new();
    for round in 0..2_000 {
        let key = driver.connect();
        driver.shard.receive(key, &mut request("/", &[]), driver.now);
        if round % 3 == 0 {
            driver.turn();
        }
        driver.shard.disconnected(key, driver.now);
    }
    driver.settle();
    assert_eq!((driver.shard.len(), driver.shard.timers()), (0, 0));
    assert_eq!(driver.stats().handshakes, 2_000);
}
