//! The shutdown of a shard.

use std::time::Duration;

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{CloseKind, Mail};

use crate::driver::Driver;
use crate::driver::client::{close, request, text};
use crate::driver::peer::close_frame;

#[test]
fn a_drain_closes_all_with_1001_and_takes_nobody_in() {
    let mut driver = Driver::with(|config| config.timeouts.drain = Duration::ZERO);
    let (open, closing) = (driver.upgrade(), driver.upgrade());
    driver.say(closing, &text("/close 4000 mine"));
    let asking = driver.connect();
    driver.say(asking, b"GET / HT");
    driver.protocol.when("accept", "defer");
    let deferred = driver.connect();
    driver.say(deferred, &request("/", &[]));
    assert!(!driver.shard.is_draining());
    driver.mail(Mail::Drain);
    driver.mail(Mail::Drain);
    driver.settle();
    assert!(driver.shard.is_draining());
    assert_eq!(driver.messages(open), [close_frame(CloseCode::Away, "")]);
    assert_eq!(driver.messages(closing), [close_frame(4000.into(), "mine")]);
    assert_eq!((driver.status(asking), driver.status(deferred)), (503, 503));
    let stranger = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    assert!(driver.shard.open(stranger, driver.now).is_err());
    assert_eq!(driver.stats().refused, 1);
    driver.say(open, &close(1001, ""));
    assert!(driver.is_closed(open));
    driver.pass(Duration::from_secs(5));
    assert!(driver.shard.is_empty(), "whoever doesn't answer");
    let stats = driver.stats();
    assert_eq!(stats.closes(CloseKind::Shutdown), 3);
    assert_eq!((stats.closes(CloseKind::Local), stats.closes(CloseKind::Rejected)), (1, 0));
}

/// Told all at once, they would come back all at once.
#[test]
fn a_drain_is_spread_evenly_over_its_time() {
    let mut driver = Driver::with(|config| {
        config.timeouts.drain = Duration::from_millis(4);
        config.timeouts.close = Duration::from_mins(1);
    });
    let keys: Vec<_> = (0..8).map(|_| driver.upgrade()).collect();
    driver.mail(Mail::Drain);
    driver.settle();
    assert_eq!(driver.shard.drained_by(), Some(driver.now + Duration::from_millis(4)));
    for told in 1..=8 {
        let count = keys.iter().filter(|&&key| driver.messages(key).len() == 1).count();
        assert_eq!(count, 1, "the one whose time it is: {told}");
        driver.pass_almost(Duration::from_micros(500));
        assert!(keys.iter().all(|&key| driver.messages(key).is_empty()), "not before its time");
        driver.pass(Duration::from_micros(1));
    }
    assert_eq!(driver.stats().closes(CloseKind::Shutdown), 8);
}

/// A few are told fast, however long it may take.
#[test]
fn no_more_than_a_millisecond_lies_between_two() {
    let mut driver = Driver::with(|config| config.timeouts.drain = Duration::from_hours(1));
    let keys: Vec<_> = (0..5).map(|_| driver.upgrade()).collect();
    driver.mail(Mail::Drain);
    driver.pass(Duration::from_millis(3));
    let told =
        |driver: &mut Driver| keys.iter().filter(|&&key| driver.messages(key).len() == 1).count();
    assert_eq!(told(&mut driver), 4);
    driver.pass(Duration::from_millis(1));
    assert_eq!(told(&mut driver), 1);
}

/// Whoever was let in is not turned away because a successor takes over.
#[test]
fn whoever_asks_during_a_drain_is_upgraded_and_then_told() {
    let mut driver = Driver::new();
    let (asking, mute) = (driver.connect(), driver.connect());
    driver.mail(Mail::Drain);
    driver.pass_almost(Duration::from_secs(1));
    driver.say(asking, &request("/", &[]));
    assert_eq!(driver.status(asking), 101);
    driver.pass(Duration::from_micros(1));
    assert_eq!(driver.messages(asking), [close_frame(CloseCode::Away, "")]);
    assert_eq!(driver.status(mute), 503);
    assert_eq!(driver.stats().closes(CloseKind::Shutdown), 2);
}

#[test]
fn what_was_queued_is_sent_before_the_close() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.limit_room(key, 1);
    driver.say(key, &text("last words"));
    driver.mail(Mail::Drain);
    driver.give_room(key, usize::MAX);
    assert_eq!(
        driver.messages(key),
        [Message::from("last words"), close_frame(CloseCode::Away, "")]
    );
}

#[test]
fn an_empty_shard_is_drained_at_once() {
    let mut driver = Driver::new();
    driver.mail(Mail::Drain);
    assert!(driver.shard.is_draining() && driver.shard.is_empty());
    assert_eq!(driver.shard.earliest(), None);
}

#[test]
fn all_transports_can_be_given_up_at_once() {
    let mut driver = Driver::new();
    let keys: Vec<_> = (0..100).map(|_| driver.upgrade()).collect();
    driver.shard.disconnect_all(driver.now);
    driver.settle();
    assert!(keys.into_iter().all(|key| driver.is_closed(key)));
    assert_eq!(driver.stats().closes(CloseKind::Disconnected), 100);
}
