//! What one turn does at most; the rest waits for the next, which comes at once.

use std::time::Duration;

use sul::Timestamp;
use tungstenite::Message;
use ws_service::shard::{CloseKind, Deadline, Frame, Mail};

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
fn publications_reach_a_few_subscribers_per_turn() {
    let mut driver = Driver::with(|config| config.budget.deliveries = 7);
    let keys: Vec<_> = (0..10).map(|_| driver.upgrade()).collect();
    for &key in &keys {
        driver.say(key, &text("/sub t"));
    }
    driver.shard.receive(keys[3], &mut text("/pub t a; pub t b"), driver.now);
    let delivered = per_turn(&mut driver, |it| it.stats().deliveries);
    // Both to seven, one of whom has published them; both to the three that are left.
    assert_eq!(delivered, [12, 6]);
    for (place, &key) in keys.iter().enumerate() {
        let expected: &[&str] = if place == 3 { &[] } else { &["a", "b"] };
        let messages: Vec<_> = expected.iter().map(|&it| Message::from(it)).collect();
        assert_eq!(driver.messages(key), messages);
    }
}

/// A publication that comes while another is under way is handed out behind it, not beside it.
#[test]
fn a_publication_that_comes_later_keeps_its_place() {
    let mut driver = Driver::with(|config| config.budget.deliveries = 3);
    let keys: Vec<_> = (0..10).map(|_| driver.upgrade()).collect();
    for &key in &keys {
        driver.say(key, &text("/sub t"));
    }
    let publish = |driver: &mut Driver, words: &str| {
        let publication = Frame::new(words.into()).to_topic("t");
        driver.shard.deliver(Mail::Publish(publication), driver.now);
    };
    publish(&mut driver, "a");
    driver.turn();
    publish(&mut driver, "b");
    publish(&mut driver, "c");
    let delivered = per_turn(&mut driver, |it| it.stats().deliveries);
    // The first to those who are left, one of them in the turn in which the others begin.
    assert_eq!(delivered, [3, 3, 1 + 2 * 2, 3 * 2, 3 * 2, 2 * 2]);
    for key in keys {
        assert_eq!(driver.messages(key), ["a", "b", "c"].map(Message::from));
    }
}

#[test]
fn a_shutdown_begins_a_few_closes_per_turn() {
    let mut driver = Driver::with(|config| {
        config.budget.closes = 7;
        config.timeouts.drain = Duration::ZERO;
    });
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
