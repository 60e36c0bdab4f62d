//! From a transport's first byte to its 101, or its refusal.

use tungstenite::Message;
use ws_service::shard::{CloseKind, Mail};

use crate::driver::Driver;
use crate::driver::client::{request, text};

#[test]
fn a_whole_request_is_answered_with_the_rfcs_answer() {
    let mut driver = Driver::new();
    let key = driver.connect();
    driver.say(key, &request("/", &[]));
    let (status, head) = driver.response(key);
    assert_eq!(status, 101);
    let head = head.to_ascii_lowercase();
    for line in ["upgrade: websocket", "connection: upgrade", "x-puppet: yes"] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{head}");
    }
    assert!(head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    assert_eq!(driver.log(), ["opened"]);
    assert_eq!((driver.stats().handshakes, driver.stats().sessions), (1, 1));
}

#[test]
fn a_request_torn_anywhere_opens_and_serves_what_is_pipelined() {
    let bytes = [request("/", &[]), text("pipelined")].concat();
    for cut in 0..=bytes.len() {
        let mut driver = Driver::new();
        let key = driver.connect();
        driver.say(key, &bytes[..cut]);
        driver.say(key, &bytes[cut..]);
        assert_eq!(driver.status(key), 101, "cut at {cut}");
        assert_eq!(driver.messages(key), [Message::from("pipelined")], "cut at {cut}");
    }
}

#[test]
fn a_request_byte_by_byte_opens() {
    let mut driver = Driver::new();
    let key = driver.connect();
    for byte in [request("/", &[]), text("hi")].concat() {
        driver.say(key, &[byte]);
    }
    assert_eq!(driver.status(key), 101);
    assert_eq!(driver.messages(key), [Message::from("hi")]);
}

#[test]
fn what_opened_sends_precedes_the_answers_to_what_is_pipelined() {
    let mut driver = Driver::new();
    driver.protocol.when("opened", "send welcome");
    let key = driver.connect();
    driver.say(key, &[request("/", &[]), text("hi")].concat());
    assert_eq!(driver.status(key), 101);
    assert_eq!(driver.messages(key), [Message::from("welcome"), Message::from("hi")]);
}

#[test]
fn the_protocol_rejects_with_its_status_and_headers() {
    let mut driver = Driver::new();
    driver.protocol.when("accept", "reject 403");
    let key = driver.connect();
    let offer = "Sec-WebSocket-Extensions: permessage-deflate";
    driver.say(key, &[request("/", &[offer]), text("ignored")].concat());
    let (status, head) = driver.response(key);
    assert_eq!(status, 403);
    assert!(head.contains("connection: close\r\n") && head.contains("x-puppet: yes\r\n"), "{head}");
    assert!(!head.contains("extensions"), "nothing is agreed on: {head}");
    assert_eq!(driver.output(key), b"not you\n");
    assert!(driver.is_shut(key) && !driver.is_closed(key), "its answer must arrive");
    assert_eq!(driver.log(), [""; 0], "no session, no end of one");
    let counted = driver.stats();
    assert_eq!((counted.handshakes, counted.handshakes_failed), (0, 1));
    assert_eq!(counted.closes(CloseKind::Rejected), 1);
}

#[test]
fn a_full_shard_refuses_and_counts() {
    let mut driver = Driver::with(|config| config.limits.connections = 2);
    let first = driver.connect();
    driver.connect();
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    assert!(driver.shard.open(peer, driver.now).is_err());
    assert_eq!(driver.stats().refused, 1);
    driver.hang_up(first);
    driver.connect();
    assert_eq!((driver.stats().opened, driver.stats().connections), (3, 2));
}

#[test]
fn a_panicking_accept_is_an_internal_error() {
    let mut driver = Driver::new();
    driver.protocol.when("accept", "panic");
    let key = driver.connect();
    driver.say(key, &request("/", &[]));
    assert_eq!(driver.status(key), 500);
    assert!(driver.is_shut(key));
    assert_eq!(driver.stats().panics, 1);
    assert_eq!(driver.log(), [""; 0]);
    driver.protocol.when("accept", "");
    driver.upgrade();
}

#[test]
fn mail_for_a_connection_without_a_session_is_lost() {
    let mut driver = Driver::new();
    let key = driver.connect();
    driver.mail(Mail::Note(key, "hi".to_owned()));
    driver.mail(Mail::Admit(key));
    assert_eq!(driver.stats().mail_lost, 2);
}
