//! Control frames overtake what a slow peer has not taken yet, but never the inside of a frame.

use std::time::Duration;

use tungstenite::Message;

use crate::driver::Driver;
use crate::driver::client::{ping, request, text};

#[test]
fn a_pong_overtakes_queued_messages_wherever_the_write_stopped() {
    for room in 0..17 {
        let mut driver = Driver::new();
        let key = driver.upgrade();
        driver.limit_room(key, room);
        driver.say(key, &[text("one"), text("two"), text("three")].concat());
        driver.say(key, &ping(b"old"));
        driver.say(key, &ping(b"new"));
        driver.give_room(key, usize::MAX);
        let mut expected = ["one", "two", "three"].map(Message::from).to_vec();
        let place = [0, 5, 10].into_iter().filter(|&end| end < room).count();
        expected.insert(place, Message::Pong(b"new".to_vec().into()));
        assert_eq!(driver.messages(key), expected, "stopped after {room}");
    }
}

/// The transport has said that it has room, and the peer's ping comes before the next write.
#[test]
fn a_pong_overtakes_a_backlog_that_is_about_to_be_written() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.limit_room(key, 1);
    driver.say(key, &[text("one"), text("two")].concat());
    driver.limit_room(key, usize::MAX);
    driver.shard.writable(key);
    driver.say(key, &ping(b"!"));
    let expected =
        [Message::from("one"), Message::Pong(b"!".to_vec().into()), Message::from("two")];
    assert_eq!(driver.messages(key), expected);
}

#[test]
fn our_ping_overtakes_too() {
    let mut driver = Driver::with(|config| config.timeouts.write = None);
    let key = driver.upgrade();
    driver.limit_room(key, 1);
    driver.say(key, &[text("one"), text("two")].concat());
    driver.pass(Duration::from_secs(30));
    driver.give_room(key, usize::MAX);
    let messages = driver.messages(key);
    assert!(matches!(messages[1], Message::Ping(_)), "{messages:?}");
    assert_eq!(messages.len(), 3);
}

/// The answer to the request is no frame: whatever a transport takes of it, it stays in front.
#[test]
fn nothing_overtakes_the_answer_to_the_request() {
    let whole = request("/", &[]);
    for room in 0..=135 {
        let mut driver = Driver::new();
        let key = driver.connect();
        driver.limit_room(key, room);
        driver.say(key, &whole);
        driver.say(key, &ping(b"!"));
        driver.give_room(key, usize::MAX);
        assert_eq!(driver.status(key), 101, "full after {room}");
        assert_eq!(driver.messages(key), [Message::Pong(b"!".to_vec().into())]);
    }
}

#[test]
fn nor_is_it_dropped_with_a_backlog() {
    for room in [0, 1, 50] {
        let mut driver = Driver::with(|config| config.limits.queued_bytes = 300);
        let key = driver.connect();
        driver.limit_room(key, room);
        driver.say(key, &request("/", &[]));
        driver.say(key, &text("/fill 400"));
        driver.give_room(key, usize::MAX);
        assert_eq!(driver.status(key), 101, "full after {room}");
        assert_eq!(driver.messages(key).len(), 1);
    }
}
