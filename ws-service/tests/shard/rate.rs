//! Peers that send more than their rate allows are read from more slowly, and lose nothing.

use std::time::Duration;

use tungstenite::Message;
use ws_service::shard::{Deadline, Mail};

use crate::driver::Driver;
use crate::driver::client::{ping, text};

const SECOND: Duration = Duration::from_secs(1);

fn ten_a_second() -> Driver {
    Driver::with(|config| config.limits.messages_per_second = Some(10))
}

#[test]
fn a_second_s_worth_at_once_is_allowed() {
    let mut driver = ten_a_second();
    let key = driver.upgrade();
    driver.say(key, &text("x").repeat(10));
    assert!(!driver.shard.is_paused(key));
    driver.pass(SECOND);
    driver.say(key, &text("x").repeat(10));
    assert!(!driver.shard.is_paused(key));
    assert_eq!((driver.stats().throttled, driver.messages(key).len()), (0, 20));
}

#[test]
fn what_goes_beyond_is_taken_and_then_nothing_for_a_while() {
    let mut driver = ten_a_second();
    let (key, other) = (driver.upgrade(), driver.upgrade());
    driver.say(key, &text("x").repeat(15));
    assert_eq!(driver.messages(key).len(), 15, "nothing that was received is lost");
    assert!(driver.shard.is_paused(key) && !driver.shard.is_paused(other));
    assert_eq!((driver.stats().throttled, driver.stats().armed(Deadline::Rate)), (1, 1));
    driver.pass_almost(SECOND / 2);
    assert!(driver.shard.is_paused(key));
    driver.pass(Duration::from_micros(1));
    assert!(!driver.shard.is_paused(key) && driver.is_read_again(key));
}

/// Or floods of pings and of empty fragments would be free.
#[test]
fn frames_of_any_kind_count() {
    let mut driver = ten_a_second();
    let key = driver.upgrade();
    driver.say(key, &ping(b"").repeat(11));
    assert!(driver.shard.is_paused(key));
}

#[test]
fn bytes_count_by_themselves() {
    let mut driver = Driver::with(|config| config.limits.bytes_per_second = Some(1_000));
    let key = driver.upgrade();
    driver.say(key, &text(&"x".repeat(1_500)));
    assert!(driver.shard.is_paused(key));
    driver.pass(SECOND / 2);
    assert!(driver.shard.is_paused(key), "header and mask count as well");
    driver.pass(Duration::from_millis(8));
    assert!(!driver.shard.is_paused(key));
}

/// Two reasons, each of which ends by itself.
#[test]
fn a_protocol_that_pauses_is_not_overruled() {
    let mut driver = ten_a_second();
    let key = driver.upgrade();
    driver.say(key, &[text("/pause"), text("x").repeat(14)].concat());
    driver.pass(10 * SECOND);
    assert!(driver.shard.is_paused(key) && !driver.is_read_again(key));
    driver.mail(Mail::Note(key, "/resume".into()));
    assert!(!driver.shard.is_paused(key) && driver.is_read_again(key));
    driver.say(key, &text("x").repeat(20));
    driver.mail(Mail::Note(key, "/pause".into()));
    driver.mail(Mail::Note(key, "/resume".into()));
    assert!(driver.shard.is_paused(key), "for its rate still");
}

#[test]
fn a_peer_that_is_held_up_is_not_hung_up_on() {
    let mut driver = Driver::with(|config| {
        config.limits.messages_per_second = Some(1);
        config.timeouts.ping_after = Some(SECOND);
        config.timeouts.hangup_after = Some(2 * SECOND);
    });
    let key = driver.upgrade();
    driver.say(key, &text("x").repeat(61));
    driver.messages(key);
    driver.pass_almost(60 * SECOND);
    assert_eq!(driver.messages(key), []);
    driver.pass(SECOND + Duration::from_micros(1));
    assert!(matches!(driver.messages(key)[..], [Message::Ping(_)]), "its times begin anew");
}

/// What a turn's budget leaves over is taken nevertheless, and counts.
#[test]
fn the_rest_of_a_receive_is_charged_too() {
    let mut driver = Driver::with(|config| {
        config.limits.messages_per_second = Some(10);
        config.budget.frames = 4;
    });
    let key = driver.upgrade();
    driver.say(key, &text("x").repeat(30));
    driver.settle();
    assert_eq!(driver.messages(key).len(), 30);
    driver.pass_almost(2 * SECOND);
    assert!(driver.shard.is_paused(key));
    driver.pass(Duration::from_micros(1));
    assert!(!driver.shard.is_paused(key));
}
