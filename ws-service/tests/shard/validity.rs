//! Proof that a peer receives: what counts as one, and what happens without it.

use std::time::Duration;

use tungstenite::Message;
use ws_service::shard::{CloseKind, ConnectionKey, Mail};

use crate::driver::Driver;
use crate::driver::client::{FIN, TEXT, frame, pong, text};

const SECOND: Duration = Duration::from_secs(1);
const MICRO: Duration = Duration::from_micros(1);

/// Pinged after 10 s, hung up on after 25 s.
fn driver() -> (Driver, ConnectionKey) {
    let mut driver = Driver::with(|config| {
        config.timeouts.ping_after = Some(10 * SECOND);
        config.timeouts.hangup_after = Some(25 * SECOND);
    });
    let key = driver.upgrade();
    (driver, key)
}

/// The payload of the one ping that has come.
fn pinged(driver: &mut Driver, key: ConnectionKey) -> Vec<u8> {
    match &driver.messages(key)[..] {
        [Message::Ping(payload)] => payload.to_vec(),
        other => panic!("no ping: {other:?}"),
    }
}

#[test]
fn a_silent_peer_is_pinged_and_hung_up_on_to_the_microsecond() {
    let (mut driver, key) = driver();
    driver.pass_almost(10 * SECOND);
    assert_eq!(driver.output(key), b"");
    driver.pass(MICRO);
    pinged(&mut driver, key);
    driver.pass_almost(15 * SECOND);
    assert!(!driver.is_closed(key));
    driver.pass(MICRO);
    assert!(driver.is_closed(key), "without a closing handshake");
    assert_eq!(driver.output(key), b"");
    assert_eq!(driver.log().last().unwrap(), "closed Timeout(HangUp)");
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 1);
}

#[test]
fn the_answering_pong_moves_both_deadlines() {
    let (mut driver, key) = driver();
    for _ in 0..5 {
        driver.pass(10 * SECOND);
        let ping = pinged(&mut driver, key);
        driver.pass(14 * SECOND);
        driver.say(key, &pong(&ping));
    }
    driver.pass_almost(25 * SECOND);
    assert!(!driver.is_closed(key));
    driver.pass(MICRO);
    assert!(driver.is_closed(key), "25 s after the last pong");
}

#[test]
fn messages_and_wrong_pongs_prove_nothing() {
    let (mut driver, key) = driver();
    driver.say(key, &pong(&[0, 0, 0, 1]));
    driver.pass(10 * SECOND);
    let ping = pinged(&mut driver, key);
    for wrong in [&ping[..3], b"", &[ping.clone(), ping.clone()].concat()[..]] {
        driver.say(key, &[pong(wrong), text("I can send")].concat());
    }
    driver.pass(15 * SECOND);
    assert!(driver.is_closed(key));
}

#[test]
fn a_pong_counts_once() {
    let (mut driver, key) = driver();
    driver.pass(10 * SECOND);
    let ping = pinged(&mut driver, key);
    driver.say(key, &pong(&ping));
    driver.pass(9 * SECOND);
    driver.say(key, &pong(&ping));
    driver.pass(MICRO);
    driver.pass_almost(SECOND);
    assert_ne!(pinged(&mut driver, key), ping, "a new question");
}

#[test]
fn the_protocol_may_know_better() {
    let (mut driver, key) = driver();
    for _ in 0..5 {
        driver.pass(9 * SECOND);
        driver.say(key, &text("/alive"));
    }
    assert_eq!(driver.output(key), b"", "no ping was needed");
    driver.pass(24 * SECOND);
    driver.mail(Mail::Note(key, "/alive".to_owned()));
    driver.pass_almost(25 * SECOND);
    assert!(!driver.is_closed(key));
    driver.pass(MICRO);
    assert!(driver.is_closed(key));
}

/// A peer can't answer inside its own frame: there the message deadline rules.
#[test]
fn the_hang_up_waits_for_the_end_of_a_half_received_frame() {
    let (mut driver, key) = driver();
    driver.pass(10 * SECOND);
    let ping = pinged(&mut driver, key);
    let bytes = frame(FIN | TEXT, b"slow");
    driver.say(key, &bytes[..7]);
    driver.pass(40 * SECOND);
    assert!(!driver.is_closed(key));
    driver.say(key, &[bytes[7..].to_vec(), pong(&ping)].concat());
    assert_eq!(driver.messages(key), [Message::from("slow")]);
    driver.pass(10 * SECOND);
    pinged(&mut driver, key);
    driver.pass_almost(15 * SECOND);
    assert!(!driver.is_closed(key));
    driver.pass(MICRO);
    assert!(driver.is_closed(key), "measured from the pong");
}

#[test]
fn after_that_frame_the_peer_has_the_time_that_an_answer_has() {
    let (mut driver, key) = driver();
    let bytes = frame(FIN | TEXT, b"slow");
    driver.say(key, &bytes[..1]);
    driver.pass(30 * SECOND);
    assert!(!driver.is_closed(key));
    driver.say(key, &bytes[1..]);
    driver.pass(14 * SECOND);
    driver.say(key, &text("which messages do not move"));
    driver.pass_almost(SECOND);
    assert!(!driver.is_closed(key));
    driver.pass(MICRO);
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 1);
}

#[test]
fn a_frame_that_never_ends_is_ended_by_the_message_deadline() {
    let (mut driver, key) = driver();
    driver.pass(20 * SECOND);
    driver.say(key, &frame(FIN | TEXT, b"slow")[..9]);
    driver.pass_almost(60 * SECOND);
    assert_eq!(driver.stats().closes(CloseKind::MessageTimeout), 0);
    driver.pass(MICRO);
    assert_eq!(driver.stats().closes(CloseKind::MessageTimeout), 1);
}

#[test]
fn between_the_fragments_of_a_message_a_pong_is_possible() {
    let (mut driver, key) = driver();
    driver.pass(20 * SECOND);
    driver.say(key, &frame(TEXT, b"first of two"));
    driver.pass(5 * SECOND);
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 1);
}

#[test]
fn without_a_message_deadline_nothing_defers_the_hang_up() {
    let mut driver = Driver::with(|config| config.timeouts.message = None);
    let key = driver.upgrade();
    driver.say(key, &frame(FIN | TEXT, b"slow")[..9]);
    driver.pass(60 * SECOND);
    assert!(driver.is_closed(key));
}

/// lws #1730, #1771, #1773: a ping's timer outlived what it was for.
#[test]
fn a_closed_connection_is_neither_pinged_nor_hung_up_on() {
    let (mut driver, key) = driver();
    driver.say(key, &text("/close 1000 bye"));
    driver.output(key);
    driver.pass(100 * SECOND);
    assert_eq!(driver.output(key), b"");
    let stats = driver.stats();
    assert_eq!((stats.closes(CloseKind::Local), stats.closes(CloseKind::HangUp)), (1, 0));
}

/// RFC 6455 §5.5.1: after a Close, nothing. The pong that answers our last ping may come behind it.
#[test]
fn a_pong_behind_our_close_brings_no_more_pings() {
    let mut driver = Driver::with(|config| {
        config.timeouts.ping_after = Some(SECOND);
        config.timeouts.hangup_after = Some(3 * SECOND);
        config.timeouts.close = 10 * SECOND;
    });
    let key = driver.upgrade();
    driver.pass(SECOND);
    let ping = pinged(&mut driver, key);
    driver.say(key, &text("/close 1000 bye"));
    driver.output(key);
    driver.say(key, &pong(&ping));
    driver.pass_almost(10 * SECOND);
    assert_eq!(driver.output(key), b"");
    assert!(!driver.is_closed(key));
    driver.pass(MICRO);
    assert!(driver.is_closed(key), "by the close deadline");
}

/// Many whole frames, every receive cut inside one, and never a pong: the time to answer is granted
/// once, not with each frame.
#[test]
fn a_peer_that_streams_and_never_pongs_is_hung_up_on() {
    let (mut driver, key) = driver();
    let message = text(&"x".repeat(100));
    let (head, tail) = message.split_at(40);
    driver.say(key, head);
    let mut seconds = 0;
    while !driver.is_closed(key) {
        driver.pass(SECOND);
        seconds += 1;
        assert!(seconds <= 25 + 1 + 15, "still there after {seconds} s");
        if !driver.is_closed(key) {
            driver.say(key, &[tail, head].concat());
        }
    }
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 1);
    assert!(seconds > 25, "inside a frame it had the time for its pong");
}
