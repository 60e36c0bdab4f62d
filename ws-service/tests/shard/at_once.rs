//! Long messages go out while their handler runs, as far as the transport takes them.

use std::time::Duration;

use proptest::prelude::*;
use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{ConnectionKey, Overflow};

use crate::driver::Driver;
use crate::driver::client::{FIN, TEXT, binary, frame, ping, text};
use crate::driver::peer::close_frame;

/// Messages of ten bytes are long here.
fn driver() -> (Driver, ConnectionKey) {
    let mut driver = Driver::with(|config| {
        config.budget.copied_bytes = 10;
        config.limits.high_water = 100;
        config.limits.queued_bytes = 300;
        config.timeouts.write = Some(Duration::from_secs(5));
    });
    let key = driver.upgrade();
    (driver, key)
}

#[test]
fn a_long_message_is_out_before_the_turn() {
    let (mut driver, key) = driver();
    let before = driver.stats();
    driver.exchange(key, &text("a long one"));
    assert_eq!(driver.messages(key), [Message::from("a long one")]);
    let stats = driver.stats();
    assert_eq!(
        (stats.messages_out - before.messages_out, stats.bytes_out - before.bytes_out),
        (1, 12)
    );
    driver.shard.turn(driver.now);
    assert_eq!(driver.shard.next_dirty(), None, "nothing is left to be written");
    driver.exchange(key, &binary(&[7; 70_000]));
    assert_eq!(driver.messages(key), [], "more than may be queued is refused all the same");
}

#[test]
fn a_short_one_waits_for_the_turn() {
    let (mut driver, key) = driver();
    driver.exchange(key, &text("short one"));
    assert_eq!(driver.messages(key), []);
    driver.turn();
    assert_eq!(driver.messages(key), [Message::from("short one")]);
}

#[test]
fn one_that_came_in_fragments_is_out_before_the_turn_too() {
    let (mut driver, key) = driver();
    driver.exchange(key, &frame(TEXT, b"a long one "));
    driver.exchange(key, &frame(FIN, b"in two"));
    assert_eq!(driver.messages(key), [Message::from("a long one in two")]);
}

#[test]
fn none_overtakes_what_waits() {
    let (mut driver, key) = driver();
    driver.exchange(key, &[text("first"), text("a long one"), text("last")].concat());
    assert_eq!(driver.messages(key), []);
    driver.turn();
    assert_eq!(driver.messages(key), ["first", "a long one", "last"].map(Message::from));
    driver.exchange(key, &text("/part [this is; send a long one; part all]"));
    driver.turn();
    assert_eq!(driver.messages(key), ["this isall", "a long one"].map(Message::from));
}

/// Wherever the transport is full, what comes behind is in its place, and nothing is in a frame's inside.
#[test]
fn what_the_transport_does_not_take_is_queued() {
    let long = "é".repeat(70);
    for room in 0..=4 + long.len() {
        let (mut driver, key) = driver();
        driver.limit_room(key, room);
        driver.exchange(key, &[text(&long), text("next"), ping(b"!")].concat());
        let taken = driver.stats().bytes_out;
        driver.turn();
        assert_eq!(driver.stats().bytes_out, taken, "a full transport is not offered more");
        let is_out = room == 4 + long.len();
        driver.give_room(key, usize::MAX);
        let (long, next) = (Message::from(&*long), Message::from("next"));
        let pong = Message::Pong(b"!"[..].into());
        let expected = match room {
            0 => [pong, long, next],
            _ if is_out => [long, next, pong],
            _ => [long, pong, next],
        };
        assert_eq!(driver.messages(key), expected, "room for {room}");
        let drained = driver.log().contains(&"drained".to_owned());
        assert_eq!(drained, !is_out && 144 + 6 - room > 100, "room for {room}");
    }
}

#[test]
fn a_frame_that_has_begun_is_ended_whatever_is_dropped() {
    for room in 0..12 {
        let (mut driver, key) = driver();
        driver.limit_room(key, room);
        driver.exchange(key, &[text("a long one"), text("dropped"), text("/fill 300")].concat());
        driver.settle();
        driver.give_room(key, usize::MAX);
        let messages = driver.messages(key);
        let close = close_frame(CloseCode::Again, "");
        let begun = Message::from("a long one");
        let expected = if room == 0 { vec![close] } else { vec![begun, close] };
        assert_eq!(messages, expected, "room for {room}");
    }
}

#[test]
fn the_write_deadline_runs_from_what_was_not_taken() {
    let (mut driver, key) = driver();
    driver.limit_room(key, 5);
    driver.exchange(key, &text("a long one"));
    driver.turn();
    driver.pass_almost(Duration::from_secs(5));
    assert!(!driver.log().iter().any(|line| line.starts_with("closed")));
    driver.pass(Duration::from_micros(1));
    assert_eq!(driver.log().last().unwrap(), "closed Timeout(Write)");
}

#[test]
fn a_transport_that_would_rather_not_is_not_full() {
    let (mut driver, key) = driver();
    driver.shard.exchange(key, &mut text("a long one"), driver.now, &mut |_| None);
    assert_eq!(driver.messages(key), []);
    driver.turn();
    assert_eq!(driver.messages(key), [Message::from("a long one")]);
}

proptest! {
    /// With and without, the peer is told the same, in the same order.
    #[test]
    fn it_changes_nothing_but_when(
        sizes in prop::collection::vec(0_usize..60, 1..12),
        rooms in prop::collection::vec(prop_oneof![Just(None), (0_usize..80).prop_map(Some)], 12),
    ) {
        let said: Vec<String> = sizes.iter().map(|&size| "x".repeat(size)).collect();
        let mut driver = Driver::with(|config| {
            config.budget.copied_bytes = 20;
            config.limits.overflow = Overflow::Drop;
        });
        let key = driver.upgrade();
        for (words, &room) in said.iter().zip(&rooms) {
            if let Some(room) = room {
                driver.give_room(key, room);
            }
            driver.exchange(key, &text(words));
            if room.is_none_or(|room| room % 2 == 0) {
                driver.turn();
            }
        }
        driver.give_room(key, usize::MAX);
        let expected: Vec<Message> = said.into_iter().map(Message::from).collect();
        prop_assert_eq!(driver.messages(key), expected);
    }
}
