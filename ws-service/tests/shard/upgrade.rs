//! From a transport's first byte to its 101, or its refusal.

use std::time::Duration;

use tungstenite::Message;
use ws_service::shard::{CloseKind, Mail, Origins};

use crate::driver::Driver;
use crate::driver::client::{request, text};

/// A request's answer: its status, and the head.
fn answer(bytes: &[u8]) -> (u16, String) {
    let mut driver = Driver::new();
    let key = driver.connect();
    driver.say(key, bytes);
    driver.response(key)
}

/// The good request with `from` replaced by `to`.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let good = String::from_utf8(request("/", &[])).unwrap();
    assert!(good.contains(from));
    good.replace(from, to).into_bytes()
}

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
    driver.say(key, &[request("/", &[]), text("ignored")].concat());
    let (status, head) = driver.response(key);
    assert_eq!(status, 403);
    assert!(head.contains("connection: close\r\n") && head.contains("x-puppet: yes\r\n"), "{head}");
    assert_eq!(driver.output(key), b"not you\n");
    assert!(driver.is_shut(key) && !driver.is_closed(key), "its answer must arrive");
    assert_eq!(driver.log(), [""; 0], "no session, no end of one");
    let counted = driver.stats();
    assert_eq!((counted.handshakes, counted.handshakes_failed), (0, 1));
    assert_eq!(counted.closes(CloseKind::Rejected), 1);
}

/// Cross-site hijacking: the browser names the page's origin, and the protocol can ask for it.
#[test]
fn a_foreign_origin_can_be_rejected() {
    let mut driver = Driver::with(|config| config.origins = Origins::Any);
    driver.protocol.when("accept", "origin https://here.example");
    for (origin, expected) in [("here", 101), ("evil", 403)] {
        let key = driver.connect();
        let line = format!("Origin: https://{origin}.example");
        driver.say(key, &request("/", &[&line]));
        assert_eq!(driver.status(key), expected);
    }
}

/// A wrong `Sec-WebSocket-Version` is answered with 426 and the right one, then closed.
#[test]
fn a_wrong_version_is_answered_with_the_right_one() {
    for version in ["8", "0", "14", "13, 8", ""] {
        let (status, head) = answer(&changed("Version: 13", &format!("Version: {version}")));
        assert_eq!(status, 426);
        assert!(head.contains("sec-websocket-version: 13\r\n"), "{head}");
    }
    assert_eq!(answer(&request("/", &["Sec-WebSocket-Version: 8"])).0, 426, "which one?");
}

#[test]
fn a_plain_get_is_told_to_upgrade() {
    let (status, head) = answer(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(status, 426);
    assert!(head.contains("upgrade: websocket\r\n"), "{head}");
}

#[test]
fn malformed_requests_are_refused_with_what_is_wrong() {
    assert_eq!(answer(&changed("GET", "POST")).0, 405);
    assert_eq!(answer(&changed("HTTP/1.1", "HTTP/1.0")).0, 505);
    assert_eq!(answer(&changed("Host: example.com\r\n", "")).0, 400);
    assert_eq!(answer(&changed("Connection: Upgrade", "Connection: close")).0, 400);
    assert_eq!(answer(&changed("dGhlIHNhbXBsZSBub25jZQ==", "dGhl")).0, 400);
    assert_eq!(answer(b"\r\n\r\n\r\n\r\n").0, 400);
    assert_eq!(answer(b"\x16\x03\x01\x02\x00\r\n\r\n").0, 400);
}

/// Request bodies at the upgrade: they would be taken for frames.
#[test]
fn a_request_with_a_body_is_refused() {
    assert_eq!(answer(&request("/", &["Content-Length: 5"])).0, 400);
    assert_eq!(answer(&request("/", &["Transfer-Encoding: chunked"])).0, 400);
    assert_eq!(answer(&request("/", &["Content-Length: 0"])).0, 101);
}

/// A head that ends at bare line feeds hides the rest of what was taken for it.
#[test]
fn bytes_hidden_in_the_head_are_refused() {
    let head = String::from_utf8(request("/", &[])).unwrap().replace("\r\n", "\n");
    assert_eq!(answer(&[head.as_bytes(), b"hidden\r\n\r\n"].concat()).0, 400);
}

/// ws CVE-2024-37890: a request with thousands of headers stopped the server.
#[test]
fn too_many_headers_are_refused() {
    let lines: Vec<String> = (0..2_000).map(|n| format!("x{n}: y")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(answer(&request("/", &lines[..58])).0, 101, "64 with the request's own");
    assert_eq!(answer(&request("/", &lines[..60])).0, 431);
    assert_eq!(answer(&request("/", &lines[..1_000])).0, 431);
    assert_eq!(answer(&request("/", &lines)).0, 431);
}

#[test]
fn a_request_that_is_too_long_is_refused_whole_or_torn() {
    let mut driver = Driver::with(|config| config.limits.handshake_bytes = 300);
    for (padding, expected) in [(100, 101), (300, 431)] {
        let bytes = request("/", &[&format!("x: {}", "y".repeat(padding))]);
        assert_eq!(bytes.len() <= 300, expected == 101);
        for piece in [1, 7, 299, 1_000] {
            let key = driver.connect();
            for bytes in bytes.chunks(piece) {
                driver.say(key, bytes);
            }
            assert_eq!(driver.status(key), expected, "{padding} in pieces of {piece}");
        }
    }
}

/// tungstenite CVE-2023-43669: each byte of a long head made the server parse it again. That none
/// is read twice is the head's own test; here, that a head byte by byte is refused at its limit.
#[test]
fn a_head_of_endless_headers_ends_at_the_limit() {
    let mut driver = Driver::new();
    let key = driver.connect();
    driver.say(key, b"GET / HTTP/1.1\r\n");
    let mut sent = 16;
    while !driver.is_shut(key) {
        driver.say(key, b"a");
        sent += 1;
        assert!(sent <= 16 * 1024 + 1);
    }
    assert_eq!(sent, 16 * 1024 + 1);
    assert_eq!(driver.status(key), 431);
}

#[test]
fn a_transport_that_ends_inside_its_request_leaves_nothing() {
    let whole = request("/", &[]);
    for end in 0..whole.len() {
        let mut driver = Driver::new();
        let key = driver.connect();
        driver.say(key, &whole[..end]);
        driver.hang_up(key);
        assert!(driver.is_closed(key));
        assert_eq!(driver.output(key), b"");
        assert_eq!(driver.stats().handshakes_failed, 1);
        assert_eq!(driver.log(), [""; 0]);
    }
}

/// Slow-loris: a byte now and then does not move the deadline.
#[test]
fn a_request_that_takes_too_long_is_refused_at_the_handshake_deadline() {
    let mut driver = Driver::new();
    let key = driver.connect();
    for byte in &request("/", &[])[..9] {
        driver.say(key, &[*byte]);
        driver.pass(Duration::from_secs(1));
    }
    driver.pass(Duration::from_micros(999_999));
    assert_eq!(driver.output(key), b"");
    driver.pass(Duration::from_micros(1));
    assert_eq!(driver.status(key), 408);
    assert!(driver.is_shut(key));
    assert_eq!(driver.stats().closes(CloseKind::HandshakeTimeout), 1);
    driver.pass(Duration::from_secs(5));
    assert!(driver.is_closed(key));
}

#[test]
fn a_full_shard_refuses_and_counts() {
    let mut driver = Driver::with(|config| config.limits.connections = 2);
    let first = driver.connect();
    driver.connect();
    let peer = "127.0.0.1:1".parse().unwrap();
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
