//! Requests whose answer the protocol defers.

use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use tungstenite::Message;
use ws_service::shard::{CloseCode, CloseKind, ConnectionKey, Frame, Mail, Rejection};

use crate::driver::Driver;
use crate::driver::client::{request, text};

fn deferred() -> (Driver, ConnectionKey) {
    let mut driver = Driver::new();
    driver.protocol.when("accept", "defer");
    let key = driver.connect();
    driver.say(key, &[request("/", &[]), text("one")].concat());
    assert_eq!(driver.output(key), b"");
    (driver, key)
}

fn rejection() -> Rejection {
    Rejection::new(StatusCode::UNAUTHORIZED, "who are you")
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

#[test]
fn an_admitted_request_opens_and_what_came_meanwhile_is_served() {
    let (mut driver, key) = deferred();
    let two = text("two");
    driver.say(key, &two[..3]);
    driver.pass(Duration::from_secs(9));
    assert_eq!(driver.log(), [""; 0]);
    driver.mail(Mail::Admit(key));
    driver.say(key, &two[3..]);
    let (status, head) = driver.response(key);
    assert_eq!(status, 101);
    assert!(head.contains("x-puppet: yes\r\n"), "{head}");
    assert_eq!(driver.messages(key), [Message::from("one"), Message::from("two")]);
    assert_eq!(driver.log()[0], "opened");
    driver.mail(Mail::Admit(key));
    assert_eq!(driver.stats().mail_lost, 1, "admitted once");
}

#[test]
fn a_rejected_request_is_refused_and_its_session_closed() {
    let (mut driver, key) = deferred();
    driver.mail(Mail::Reject(key, rejection()));
    let (status, head) = driver.response(key);
    assert_eq!(status, 401);
    assert!(head.contains("www-authenticate: Bearer\r\n"), "{head}");
    assert_eq!(driver.output(key), b"who are you\n");
    assert!(driver.is_shut(key));
    assert_eq!(driver.log(), ["closed Rejected"]);
    driver.mail(Mail::Admit(key));
    driver.mail(Mail::Reject(key, rejection()));
    assert_eq!(driver.stats().mail_lost, 2, "answered once");
    assert_eq!(driver.stats().handshakes_failed, 1);
}

#[test]
fn an_open_connection_is_not_rejected_any_more() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.mail(Mail::Reject(key, rejection()));
    assert_eq!(driver.output(key), b"");
    assert_eq!(driver.stats().mail_lost, 1);
}

#[test]
fn a_deferred_request_waits_no_longer_than_the_handshake_deadline() {
    let (mut driver, key) = deferred();
    driver.pass(Duration::from_micros(9_999_999));
    assert_eq!(driver.output(key), b"");
    driver.pass(Duration::from_micros(1));
    assert_eq!(driver.status(key), 408);
    assert_eq!(driver.log(), ["closed Timeout(Handshake)"]);
}

#[test]
fn a_deferred_session_hears_notes_but_neither_receives_nor_sends() {
    let (mut driver, key) = deferred();
    driver.mail(Mail::Note(key, "/send early; sub t; timer 5".to_owned()));
    driver.mail(Mail::Send(key, Frame::new("early".into())));
    driver.mail(Mail::Publish(Frame::new("early".into()).to_topic("t")));
    driver.pass(Duration::from_micros(5));
    let log = driver.log();
    assert!(log.contains(&"send early -> Err(Closed)".to_owned()), "{log:?}");
    assert_eq!(log.last().unwrap(), "timer");
    driver.mail(Mail::Admit(key));
    assert_eq!(driver.status(key), 101);
    assert_eq!(driver.messages(key), [Message::from("one")]);
}

#[test]
fn what_is_pipelined_behind_a_deferred_request_is_limited() {
    let (mut driver, key) = deferred();
    driver.say(key, &[0; 16 * 1024]);
    assert_eq!(driver.status(key), 431);
    assert_eq!(driver.log(), ["closed Rejected"]);
}

#[test]
fn a_deferred_request_whose_transport_ends_is_closed() {
    let (mut driver, key) = deferred();
    driver.hang_up(key);
    assert_eq!(driver.log(), ["closed Disconnected"]);
    driver.mail(Mail::Admit(key));
    assert_eq!(driver.stats().mail_lost, 1);
}

#[test]
fn a_deferred_request_can_be_closed_by_mail_or_by_its_own_note() {
    let (mut driver, key) = deferred();
    driver.mail(Mail::Close(key, CloseCode::Normal, "".into()));
    driver.settle();
    assert_eq!(driver.status(key), 503, "it is not left without an answer");
    driver.hang_up(key);
    assert!(driver.is_closed(key));
    assert_eq!(driver.log(), ["closed Local(Normal)"]);
    assert_eq!(driver.stats().handshakes_failed, 1);
    let (mut driver, key) = deferred();
    driver.mail(Mail::Note(key, "/close 1000 x".to_owned()));
    driver.settle();
    assert_eq!(driver.status(key), 503);
    driver.hang_up(key);
    assert!(driver.is_closed(key));
    assert_eq!(driver.stats().handshakes_failed, 1);
    assert_eq!(driver.stats().closes(CloseKind::Local), 1);
}

#[test]
fn a_panic_before_the_opening_ends_the_connection() {
    let (mut driver, key) = deferred();
    driver.mail(Mail::Note(key, "/panic".to_owned()));
    driver.settle();
    assert_eq!(driver.log().last().unwrap(), "closed Panicked");
    assert!(driver.is_shut(key) || driver.is_closed(key));
}
