//! New settings while connections live.

use std::sync::Arc;
use std::time::Duration;

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{
    CloseKind, CompressionMode, Config, ConnectionKey, Deadline, Mail, Origins,
};

use crate::deflate;
use crate::driver::Driver;
use crate::driver::client::{FIN, TEXT, frame, pong, request, text};
use crate::driver::peer::close_frame;

const SECOND: Duration = Duration::from_secs(1);
const MICRO: Duration = Duration::from_micros(1);

/// The default settings, but for one change.
fn configure(driver: &mut Driver, change: impl FnOnce(&mut Config)) {
    let mut config = Config::default();
    change(&mut config);
    driver.mail(Mail::Configure(Arc::new(config)));
}

/// Seconds to the ping, and to the hang-up.
fn patience(ping: u64, hangup: u64) -> impl FnOnce(&mut Config) {
    move |config| {
        config.timeouts.ping_after = Some(Duration::from_secs(ping));
        config.timeouts.hangup_after = Some(Duration::from_secs(hangup));
    }
}

fn off(config: &mut Config) {
    (config.timeouts.ping_after, config.timeouts.hangup_after) = (None, None);
}

fn is_pinged(driver: &mut Driver, key: ConnectionKey) -> Option<Vec<u8>> {
    match driver.messages(key).as_slice() {
        [] => None,
        [Message::Ping(payload)] => Some(payload.to_vec()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn ping_and_hang_up_are_measured_from_the_change() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.pass(20 * SECOND);
    configure(&mut driver, patience(5, 8));
    driver.pass_almost(5 * SECOND);
    assert_eq!(is_pinged(&mut driver, key), None);
    driver.pass(MICRO);
    let ping = is_pinged(&mut driver, key).expect("5 s after the change");
    driver.say(key, &pong(&ping));
    driver.pass(5 * SECOND);
    assert!(is_pinged(&mut driver, key).is_some());
    driver.pass_almost(3 * SECOND);
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 0);
    driver.pass(MICRO);
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 1);
}

/// They would never be asked otherwise: nothing that they do sets the time.
#[test]
fn connections_from_before_there_were_pings_get_theirs() {
    let mut driver = Driver::with(off);
    let key = driver.upgrade();
    driver.pass(1000 * SECOND);
    configure(&mut driver, patience(5, 8));
    driver.pass(5 * SECOND);
    assert!(is_pinged(&mut driver, key).is_some());
    driver.pass(3 * SECOND);
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 1);
}

#[test]
fn where_there_are_no_pings_any_more_none_is_sent_and_nobody_hung_up_on() {
    let mut driver = Driver::new();
    let (silent, asked) = (driver.upgrade(), driver.upgrade());
    driver.pass(29 * SECOND);
    configure(&mut driver, off);
    assert_eq!(driver.shard.timers(), 0);
    driver.pass(1000 * SECOND);
    assert_eq!((is_pinged(&mut driver, silent), is_pinged(&mut driver, asked)), (None, None));
}

/// The hang-up of the old settings was an instant away.
#[test]
fn a_peer_that_owes_a_pong_is_asked_again_before_it_is_hung_up_on() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.pass(30 * SECOND);
    let ping = is_pinged(&mut driver, key).expect("a ping");
    driver.pass_almost(30 * SECOND);
    configure(&mut driver, patience(5, 8));
    driver.pass(4 * SECOND);
    driver.say(key, &pong(&ping));
    driver.pass_almost(5 * SECOND);
    assert_eq!(is_pinged(&mut driver, key), None, "the late answer counts");
    driver.pass(MICRO);
    assert!(is_pinged(&mut driver, key).is_some());
    assert_eq!(driver.stats().closes(CloseKind::HangUp), 0);
}

#[test]
fn settings_that_leave_ping_and_hang_up_alone_renew_nobodys_time() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.pass(20 * SECOND);
    configure(&mut driver, |config| config.limits.headers = 1);
    driver.pass(10 * SECOND);
    assert!(is_pinged(&mut driver, key).is_some());
}

#[test]
fn thousands_are_measured_anew_a_few_per_turn() {
    let mut driver = Driver::new();
    let keys: Vec<_> = (0..1_000).map(|_| driver.upgrade()).collect();
    configure(&mut driver, |config| {
        patience(5, 8)(config);
        config.budget.expiries = 100;
    });
    let gone = keys[500];
    driver.shard.disconnected(gone, driver.now);
    for _ in 0..8 {
        assert_eq!(driver.shard.earliest(), Some(sul::Timestamp::ZERO), "the turns go on");
        driver.turn();
    }
    driver.settle();
    assert!(driver.shard.earliest() > Some(driver.now));
    driver.pass(5 * SECOND);
    for &key in keys.iter().filter(|&&key| key != gone) {
        assert!(is_pinged(&mut driver, key).is_some());
    }
}

#[test]
fn a_deadline_that_runs_keeps_its_end_and_the_next_has_the_new_length() {
    let mut driver = Driver::with(off);
    let key = driver.upgrade();
    let bytes = frame(FIN | TEXT, b"hello");
    driver.say(key, &bytes[..3]);
    let (asking, late) = (driver.connect(), driver.now + 10 * SECOND);
    configure(&mut driver, |config| {
        off(config);
        config.timeouts.message = Some(2 * SECOND);
        config.timeouts.handshake = Some(2 * SECOND);
    });
    driver.pass(9 * SECOND);
    driver.say(key, &bytes[3..]);
    assert_eq!(driver.messages(key), [Message::from("hello")], "60 s were given");
    assert_eq!(driver.stats().expired(Deadline::Handshake), 0, "10 s were given");
    driver.say(key, &bytes[..3]);
    let newcomer = driver.connect();
    driver.pass(2 * SECOND);
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Policy, "")]);
    assert!(driver.now > late);
    assert_eq!((driver.status(asking), driver.status(newcomer)), (408, 408));
}

#[test]
fn limits_hold_at_once() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    configure(&mut driver, |config| {
        config.limits.message_size = 4;
        config.limits.topics_per_connection = 1;
        config.limits.connections = 1;
        config.origins = Origins::List(vec!["https://app.example".into()]);
    });
    driver.log();
    driver.say(key, &text("1234"));
    driver.say(key, &text("12345"));
    let messages = [Message::from("1234"), close_frame(CloseCode::Size, "")];
    assert_eq!(driver.messages(key), messages);
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    assert!(driver.shard.open(peer, driver.now).is_err(), "the one is still there");
    driver.hang_up(key);
    let page = driver.connect();
    driver.say(page, &request("/", &["Origin: https://other.example"]));
    assert_eq!(driver.status(page), 403);
}

/// A level is a compressor's from its birth: the thread's are made anew. Who has agreed on compression keeps
/// it, and newcomers are no more offered it.
#[test]
fn compression_follows_and_what_was_agreed_on_stays() {
    let mut driver = Driver::with(|config| config.compression.level = 1);
    let (key, _) = deflate::upgrade(&mut driver, "/", "permessage-deflate");
    let words: Vec<_> = (0..3_000_u32).map(|it| (it * it % 97).to_string()).collect();
    let message = text(&words.join(" "));
    let answer = |driver: &mut Driver| {
        driver.say(key, &message);
        driver.output(key).len()
    };
    let fast = answer(&mut driver);
    configure(&mut driver, |config| config.compression.level = 9);
    assert!(answer(&mut driver) < fast);
    configure(&mut driver, |config| config.compression.threshold = 1 << 20);
    assert!(answer(&mut driver) > message.len() / 2, "plain");
    configure(&mut driver, |config| config.compression.mode = CompressionMode::Off);
    assert_eq!(answer(&mut driver), fast, "agreed on is agreed on");
    let (_, agreed) = deflate::upgrade(&mut driver, "/", "permessage-deflate");
    assert_eq!(agreed, "");
}

#[test]
fn settings_that_make_no_sense_are_lost() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    configure(&mut driver, patience(8, 5));
    assert_eq!(driver.stats().mail_lost, 1);
    driver.pass(30 * SECOND);
    assert!(is_pinged(&mut driver, key).is_some(), "the old ones hold");
}
