//! Letters from other threads to one connection.

use tungstenite::Message;
use ws_service::shard::{CloseCode, ConnectionKey, Frame, Mail, Rejection};

use crate::driver::Driver;
use crate::driver::client::text;
use crate::driver::peer::close_frame;

#[test]
fn a_message_reaches_its_peer_and_a_note_its_session() {
    let mut driver = Driver::new();
    let (key, other) = (driver.upgrade(), driver.upgrade());
    driver.log();
    driver.mail(Mail::Send(key, Frame::new("hello".into())));
    driver.mail(Mail::Send(key, Frame::new([1_u8, 2].as_slice().into())));
    driver.mail(Mail::Note(key, "psst".to_owned()));
    assert_eq!(driver.messages(key), [Message::from("hello"), Message::from(vec![1, 2])]);
    assert_eq!(driver.messages(other), []);
    assert_eq!(driver.log(), ["note psst"]);
    let stats = driver.stats();
    assert_eq!((stats.mail_in, stats.mail_lost), (3, 0));
    assert_eq!((stats.messages_out, stats.deliveries), (2, 0), "nothing was published");
}

/// Every letter that is addressed to a connection.
fn letters(key: ConnectionKey) -> [Mail<String>; 5] {
    [
        Mail::Send(key, Frame::new("hello".into())),
        Mail::Note(key, "psst".to_owned()),
        Mail::Admit(key),
        Mail::Reject(key, Rejection::not_found()),
        Mail::Close(key, CloseCode::Normal, "".into()),
    ]
}

/// An administrator wants to be rid of whoever says nothing.
#[test]
fn who_is_still_asking_can_be_closed_too() {
    let mut driver = Driver::new();
    let key = driver.connect();
    driver.mail(Mail::Close(key, CloseCode::Policy, "go".into()));
    assert_eq!(driver.status(key), 503);
    driver.hang_up(key);
    driver.settle();
    let stats = driver.stats();
    assert_eq!((stats.mail_lost, stats.handshakes_failed, stats.connections), (0, 1, 0));
}

/// lws #2822: a timeout set on another connection, which was gone already.
#[test]
fn letters_to_the_dead_are_counted_and_reach_no_stranger() {
    let mut driver = Driver::new();
    let dead = driver.upgrade();
    driver.hang_up(dead);
    let stranger = driver.upgrade();
    driver.log();
    for letter in letters(dead) {
        driver.mail(letter);
    }
    assert_eq!(driver.stats().mail_lost, 5);
    assert_eq!((driver.messages(stranger), driver.log().len()), (vec![], 0));
}

#[test]
fn letters_to_the_dying_are_lost_too() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text("/close 1000 bye"));
    driver.log();
    for letter in letters(key) {
        driver.mail(letter);
    }
    assert_eq!(driver.stats().mail_lost, 5);
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Normal, "bye")]);
    assert_eq!(driver.log(), [""; 0]);
    let reset = driver.upgrade();
    driver.shard.disconnected(reset, driver.now);
    for letter in letters(reset) {
        driver.shard.deliver(letter, driver.now);
    }
    driver.settle();
    assert_eq!(driver.log(), ["opened", "closed Disconnected"]);
    assert_eq!(driver.stats().mail_lost, 10, "also before the protocol is told");
}

/// Codes that exist only as values, and never on a wire.
#[test]
fn a_code_that_is_none_is_sent_as_1000() {
    for code in [CloseCode::Library(0), CloseCode::Iana(1006), CloseCode::Bad(4000)] {
        let mut driver = Driver::new();
        let key = driver.upgrade();
        driver.mail(Mail::Close(key, code, "bye".into()));
        let expected = if code == CloseCode::Bad(4000) { 4000 } else { 1000 };
        assert_eq!(driver.messages(key), [close_frame(expected.into(), "bye")]);
    }
}

#[test]
fn mail_weighs_what_it_carries() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    let weight = |mail: Mail<String>| mail.weight();
    let empty = weight(Mail::Drain);
    assert!(empty > 0);
    assert_eq!(weight(Mail::Admit(key)), empty);
    assert_eq!(weight(Mail::Send(key, Frame::new("hello".into()))), empty + 7);
    assert_eq!(weight(Mail::Publish(Frame::new("hello".into()).to_topic("abc"))), empty + 10);
    assert_eq!(weight(Mail::Close(key, CloseCode::Normal, "bye".into())), empty + 3);
    let text_of_404 = "nothing is served at this path".len();
    assert_eq!(weight(Mail::Reject(key, Rejection::not_found())), empty + text_of_404);
}
