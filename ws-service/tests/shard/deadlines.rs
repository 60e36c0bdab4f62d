//! What a connection can run out of time for, other than proving that it is there.

use std::time::Duration;

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{CloseKind, Deadline};

use crate::driver::Driver;
use crate::driver::client::{FIN, TEXT, frame, ping, text};
use crate::driver::peer::close_frame;

const SECOND: Duration = Duration::from_secs(1);
const MICRO: Duration = Duration::from_micros(1);

/// Without the pings that would come between.
fn driver() -> Driver {
    Driver::with(|config| {
        config.timeouts.ping_after = None;
        config.timeouts.hangup_after = None;
    })
}

#[test]
fn a_message_is_timed_from_its_first_byte_to_its_last() {
    let mut driver = driver();
    let key = driver.upgrade();
    let bytes = frame(FIN | TEXT, &[b'a'; 100]);
    driver.say(key, &bytes[..1]);
    for byte in &bytes[1..60] {
        driver.pass(SECOND);
        driver.say(key, &[*byte]);
    }
    driver.pass_almost(SECOND);
    assert_eq!(driver.output(key), b"");
    driver.pass(MICRO);
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Policy, "")]);
    assert_eq!(driver.log().last().unwrap(), "closed Timeout(Message)");
    assert_eq!(driver.stats().closes(CloseKind::MessageTimeout), 1);
    assert!(driver.is_shut(key));
}

#[test]
fn fragments_and_pings_do_not_renew_a_messages_time() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &frame(TEXT, b"a"));
    driver.pass(30 * SECOND);
    driver.say(key, &[frame(0, b"b"), ping(b"")].concat());
    driver.pass_almost(30 * SECOND);
    assert_eq!(driver.stats().closes(CloseKind::MessageTimeout), 0);
    driver.pass(MICRO);
    assert_eq!(driver.stats().closes(CloseKind::MessageTimeout), 1);
}

#[test]
fn each_message_has_its_own_time() {
    let mut driver = driver();
    let key = driver.upgrade();
    let bytes = text("message");
    driver.say(key, &bytes[..3]);
    for _ in 0..10 {
        driver.pass(59 * SECOND);
        driver.say(key, &[&bytes[3..], &bytes[..3]].concat());
    }
    driver.say(key, &bytes[3..]);
    assert_eq!(driver.stats().armed(Deadline::Message), 0);
    driver.pass(1000 * SECOND);
    assert_eq!(driver.messages(key).len(), 11);
}

#[test]
fn half_a_control_frame_is_timed_like_a_message() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &ping(b"abc")[..7]);
    driver.pass(60 * SECOND);
    assert_eq!(driver.stats().closes(CloseKind::MessageTimeout), 1);
}

#[test]
fn a_peer_that_takes_nothing_for_too_long_is_let_go() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.limit_room(key, 1);
    driver.say(key, &text("one"));
    driver.pass(29 * SECOND);
    driver.give_room(key, 1);
    driver.pass_almost(30 * SECOND);
    assert!(!driver.is_closed(key), "progress gave it time");
    driver.give_room(key, 0);
    driver.pass(MICRO);
    assert!(driver.is_closed(key), "being asked again did not");
    assert_eq!(driver.log().last().unwrap(), "closed Timeout(Write)");
    assert_eq!(driver.stats().closes(CloseKind::WriteTimeout), 1);
}

#[test]
fn an_empty_queue_has_no_deadline() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.limit_room(key, 1);
    driver.say(key, &text("one"));
    assert_eq!(driver.stats().armed(Deadline::Write), 1);
    driver.give_room(key, usize::MAX);
    assert_eq!(driver.stats().armed(Deadline::Write), 0);
    driver.pass(1000 * SECOND);
    assert!(!driver.is_closed(key));
}

#[test]
fn the_protocols_timer_comes_when_it_was_set_for() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.log();
    driver.say(key, &text("/timer 500"));
    driver.pass(Duration::from_micros(499));
    assert_eq!(driver.log(), ["message"]);
    driver.pass(MICRO);
    assert_eq!(driver.log(), ["timer"]);
    driver.pass(SECOND);
    assert_eq!(driver.log(), [""; 0], "once");
    assert_eq!(driver.stats().expired(Deadline::User), 1);
}

#[test]
fn a_newer_timer_replaces_the_older_and_none_none() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &text("/timer 500; timer 900"));
    driver.say(key, &text("/timer 700"));
    driver.log();
    driver.pass(Duration::from_micros(699));
    assert_eq!(driver.log(), [""; 0]);
    driver.pass(MICRO);
    assert_eq!(driver.log(), ["timer"]);
    driver.say(key, &text("/timer 5"));
    driver.say(key, &text("/untimer"));
    driver.pass(SECOND);
    assert_eq!(driver.log(), ["message", "message"]);
}

#[test]
fn a_timer_may_set_itself_again() {
    let mut driver = driver();
    driver.protocol.when("timer", "send tick; timer 1000");
    let key = driver.upgrade();
    driver.say(key, &text("/timer 1000"));
    driver.pass(Duration::from_micros(10_500));
    assert_eq!(driver.messages(key), vec![Message::from("tick"); 10]);
}

/// A timer that is set for now in its own handler comes in the next turn: a turn always ends.
#[test]
fn a_timer_that_is_always_due_comes_once_a_turn() {
    let mut driver = driver();
    driver.protocol.when("timer", "timer 0");
    let key = driver.upgrade();
    driver.say(key, &text("/timer 0"));
    driver.log();
    for _ in 0..3 {
        assert!(driver.shard.earliest().is_some_and(|earliest| earliest <= driver.now));
        driver.turn();
        assert_eq!(driver.log(), ["timer"]);
    }
    driver.hang_up(key);
    assert_eq!(driver.log(), ["closed Disconnected"]);
}

#[test]
fn a_closing_connection_has_no_timer() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &text("/timer 5; close 1000 bye; timer 6"));
    driver.log();
    driver.pass(SECOND);
    assert_eq!(driver.log(), [""; 0]);
    assert_eq!(driver.stats().armed(Deadline::User), 0);
}

/// lws #2877: a cancel that fired at once; and a timer beyond the end of time.
#[test]
fn the_longest_timer_never_comes() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &text(&format!("/timer {}", u64::MAX)));
    driver.pass(Duration::from_secs(1 << 40));
    assert!(!driver.log().contains(&"timer".to_owned()));
    driver.say(key, &text("/untimer"));
    assert_eq!(driver.shard.earliest(), None);
}

#[test]
fn without_deadlines_nothing_is_armed() {
    let mut driver = Driver::with(|config| {
        let timeouts = &mut config.timeouts;
        (timeouts.handshake, timeouts.ping_after, timeouts.hangup_after) = (None, None, None);
        (timeouts.message, timeouts.write) = (None, None);
    });
    let key = driver.connect();
    assert_eq!(driver.shard.earliest(), None);
    driver.say(key, b"GET");
    driver.pass(1000 * SECOND);
    assert!(driver.shard.contains(key));
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    driver.say(key, &[text("one"), frame(TEXT, b"half")].concat());
    assert_eq!((driver.shard.timers(), driver.shard.earliest()), (0, None));
}

#[test]
fn every_connection_has_at_most_one_timer() {
    let mut driver = Driver::new();
    for _ in 0..10 {
        let key = driver.upgrade();
        driver.limit_room(key, 0);
        driver.say(key, &[text("/timer 5000"), text("x"), frame(TEXT, b"half")].concat());
    }
    assert_eq!(driver.shard.timers(), 10);
    let armed: u64 = Deadline::ALL.into_iter().map(|it| driver.stats().armed(it)).sum();
    assert_eq!(armed, 50, "ping, hang-up, message, write and user");
}
