//! A peer that has ended only its own side still reads: what it was sent before is not thrown away.

use std::time::Duration;

use tungstenite::Message;
use ws_service::shard::{CloseCode, CloseKind};

use crate::driver::Driver;
use crate::driver::client::{close, text};
use crate::driver::peer::close_frame;

#[test]
fn a_refusal_reaches_a_client_that_has_ended_its_side() {
    let mut driver = Driver::new();
    let key = driver.connect();
    driver.shard.receive(key, &mut b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), driver.now);
    driver.shard.ended(key, driver.now);
    driver.settle();
    assert_eq!(driver.status(key), 426);
    assert!(driver.is_closed(key));
}

#[test]
fn the_echo_and_the_close_reach_it_too() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    let mut all = [text("last"), close(1000, "")].concat();
    driver.shard.receive(key, &mut all, driver.now);
    driver.shard.ended(key, driver.now);
    driver.settle();
    let expected = [Message::from("last"), close_frame(CloseCode::Normal, "")];
    assert_eq!(driver.messages(key), expected);
    assert!(driver.is_closed(key));
    assert_eq!(driver.stats().closes(CloseKind::Peer), 1);
}

#[test]
fn without_a_close_it_is_disconnected_but_gets_what_was_queued() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.limit_room(key, 2);
    driver.say(key, &text("last"));
    driver.shard.ended(key, driver.now);
    driver.settle();
    assert!(!driver.is_closed(key), "it may still read");
    driver.give_room(key, usize::MAX);
    assert_eq!(driver.messages(key), [Message::from("last")]);
    assert!(driver.is_closed(key));
    assert_eq!(driver.stats().closes(CloseKind::Disconnected), 1);
}

#[test]
fn it_does_not_keep_the_connection_for_ever() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.limit_room(key, 2);
    driver.say(key, &text("never read"));
    driver.shard.ended(key, driver.now);
    driver.settle();
    driver.pass_almost(Duration::from_secs(5));
    assert!(!driver.is_closed(key));
    driver.pass(Duration::from_micros(1));
    assert!(driver.is_closed(key), "the close deadline rules");
}
