//! Long messages go out while their handler runs, as far as the transport takes them.

use std::time::Duration;

use proptest::prelude::*;
use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{ConnectionKey, Overflow};

use crate::driver::Driver;
use crate::driver::client::{FIN, TEXT, binary, frame, ping, text};
use crate::driver::peer::close_frame;

/// Messages of 160 bytes are long here, of ten if they are the last.
fn driver() -> (Driver, ConnectionKey) {
    let mut driver = Driver::with(|config| {
        config.budget.copied_bytes = 160;
        config.limits.high_water = 100;
        config.limits.queued_bytes = 500;
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
    driver.exchange(key, &binary(&vec![7; 70_000]));
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

/// Each would be a system call of its own.
#[test]
fn several_that_are_not_very_long_go_together() {
    let (mut driver, key) = driver();
    let long = "x".repeat(159);
    driver.exchange(key, &[text(&long), text(&long)].concat());
    assert_eq!(driver.messages(key), []);
    driver.turn();
    assert_eq!(driver.messages(key).len(), 2);
    let long = "x".repeat(160);
    driver.exchange(key, &[text(&long), ping(b"!")].concat());
    assert_eq!(driver.messages(key), [Message::from(long)]);
}

/// A handler may have much to say to one message.
#[test]
fn only_the_first_of_several_answers_is_out_before_the_turn() {
    let (mut driver, key) = driver();
    driver.exchange(key, &text("/fill 10; fill 11; fill 12"));
    assert_eq!(driver.messages(key).len(), 1);
    let writes = driver.bill(Driver::turn).writes;
    assert_eq!((writes, driver.messages(key).len()), (1, 2));
}

/// However fast its peer reads.
#[test]
fn a_handler_that_sends_until_it_is_to_wait_is_told_to() {
    let (mut driver, key) = driver();
    driver.exchange(key, &text(&format!("/{}", "fill 160;".repeat(5))));
    let log = driver.log();
    assert_eq!(log.iter().filter(|line| line.ends_with("Ok(Queued)")).count(), 1, "{log:?}");
    assert!(log.contains(&"fill 160 -> Ok(AboveHighWater)".to_owned()), "{log:?}");
    assert_eq!(driver.messages(key).len(), 1);
    driver.turn();
    assert!(!driver.messages(key).is_empty());
}

#[test]
fn one_that_came_in_fragments_is_out_before_the_turn_too() {
    let (mut driver, key) = driver();
    let half = [b'x'; 80];
    driver.exchange(key, &frame(TEXT, &half));
    driver.exchange(key, &frame(FIN, &half));
    assert_eq!(driver.messages(key), [Message::from("x".repeat(160))]);
}

#[test]
fn none_overtakes_what_waits() {
    let (mut driver, key) = driver();
    let long = "x".repeat(160);
    driver.exchange(key, &[text("first"), text(&long), text("the last")].concat());
    assert_eq!(driver.messages(key), []);
    driver.turn();
    assert_eq!(driver.messages(key), ["first", &long, "the last"].map(Message::from));
    driver.exchange(key, &text("/part [this is"));
    driver.turn();
    driver.exchange(key, &text("a long one"));
    assert!(driver.shard.next_dirty().is_none());
    driver.exchange(key, &text("/part all]"));
    driver.turn();
    assert_eq!(driver.messages(key), ["this isall", "a long one"].map(Message::from));
}

/// Wherever the transport is full, what comes behind is in its place, and nothing is in a frame's inside.
#[test]
fn what_the_transport_does_not_take_is_queued() {
    let long = "é".repeat(80);
    for room in 0..=4 + long.len() {
        let (mut driver, key) = driver();
        driver.limit_room(key, room);
        driver.exchange(key, &[text(&long), text("next"), ping(b"!")].concat());
        let is_out = room == 4 + long.len();
        let writes = driver.bill(Driver::turn).writes;
        assert_eq!(writes, usize::from(is_out), "a full transport is not offered more");
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
        assert_eq!(drained, !is_out && 164 + 6 - room > 100, "room for {room}");
    }
}

#[test]
fn a_frame_that_has_begun_is_ended_whatever_is_dropped() {
    for room in 0..12 {
        let (mut driver, key) = driver();
        driver.limit_room(key, room);
        let long = "x".repeat(160);
        driver.exchange(key, &[text(&long), text("dropped"), text("/fill 500")].concat());
        driver.settle();
        driver.give_room(key, usize::MAX);
        let messages = driver.messages(key);
        let close = close_frame(CloseCode::Again, "");
        let begun = Message::from(long);
        let expected = if room == 0 { vec![close] } else { vec![begun, close] };
        assert_eq!(messages, expected, "room for {room}");
    }
}

#[test]
fn so_it_is_where_its_handler_panics() {
    for room in 1..12 {
        let (mut driver, key) = driver();
        driver.limit_room(key, room);
        driver.exchange(key, &text("/fill 10; panic"));
        driver.settle();
        driver.give_room(key, usize::MAX);
        let begun = Message::from("..........".as_bytes().to_vec());
        assert_eq!(driver.messages(key), [begun, close_frame(CloseCode::Error, "")], "{room}");
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
            config.budget.copied_bytes = 40;
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
