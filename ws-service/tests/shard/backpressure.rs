//! Peers that read slowly, or not at all.

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{CloseKind, Frame, Mail, Overflow};

use crate::driver::Driver;
use crate::driver::client::{binary, ping, text};
use crate::driver::peer::close_frame;

/// With marks of 100 and 300 bytes.
fn driver(overflow: Overflow) -> Driver {
    Driver::with(|config| {
        config.limits.high_water = 100;
        config.limits.queued_bytes = 300;
        config.limits.overflow = overflow;
    })
}

#[test]
fn send_says_when_the_queue_is_above_its_mark_and_drained_when_it_has_gone() {
    let mut driver = driver(Overflow::Close);
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    driver.say(key, &text("/fill 98; queued; fill 0; queued; fill 1"));
    assert_eq!(
        driver.log()[1..],
        [
            "message",
            "fill 98 -> Ok(Queued)",
            "queued -> 100",
            "fill 0 -> Ok(AboveHighWater)",
            "queued -> 102",
            "fill 1 -> Ok(AboveHighWater)",
        ]
    );
    driver.give_room(key, 54);
    assert_eq!(driver.log(), [""; 0], "51 bytes are more than half the mark");
    driver.give_room(key, 1);
    assert_eq!(driver.log(), ["drained"]);
    driver.give_room(key, 10);
    driver.give_room(key, usize::MAX);
    assert_eq!(driver.log(), [""; 0], "once");
    assert_eq!(driver.messages(key).len(), 3);
}

#[test]
fn a_queue_that_never_passed_its_mark_does_not_drain() {
    let mut driver = driver(Overflow::Close);
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    driver.say(key, &text("/fill 98"));
    driver.give_room(key, usize::MAX);
    assert!(!driver.log().contains(&"drained".to_owned()));
}

#[test]
fn drained_comes_again_for_the_next_pressure() {
    let mut driver = driver(Overflow::Close);
    driver.protocol.when("drained", "fill 200");
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    driver.say(key, &text("/fill 200"));
    driver.log();
    for _ in 0..5 {
        driver.give_room(key, 202);
        assert_eq!(driver.log(), ["drained", "fill 200 -> Ok(AboveHighWater)"]);
    }
}

/// RUSTSEC-2020-0043: what was queued for a peer that never reads had no bound.
#[test]
fn too_much_for_a_peer_that_never_reads_closes_it_with_1013() {
    let mut driver = driver(Overflow::Close);
    let key = driver.upgrade();
    driver.limit_room(key, 5);
    driver.say(key, &text("hello, half written"));
    driver.say(key, &ping(b"forgotten, too"));
    driver.say(key, &text("/fill 200; fill 200; fill 1; pub t x"));
    let log = driver.log();
    assert!(log.contains(&"fill 200 -> Err(Overflow)".to_owned()), "{log:?}");
    assert!(log.contains(&"fill 1 -> Err(Closed)".to_owned()), "{log:?}");
    assert_eq!(log.last().unwrap(), "closed Backlog");
    assert!(driver.stats().queued_bytes < 30, "the backlog is let go at once");
    driver.give_room(key, usize::MAX);
    let expected = [Message::from("hello, half written"), close_frame(CloseCode::Again, "")];
    assert_eq!(driver.messages(key), expected, "the half-written frame is whole");
    assert!(driver.is_shut(key));
    assert_eq!(driver.stats().closes(CloseKind::Backlog), 1);
}

#[test]
fn the_half_written_frame_stays_whole_wherever_it_was_cut() {
    for room in 0..=40 {
        let mut driver = driver(Overflow::Close);
        let key = driver.upgrade();
        driver.limit_room(key, room);
        driver.say(key, &[text("one"), text("three"), text("a longer one")].concat());
        driver.say(key, &text("/fill 301"));
        driver.settle();
        driver.give_room(key, usize::MAX);
        let messages = driver.messages(key);
        let all = ["one", "three", "a longer one"].map(Message::from);
        let (close, sent) = messages.split_last().unwrap();
        assert_eq!(close, &close_frame(CloseCode::Again, ""), "cut at {room}");
        assert!(all.starts_with(sent), "cut at {room}: {sent:?}");
    }
}

#[test]
fn or_the_message_is_dropped_and_counted() {
    let mut driver = driver(Overflow::Drop);
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    driver.say(key, &text("/sub t; fill 200; fill 200; fill 90"));
    driver.mail(Mail::Send(key, Frame::new(words(&"x".repeat(200)))));
    driver.mail(Mail::Publish(Frame::new(words(&"x".repeat(200))).to_topic("t")));
    let log = driver.log();
    assert!(log.contains(&"fill 200 -> Err(Dropped)".to_owned()), "{log:?}");
    assert!(log.ends_with(&["lost 1".to_owned(), "lost 1".to_owned()]), "told as well: {log:?}");
    assert_eq!(driver.stats().dropped, 3);
    assert!(driver.stats().queued_bytes <= 310);
    driver.give_room(key, usize::MAX);
    assert_eq!(driver.messages(key).len(), 2);
    driver.say(key, &text("open still"));
    assert_eq!(driver.messages(key), [Message::from("open still")]);
}

fn words(text: &str) -> ws_service::shard::Message<'_> {
    ws_service::shard::Message::Text(text)
}

#[test]
fn a_copy_that_a_subscriber_has_no_room_for_closes_only_that_one() {
    let mut driver = driver(Overflow::Close);
    let (slow, quick) = (driver.upgrade(), driver.upgrade());
    driver.limit_room(slow, 0);
    for key in [slow, quick] {
        driver.say(key, &text("/sub t"));
    }
    driver.say(slow, &text("/fill 200"));
    driver.mail(Mail::Publish(Frame::new(words(&"x".repeat(200))).to_topic("t")));
    assert!(driver.log().contains(&"closed Backlog".to_owned()));
    assert_eq!(driver.messages(quick), [Message::from("x".repeat(200))]);
    driver.give_room(slow, usize::MAX);
    assert_eq!(driver.messages(slow).last(), Some(&close_frame(CloseCode::Again, "")));
}

/// Buffers are used again, and were large for others.
#[test]
fn who_takes_nothing_keeps_no_more_than_twice_what_waits_for_it() {
    let mut driver = Driver::new();
    let quick = driver.upgrade();
    let slow: Vec<_> = (0..10).map(|_| driver.upgrade()).collect();
    for (size, pool) in [(1, 1 << 20), (70_000, 0)] {
        let before = driver.stats().queued_bytes;
        let bill = driver.bill(|driver| {
            for &key in &slow {
                driver.say(quick, &binary(&vec![7; 500_000]));
                driver.limit_room(key, 1);
                driver.say(key, &binary(&vec![7; size]));
            }
        });
        let waits = i64::try_from(driver.stats().queued_bytes - before).unwrap();
        assert!(waits >= 20);
        assert!(bill.kept <= pool + 2 * waits + 10_000, "{} for {waits}", bill.kept);
    }
}

#[test]
fn nothing_is_offered_to_a_full_transport_until_it_has_room() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    driver.say(key, &text("one"));
    driver.say(key, &text("two"));
    assert_eq!(driver.shard.next_dirty(), None);
    driver.shard.writable(key);
    driver.shard.turn(driver.now);
    assert_eq!(driver.shard.next_dirty(), Some(key));
    assert_eq!(driver.shard.next_dirty(), None, "each once");
    driver.shard.writable(key);
    driver.give_room(key, usize::MAX);
    assert_eq!(driver.messages(key), ["one", "two"].map(Message::from));
}

#[test]
fn the_gauge_of_queued_bytes_follows_the_queue() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.limit_room(key, 4);
    driver.say(key, &text("12345678"));
    assert_eq!(driver.stats().queued_bytes, 6);
    driver.say(key, &ping(b"!"));
    driver.say(key, &ping(b"?"));
    assert_eq!(driver.stats().queued_bytes, 6 + 3, "a newer pong replaces the older");
    driver.give_room(key, 7);
    assert_eq!(driver.stats().queued_bytes, 2);
    driver.give_room(key, usize::MAX);
    assert_eq!(driver.stats().queued_bytes, 0);
}

/// A handler that always has more to send, to a peer that takes it all, ends no turn later.
#[test]
fn what_drained_sends_is_for_the_next_turn() {
    let mut driver = driver(Overflow::Close);
    driver.protocol.when("drained", "fill 200");
    let key = driver.upgrade();
    driver.log();
    driver.say(key, &text("/fill 200"));
    for _ in 0..5 {
        let drained = driver.log().iter().filter(|line| *line == "drained").count();
        assert_eq!(drained, 1);
        assert!(driver.shard.earliest().is_some_and(|earliest| earliest <= driver.now));
        driver.turn();
    }
}
