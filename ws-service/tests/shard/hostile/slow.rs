//! Peers that take their time, or never come to an end.

use std::time::Duration;

use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::CloseKind;

use crate::driver::Driver;
use crate::driver::client::{FIN, TEXT, binary, frame, ping, request, text};
use crate::driver::echo::Echo;
use crate::driver::peer::close_frame;

const SECOND: Duration = Duration::from_secs(1);
const MICRO: Duration = Duration::from_micros(1);

/// Slow-loris: a byte now and then does not move the deadline.
#[test]
fn a_request_a_byte_a_second() {
    let mut driver = Driver::new();
    let key = driver.connect();
    let bill = driver.bill(|driver| {
        for byte in &request("/", &[])[..9] {
            driver.say(key, &[*byte]);
            driver.pass(SECOND);
        }
    });
    assert!(bill.turns <= 9, "nothing is done between the bytes: {bill:?}");
    driver.pass_almost(SECOND);
    assert_eq!(driver.output(key), b"");
    driver.pass(MICRO);
    assert_eq!(driver.status(key), 408);
    assert!(driver.is_shut(key));
    assert_eq!(driver.stats().closes(CloseKind::HandshakeTimeout), 1);
    driver.pass(Duration::from_secs(5));
    assert!(driver.is_closed(key));
}

/// Thousands of them: each costs what it has sent, twice, and all are gone at their deadline.
#[test]
fn thousands_of_requests_that_never_end() {
    let head = &request("/", &[])[..100];
    let mut driver = Driver::of(Echo::default(), |_| {});
    for _ in 0..2_048 {
        // The tables grow to their size, which they keep.
        driver.connect();
    }
    driver.pass(Duration::from_secs(15));
    let bill = driver.bill(|driver| {
        for _ in 0..2_000 {
            let key = driver.connect();
            for piece in head.chunks(10) {
                driver.say(key, piece);
            }
        }
    });
    assert!(bill.peak / 2_000 <= 2 * head.len() as u64 + 64, "{bill:?}");
    assert_eq!(driver.shard.len(), 2_000);
    driver.pass(Duration::from_secs(15));
    assert_eq!((driver.shard.len(), driver.shard.timers()), (0, 0));
    assert_eq!(driver.stats().closes(CloseKind::HandshakeTimeout), 4_048);
}

/// Slow-loris behind the upgrade: a message that never ends is ended.
#[test]
fn a_message_a_byte_a_second() {
    let mut driver = Driver::of(Echo::default(), |config| {
        config.timeouts.ping_after = None;
        config.timeouts.hangup_after = None;
    });
    let key = driver.upgrade();
    let message = frame(FIN | TEXT, &[b'a'; 1_000]);
    let bill = driver.bill(|driver| {
        for byte in &message[..60] {
            driver.say(key, &[*byte]);
            driver.pass_almost(SECOND);
            driver.now += MICRO;
        }
    });
    assert!(bill.peak < 1024, "what has come, not what is to come: {bill:?}");
    driver.settle();
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Policy, "")]);
    assert_eq!(driver.stats().closes(CloseKind::MessageTimeout), 1);
}

/// The same in the other direction: a byte of its window each second does not hold what is queued.
#[test]
fn a_peer_that_reads_a_byte_a_second() {
    let mut driver = Driver::of(Echo::default(), |config| {
        config.timeouts.ping_after = None;
        config.timeouts.hangup_after = None;
    });
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    driver.say(key, &binary(&[0; 1_000]));
    for _ in 0..100 {
        driver.pass(SECOND);
        driver.give_room(key, 1);
    }
    assert!(driver.shard.contains(key), "progress is progress, and the queue is bounded");
    driver.pass(Duration::from_secs(30));
    assert!(driver.is_closed(key));
    assert_eq!(driver.stats().closes(CloseKind::WriteTimeout), 1);
}

/// Tomcat CVE-2024-23672: a Close that was never answered kept the connection for ever.
#[test]
fn a_close_that_is_never_answered() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text("/close 1000 bye"));
    driver.log();
    let more = [binary(&vec![0; 70_000]), ping(b"!")].concat();
    let bill = driver.bill(|driver| {
        for _ in 0..4 {
            driver.say(key, &more);
            driver.pass(SECOND);
        }
    });
    assert!(bill.peak < 1024 && bill.kept <= 0, "nothing is kept of it: {bill:?}");
    driver.pass_almost(SECOND);
    driver.say(key, &text("still talking, never closing"));
    assert!(!driver.is_closed(key));
    driver.pass(MICRO);
    assert!(driver.is_closed(key));
    assert_eq!(driver.log(), [""; 0], "nobody hears it");
    assert_eq!(driver.stats().closes(CloseKind::Local), 1);
}
