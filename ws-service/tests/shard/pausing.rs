//! Reading that pauses and goes on.

use std::time::Duration;

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::protocols;
use ws_service::shard::{CloseCode as Code, CloseKind, Config, Mail};

use crate::driver::Driver;
use crate::driver::client::{self, FIN, TEXT, frame, pong, text};
use crate::driver::peer::close_frame;

const SECOND: Duration = Duration::from_secs(1);

/// Pings after 10 s, hangs up after 20 s.
fn driver() -> Driver {
    Driver::with(times)
}

fn times(config: &mut Config) {
    config.timeouts.ping_after = Some(10 * SECOND);
    config.timeouts.hangup_after = Some(20 * SECOND);
    config.timeouts.message = Some(5 * SECOND);
}

#[test]
fn what_comes_is_left_with_the_transport_until_it_goes_on() {
    let mut driver = driver();
    let (key, other) = (driver.upgrade(), driver.upgrade());
    driver.say(key, &text("/pause"));
    assert!(driver.shard.is_paused(key) && !driver.shard.is_paused(other));
    assert_eq!(driver.stats().paused, 1);
    driver.mail(Mail::Note(key, "/resume".into()));
    assert!(!driver.shard.is_paused(key));
    assert!(driver.is_read_again(key) && !driver.is_read_again(other));
    assert_eq!(driver.stats().paused, 0);
    driver.mail(Mail::Note(key, "/resume".into()));
    assert!(!driver.is_read_again(key), "it was not paused");
}

#[test]
fn what_has_been_received_is_still_delivered() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &[text("/pause"), text("behind it")].concat());
    assert_eq!(driver.messages(key), [Message::from("behind it")]);
}

#[test]
fn a_handler_that_pauses_and_goes_on_has_not_paused() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &text("/pause; resume"));
    assert!(!driver.shard.is_paused(key) && !driver.is_read_again(key));
}

#[test]
fn silence_proves_nothing_meanwhile() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &text("/pause"));
    driver.pass(3_600 * SECOND);
    assert_eq!(driver.messages(key), [], "no ping, no close");
    driver.mail(Mail::Note(key, "/resume".into()));
    driver.pass_almost(10 * SECOND);
    assert_eq!(driver.messages(key), []);
    driver.pass(Duration::from_micros(1));
    assert!(matches!(driver.messages(key)[..], [Message::Ping(_)]), "the times begin anew");
    driver.pass(10 * SECOND);
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 1);
}

/// The pong that answers the last ping may wait behind the pause.
#[test]
fn a_ping_before_the_pause_is_answered_behind_it() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.pass(10 * SECOND);
    let [Message::Ping(payload)] = &driver.messages(key)[..] else { panic!("a ping") };
    driver.mail(Mail::Note(key, "/pause".into()));
    driver.pass(100 * SECOND);
    driver.mail(Mail::Note(key, "/resume".into()));
    driver.pass(15 * SECOND);
    assert_eq!(driver.messages(key), [Message::Ping(payload.clone())], "asked again");
    driver.say(key, &pong(payload));
    driver.pass_almost(10 * SECOND);
    assert_eq!(driver.messages(key), [], "an answer to either is one");
    driver.pass(Duration::from_micros(1));
    assert!(matches!(&driver.messages(key)[..], [Message::Ping(next)] if next != payload));
}

#[test]
fn vouching_for_a_paused_peer_starts_no_clock() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &text("/pause; alive"));
    driver.mail(Mail::Note(key, "/alive".into()));
    driver.pass(100 * SECOND);
    assert_eq!(driver.messages(key), []);
}

#[test]
fn the_rest_of_a_message_may_wait_behind_the_pause() {
    let mut driver = driver();
    let key = driver.upgrade();
    let message = text("a message");
    driver.say(key, &[&text("/pause")[..], &message[..8]].concat());
    driver.pass(100 * SECOND);
    driver.mail(Mail::Note(key, "/resume".into()));
    driver.pass(4 * SECOND);
    driver.say(key, &message[8..9]);
    driver.pass_almost(5 * SECOND);
    assert_eq!(driver.messages(key), [], "its deadline runs from the first byte behind the pause");
    driver.say(key, &message[9..]);
    assert_eq!(driver.messages(key), [Message::from("a message")]);
}

#[test]
fn a_message_deadline_that_runs_is_stopped() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &frame(TEXT, b"one "));
    driver.mail(Mail::Note(key, "/pause".into()));
    driver.pass(100 * SECOND);
    driver.mail(Mail::Note(key, "/resume".into()));
    driver.say(key, &frame(FIN, b"two"));
    assert_eq!(driver.messages(key), [Message::from("one two")]);
}

#[test]
fn a_connection_that_ends_is_read_to_its_end() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.say(key, &text("/pause"));
    driver.mail(Mail::Close(key, Code::Normal, "bye".into()));
    assert!(driver.is_read_again(key) && !driver.shard.is_paused(key));
    driver.say(key, &client::close(1000, ""));
    assert!(driver.is_closed(key));
    let key = driver.upgrade();
    driver.say(key, &text("/pause"));
    driver.hang_up(key);
    assert_eq!(driver.stats().paused, 0);
}

/// `/echo` reads no more from a peer that doesn't take what it asked for.
#[test]
fn the_echo_stops_listening_to_those_who_do_not() {
    let mut driver = Driver::of(protocols::Echo, |config| {
        config.limits.high_water = 1_000;
    });
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    let long = "x".repeat(600);
    driver.say(key, &text(&long));
    assert!(!driver.shard.is_paused(key));
    driver.say(key, &text(&long));
    assert!(driver.shard.is_paused(key));
    driver.give_room(key, 604);
    assert!(driver.shard.is_paused(key), "604 bytes left");
    driver.give_room(key, usize::MAX);
    assert!(!driver.shard.is_paused(key) && driver.is_read_again(key));
    assert_eq!(driver.messages(key), [Message::from(&*long), Message::from(&*long)]);
    assert_eq!(driver.stats().dropped, 0);
}

#[test]
fn a_close_can_be_answered_while_paused_output_waits() {
    let mut driver = driver();
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    driver.say(key, &text("/pause; send waits; close 1000 done"));
    driver.give_room(key, usize::MAX);
    let expected = [Message::from("waits"), close_frame(CloseCode::Normal, "done")];
    assert_eq!(driver.messages(key), expected);
}
