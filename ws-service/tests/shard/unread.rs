//! More frames at once than a turn takes from one connection: the rest waits, and nothing is lost.

use tungstenite::Message;

use crate::driver::Driver;
use crate::driver::client::{close, ping, text};

fn driver() -> Driver {
    Driver::with(|config| config.budget.frames = 3)
}

#[test]
fn the_rest_is_taken_turn_by_turn_in_order() {
    let mut driver = driver();
    let (flood, other) = (driver.upgrade(), driver.upgrade());
    let all: Vec<u8> = (0..10).flat_map(|number| text(&number.to_string())).collect();
    driver.shard.receive(flood, &mut all.clone(), driver.now);
    assert!(driver.shard.has_unread(flood) && !driver.shard.has_unread(other));
    assert_eq!(driver.shard.unread(), all.len() - 3 * text("0").len());
    assert_eq!(driver.stats().messages_in, 3);
    driver.turn();
    assert_eq!(driver.stats().messages_in, 6, "a turn takes one share more");
    assert_eq!(driver.shard.earliest(), Some(sul::Timestamp::ZERO));
    driver.say(other, &text("not held up"));
    assert_eq!(driver.messages(other), [Message::from("not held up")]);
    driver.settle();
    assert_eq!(driver.shard.unread(), 0);
    let expected: Vec<_> = (0..10).map(|number| Message::from(number.to_string())).collect();
    assert_eq!(driver.messages(flood), expected);
}

#[test]
fn what_comes_behind_the_rest_stays_behind_it() {
    let mut driver = driver();
    let key = driver.upgrade();
    let (head, tail) = ([text("a"), text("b"), text("c"), text("d")].concat(), text("e"));
    driver.shard.receive(key, &mut head.clone(), driver.now);
    driver.shard.receive(key, &mut tail.clone(), driver.now);
    driver.settle();
    let expected: Vec<_> = ["a", "b", "c", "d", "e"].map(Message::from).into();
    assert_eq!(driver.messages(key), expected);
}

#[test]
fn control_frames_count_and_a_close_ends_the_rest() {
    let mut driver = driver();
    let key = driver.upgrade();
    let all = [ping(b"1"), ping(b"2"), ping(b"3"), close(1000, ""), text("never")].concat();
    driver.say(key, &all);
    driver.settle();
    assert!(driver.is_closed(key));
    assert_eq!(driver.stats().messages_in, 0);
}

#[test]
fn a_connection_that_dies_takes_its_rest_along() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.shard.receive(key, &mut text("x").repeat(10), driver.now);
    driver.hang_up(key);
    driver.settle();
    assert_eq!((driver.shard.unread(), driver.shard.len()), (0, 0));
    assert_eq!(driver.stats().messages_in, 3);
}
