//! What one turn does at most; the rest waits for the next, which comes at once.

use std::time::Duration;

use sul::Timestamp;
use ws_service::shard::{CloseKind, Deadline, Mail};

use crate::driver::Driver;
use crate::driver::client::text;

/// Turns until nothing is left to do at this time; after each, what `count` says.
fn per_turn(driver: &mut Driver, count: impl Fn(&Driver) -> u64) -> Vec<u64> {
    let mut counts = Vec::new();
    let mut before = count(driver);
    loop {
        driver.turn();
        let after = count(driver);
        counts.push(after - before);
        before = after;
        if driver.shard.earliest().is_none_or(|earliest| earliest > driver.now) {
            return counts;
        }
    }
}

#[test]
fn sessions_that_end_together_are_told_a_few_per_turn() {
    let mut driver = Driver::with(|config| config.budget.closes = 7);
    let keys: Vec<_> = (0..20).map(|_| driver.upgrade()).collect();
    for &key in &keys {
        driver.shard.disconnected(key, driver.now);
    }
    assert_eq!(driver.shard.earliest(), Some(Timestamp::ZERO));
    let told = per_turn(&mut driver, |it| it.stats().closes(CloseKind::Disconnected));
    assert_eq!(told, [7, 7, 6]);
    assert!(driver.shard.is_empty());
}

/// lws 5.0 stalls its survivors when thousands of hang-ups fall due together.
#[test]
fn deadlines_that_fall_due_together_expire_a_few_per_turn() {
    let mut driver = Driver::with(|config| config.budget.expiries = 7);
    for _ in 0..20 {
        driver.upgrade();
    }
    driver.now += Duration::from_secs(30);
    let pinged = per_turn(&mut driver, |it| it.stats().expired(Deadline::Ping));
    assert_eq!(pinged.iter().sum::<u64>(), 20);
    assert!(pinged.iter().all(|&count| count <= 7), "{pinged:?}");
}

#[test]
fn copies_are_handed_out_a_few_per_turn() {
    let mut driver = Driver::with(|config| config.budget.deliveries = 7);
    let keys: Vec<_> = (0..10).map(|_| driver.upgrade()).collect();
    for &key in &keys {
        driver.say(key, &text("/sub t"));
    }
    driver.shard.receive(keys[3], &mut text("/pub t a; pub t b"), driver.now);
    let delivered = per_turn(&mut driver, |it| it.stats().deliveries);
    assert_eq!(delivered.iter().sum::<u64>(), 18);
    assert!(delivered.iter().all(|&count| count <= 7), "{delivered:?}");
    for key in keys {
        let count = driver.messages(key).len();
        assert_eq!(count, if driver.stats().deliveries == 18 { count } else { 2 });
    }
}

#[test]
fn a_shutdown_begins_a_few_closes_per_turn() {
    let mut driver = Driver::with(|config| config.budget.closes = 7);
    for _ in 0..20 {
        driver.upgrade();
    }
    driver.shard.deliver(Mail::Drain, driver.now);
    let told = per_turn(&mut driver, |it| it.stats().closes(CloseKind::Shutdown));
    assert_eq!(told, [7, 7, 6]);
}

#[test]
fn in_between_the_others_are_served() {
    let mut driver = Driver::with(|config| config.budget.closes = 1);
    let keys: Vec<_> = (0..20).map(|_| driver.upgrade()).collect();
    let survivor = driver.upgrade();
    for &key in &keys {
        driver.shard.disconnected(key, driver.now);
    }
    for turn in 1..=20 {
        driver.say(survivor, &text("x"));
        assert_eq!(driver.messages(survivor).len(), 1);
        assert_eq!(driver.stats().closes(CloseKind::Disconnected), turn);
    }
}
