//! Messages in, messages out.

use tungstenite::Message;

use crate::driver::Driver;
use crate::driver::client::{BINARY, FIN, TEXT, binary, frame, ping, text};

#[test]
fn text_and_binary_come_back() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for size in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
        driver.say(key, &binary(&bytes[..size]));
        assert_eq!(driver.messages(key), [Message::from(bytes[..size].to_vec())]);
    }
    for words in ["", "κόσμε", &"é".repeat(40_000)] {
        driver.say(key, &text(words));
        assert_eq!(driver.messages(key), [Message::from(words)]);
    }
}

#[test]
fn many_messages_in_one_piece_come_back_in_order() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    let sent: Vec<String> = (0..500).map(|n| format!("message {n}")).collect();
    let bytes: Vec<u8> = sent.iter().flat_map(|it| text(it)).collect();
    driver.say(key, &bytes);
    let expected: Vec<Message> = sent.into_iter().map(Message::from).collect();
    assert_eq!(driver.messages(key), expected);
    assert_eq!(driver.stats().messages_in, 500);
    assert_eq!(driver.stats().messages_out, 500);
}

#[test]
fn fragments_are_one_message_whatever_pings_come_between() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    let pieces = [
        frame(TEXT, "κό".as_bytes()),
        ping(b"one"),
        frame(0, b"\xcf"),
        ping(b"two"),
        frame(0, b""),
        frame(FIN, b"\x83\xce\xbc\xce\xb5"),
        frame(BINARY, b""),
        frame(FIN, b""),
    ];
    driver.say(key, &pieces.concat());
    let expected = [
        Message::Pong(b"one".to_vec().into()),
        Message::Pong(b"two".to_vec().into()),
        Message::from("κόσμε"),
        Message::from(Vec::new()),
    ];
    assert_eq!(driver.messages(key), expected);
}

#[test]
fn every_ping_of_one_piece_is_answered_in_order() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    let pings: Vec<u8> = (0..10).flat_map(|n| ping(&[n; 125])).collect();
    driver.say(key, &pings);
    let expected: Vec<Message> = (0..10).map(|n| Message::Pong(vec![n; 125].into())).collect();
    assert_eq!(driver.messages(key), expected);
}

#[test]
fn bytes_and_messages_are_counted() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    let response = driver.stats().bytes_out;
    driver.say(key, &[text("12345"), binary(&[0; 3])].concat());
    let stats = driver.stats();
    assert_eq!((stats.messages_in, stats.bytes_in), (2, 8));
    assert_eq!((stats.messages_out, stats.bytes_out - response), (2, 8 + 2 * 2));
}
