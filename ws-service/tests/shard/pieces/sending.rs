//! Messages that are sent in pieces.

use std::io::IoSlice;

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{CloseKind, Frame, Mail, Overflow};

use crate::driver::Driver;
use crate::driver::client::{ping, text};
use crate::driver::peer::{close_frame, decode};

fn results(driver: &Driver) -> Vec<String> {
    let log = driver.log();
    log.iter().filter_map(|line| Some(line.split_once(" -> ")?.1.to_owned())).collect()
}

#[test]
fn pieces_arrive_as_one_message() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text("/part [one,; part two,; part three]; part [whole]; part [; part ]"));
    let bytes = driver.output(key);
    assert_eq!(bytes[..6], *b"\x01\x04one,", "the first, not final");
    assert_eq!(bytes[6..11], *b"\x00\x04two", "a continuation");
    assert_eq!(results(&driver), ["Ok(Queued)"; 6]);
    assert_eq!(driver.stats().messages_out, 3);
}

#[test]
fn a_piece_that_can_t_come_next_is_not_taken() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(
        key,
        &text("/part later; part later]; part [first; part [first; part [first]; part end]"),
    );
    let (wrong, taken) = ("Err(OutOfSequence)", "Ok(Queued)");
    assert_eq!(results(&driver), [wrong, wrong, taken, wrong, wrong, taken]);
    assert_eq!(driver.messages(key), [Message::from("firstend")]);
}

#[test]
fn all_else_waits_for_the_last_piece_but_control_frames_do_not() {
    let mut driver = Driver::new();
    let (key, other) = (driver.upgrade(), driver.upgrade());
    driver.say(key, &text("/sub t; part [one,; send sent; queued"));
    driver.say(other, &text("/pub t published"));
    driver.mail(Mail::Send(key, Frame::new("mailed".into())));
    driver.say(key, &ping(b"?"));
    driver.settle();
    let first = driver.output(key);
    assert_eq!(first, b"\x01\x04one,\x8a\x01?", "nothing else");
    let waiting = "sent".len() + "published".len() + "mailed".len() + 3 * 2;
    assert_eq!(driver.stats().queued_bytes, waiting as u64);
    driver.say(key, &text("/part two]; send behind"));
    driver.settle();
    assert_eq!(driver.stats().queued_bytes, 0);
    let expected = ["one,two", "sent", "published", "mailed", "behind"].map(Message::from);
    assert_eq!(decode(&[first, driver.output(key)].concat())[1..], expected);
}

/// A slow peer's queue is let go of as it is sent, and not only when all has been.
#[test]
fn what_has_waited_is_queued_in_small_chunks() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text("/part [one"));
    let frame = Frame::new([7; 1_000][..].into());
    for _ in 0..1_000 {
        driver.mail(Mail::Send(key, frame.clone()));
    }
    driver.limit_room(key, 0);
    driver.say(key, &text("/part two]"));
    let mut slices = [(); 20].map(|()| IoSlice::new(&[]));
    let count = driver.shard.output(key, &mut slices);
    let sizes: Vec<_> = slices[..count].iter().map(|slice| slice.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 1_000 * 1_004 + 5, "{sizes:?}");
    assert!(sizes.iter().all(|&size| size <= 64 * 1024), "{sizes:?}");
}

#[test]
fn closing_leaves_the_message_unfinished_and_drops_what_waits() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text("/part [one; send waits; close 1001 bye; part two]"));
    assert_eq!(results(&driver).last().unwrap(), "Err(Closed)");
    assert_eq!(driver.stats().queued_bytes, 0);
    let bytes = driver.output(key);
    assert_eq!(bytes, b"\x01\x03one\x88\x05\x03\xe9bye");
}

#[test]
fn what_waits_counts_against_the_limit() {
    let mut driver = Driver::with(|config| config.limits.queued_bytes = 100);
    let key = driver.upgrade();
    driver.say(key, &text("/part [one; fill 60; fill 60"));
    assert_eq!(results(&driver), ["Ok(Queued)", "Ok(Queued)", "Err(Overflow)"]);
    assert_eq!(driver.stats().closes(CloseKind::Backlog), 1);
    driver.settle();
    assert_eq!(driver.stats().queued_bytes, 0);
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Again, "")]);
}

#[test]
fn a_piece_there_is_no_room_for_can_be_sent_again() {
    let mut driver = Driver::with(|config| {
        config.limits.queued_bytes = 100;
        config.limits.overflow = Overflow::Drop;
    });
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    driver
        .say(key, &text("/fill 90; part [one; part two, too long to fit; part three is too long]"));
    assert_eq!(results(&driver), ["Ok(Queued)", "Ok(Queued)", "Err(Dropped)", "Err(Dropped)"]);
    driver.give_room(key, usize::MAX);
    driver.say(key, &text("/part two, too long to fit; part three]"));
    let messages = driver.messages(key);
    assert_eq!(messages[1..], [Message::from("onetwo, too long to fitthree")]);
}

/// A pong that overtakes does so between two pieces, never inside one.
#[test]
fn control_frames_overtake_between_pieces() {
    for room in 0..30 {
        let mut driver = Driver::new();
        let key = driver.upgrade();
        driver.limit_room(key, room);
        driver.say(key, &text("/part [one,; part two,; part three]"));
        driver.say(key, &ping(b"?"));
        driver.give_room(key, usize::MAX);
        let mut messages = driver.messages(key);
        messages.sort_by_key(Message::is_text);
        assert_eq!(messages, [Message::Pong("?".into()), "one,two,three".into()], "cut at {room}");
    }
}

#[test]
fn a_peer_that_closes_gets_its_answer_inside_the_message() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text("/part [one"));
    driver.output(key);
    driver.say(key, &crate::driver::client::close(1000, ""));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Normal, "")]);
}
