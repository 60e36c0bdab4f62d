//! The family of faults this project exists for: timers that outlive what they time, two owners of one
//! connection, wake-ups that are lost. Each is named after a report of libwebsockets, which had it.
//!
//! | lws | there | here | test | fails when |
//! |---|---|---|---|---|
//! | #3099, #3102 | a timer lay in the freed memory of its connection, or on another thread's list | owning a timer is having it cancelled; a timer, a handler's context and a shard can't be named on another thread | `a_connection_that_goes_takes_its_timer_along`, `service::family::ticking_timers_go_with_their_connections`; `compile_fail` in `sul::Timer`, `Context`, `Shard` | a timer is left armed by the end and by its drop |
//! | #2114 | `killall -9` of the clients of eight loops crashed it | all are told once, all is reclaimed | `all_gone_at_once_is_all_told_once`, `binary::family::killall_of_the_clients_of_eight_loops` | the same; or transports that are to be closed stay open |
//! | #3376 | 1,000 connections that ended with their server broke the timer list | all hear 1001, each ends once | `all_gone_at_once_is_all_told_once`, `service::family::a_thousand_are_told_when_their_service_goes` | the same; or only the first thread is told |
//! | #2032 | 15,000 connected while the threads started | nobody is served before all threads are ready, and then everybody | `service::family::whoever_comes_while_the_threads_start_is_served` | a thread whose listener listens does not serve |
//! | #1938, #3535 | a descriptor's number was in use again before the table had forgotten it | names carry a generation, and the stale one means nothing | `a_place_that_is_used_again_has_nothing_of_its_last_connection`, `service::family::whoever_gets_a_used_number_hears_its_own_name` | names have no generation; or a place keeps its last peer |
//! | #3531 | a wake-up for all reached the first thread only | each thread has its mailbox and its waker | `service::family::a_wake_up_reaches_every_thread` | only the first is rung |
//! | #1873 | a wake-up was lost on a thread that went to sleep | a letter lies there before the ring | `service::family::no_wake_up_is_lost_on_a_thread_that_goes_to_sleep` | the ring comes before the letter |
//! | #1847 | a wake-up during the shutdown used what was freed | the door outlives its thread, and says `Closed` | `service::family::wake_ups_during_the_shutdown_find_it_going_or_gone` | the door does not close |
//! | #2394, #3452, #3389 | a timer closed its own connection, and the caller went on with it | handlers only record; the first reason counts | `a_timer_that_closes_its_connection_closes_it_once` | a second reason counts and the deadlines stay: each alone holds |
//! | #1730, #1771, #1773 | a ping's timer outlived the state it was for | an ending unsets the deadlines of the living | `validity::a_closed_connection_is_neither_pinged_nor_hung_up_on` | the same |
//! | #2822 | a timeout was set on another connection, which had gone | a letter to the dead is counted, and reaches no stranger | `mail::letters_to_the_dead_are_counted_and_reach_no_stranger` | names have no generation |
//! | #2877 | a cancel fired at once | a cancelled timer never comes, nor does one beyond the end of time | `deadlines::the_longest_timer_never_comes` | time wraps |
//! | #2620, #2681, #2883 | two owners closed one connection; a timeout at the instant of its reuse | whoever comes second ends nothing; what is read first decides | `whoever_comes_second_ends_nothing`, `a_pong_at_the_instant_of_the_hang_up_saves_the_connection` | a second reason counts |
//! | #3062 | after minutes of SIGSTOP its threads served nobody any more | what is due happens once, in portions, and peers are asked before they are hung up on | `after_a_long_stop_all_that_is_due_happens_once_and_in_portions`, `binary::family::a_server_that_was_stopped_for_long_goes_on_with_all_its_clients` | the hang-up is measured from the last proof, however late the ping |
//! | #3386 | a hang-up not after the ping hung up on everyone | a configuration error | `a_hang_up_not_after_the_ping_makes_no_shard`, `binary::usage` | the rule is gone |
//!
//! `service` and `binary` are the crate's other tests. What the simulator does of it is listed there. The last column is
//! what was broken once, to see the tests fail.

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
