//! A handler that panics ends its own connection, and nothing else.

use std::time::Duration;

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{CloseKind, ConnectionKey, Mail};

use crate::driver::Driver;
use crate::driver::client::{request, text};
use crate::driver::peer::close_frame;

/// `handler` panics where `call` calls it: the peer hears 1011, a bystander nothing.
fn panicking(handler: &'static str, call: impl FnOnce(&mut Driver, ConnectionKey)) {
    let mut driver = Driver::with(|config| {
        config.limits.high_water = 100;
    });
    let bystander = driver.upgrade();
    driver.protocol.when(handler, "panic");
    let key = driver.connect();
    driver.say(key, &request("/", &[]));
    call(&mut driver, key);
    driver.settle();
    assert_eq!(driver.status(key), 101);
    assert_eq!(driver.messages(key).pop(), Some(close_frame(CloseCode::Error, "")), "{handler}");
    assert!(driver.is_shut(key));
    assert_eq!(driver.stats().panics, 1);
    assert_eq!(driver.stats().closes(CloseKind::Panicked), 1);
    let closed = driver.log().iter().filter(|line| *line == "closed Panicked").count();
    assert_eq!(closed, 1, "told once");
    driver.say(bystander, &text("still here"));
    assert_eq!(driver.messages(bystander).pop(), Some(Message::from("still here")));
}

#[test]
fn in_opened() {
    panicking("opened", |_, _| {});
}

#[test]
fn in_message() {
    panicking("-", |driver, key| driver.say(key, &text("/send before; timer 1; panic")));
}

#[test]
fn in_timer() {
    panicking("timer", |driver, key| {
        driver.say(key, &text("/timer 7"));
        driver.pass(Duration::from_micros(7));
    });
}

#[test]
fn in_note() {
    panicking("-", |driver, key| driver.mail(Mail::Note(key, "/panic".to_owned())));
}

#[test]
fn in_drained() {
    panicking("drained", |driver, key| {
        driver.limit_room(key, 0);
        driver.say(key, &text("/fill 200"));
        driver.give_room(key, usize::MAX);
    });
}

#[test]
fn in_closed() {
    let mut driver = Driver::new();
    let bystander = driver.upgrade();
    let key = driver.upgrade();
    driver.say(key, &text("/sub t"));
    driver.protocol.when("closed", "panic");
    driver.hang_up(key);
    driver.protocol.when("closed", "");
    assert!(driver.is_closed(key));
    assert_eq!(driver.stats().panics, 1);
    assert_eq!((driver.stats().sessions, driver.stats().topics), (1, 0));
    driver.say(bystander, &text("still here"));
    assert_eq!(driver.messages(bystander), [Message::from("still here")]);
}

#[test]
fn what_a_panicking_handler_recorded_is_forgotten() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text("/close 4000 mine; panic"));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Error, "")]);
    assert_eq!(driver.log().last().unwrap(), "closed Panicked");
}
