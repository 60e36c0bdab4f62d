//! Upgrade requests that are wrong, or more than a request.

use std::time::Duration;

use tungstenite::Message;
use ws_service::shard::{CloseKind, Origins};

use crate::driver::Driver;
use crate::driver::client::{request, text};
use crate::driver::peer::close_frame;

/// The good request with `from` replaced by `to`.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let good = String::from_utf8(request("/", &[])).unwrap();
    assert!(good.contains(from));
    good.replace(from, to).into_bytes()
}

/// The answer to a request: its status, its head, its body.
///
/// A refusal is whole, is the end, and takes up next to nothing; nothing behind the request is read, and the
/// protocol hears of no session.
fn answer(bytes: &[u8]) -> (u16, String, String) {
    let mut driver = Driver::new();
    let key = driver.connect();
    let bill = driver.bill(|driver| driver.say(key, bytes));
    let (status, head) = driver.response(key);
    let body = String::from_utf8(driver.output(key)).unwrap();
    if status != 101 {
        // Who sends an Upgrade names it in Connection, too (RFC 9110 §7.8).
        let connection = if status == 426 { "close, upgrade" } else { "close" };
        assert!(head.contains(&format!("connection: {connection}\r\n")), "{head}");
        assert_eq!(head.contains("upgrade: websocket\r\n"), status == 426, "{head}");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}{body}");
        assert!(bill.peak < 16 * 1024 && bill.kept < 1024, "{status}: {bill:?}");
        assert!(driver.is_shut(key) && !driver.is_closed(key), "the answer must arrive");
        driver.say(key, &[request("/", &[]), text("unheard")].concat());
        assert_eq!(driver.output(key), b"");
        assert_eq!(driver.log(), [""; 0]);
        assert_eq!(driver.stats().closes(CloseKind::Rejected), 1);
        driver.pass(Duration::from_secs(5));
        assert!(driver.is_closed(key), "and then it is the end");
    }
    (status, head, body)
}

fn status(bytes: &[u8]) -> u16 {
    answer(bytes).0
}

/// A body would be taken for frames.
#[test]
fn a_request_with_a_body() {
    assert_eq!(status(&request("/", &["Content-Length: 5"])), 400);
    assert_eq!(status(&request("/", &["Content-Length: 0", "Content-Length: 5"])), 400);
    assert_eq!(status(&request("/", &["Content-Length: -1"])), 400);
    assert_eq!(status(&request("/", &["Content-Length: 00"])), 400);
    assert_eq!(status(&request("/", &["Transfer-Encoding: chunked"])), 400);
    assert_eq!(status(&request("/", &["Content-Length: 0", "Transfer-Encoding: chunked"])), 400);
    assert_eq!(status(&request("/", &["Transfer-Encoding: identity"])), 400);
    assert_eq!(status(&request("/", &["Content-Length: 0"])), 101);
}

/// What follows a request is frames, never a second request: one front end's two requests can't be smuggled
/// past it as one.
#[test]
fn a_request_behind_a_request() {
    let mut driver = Driver::new();
    let key = driver.connect();
    driver.say(key, &[request("/", &[]), request("/admin", &[])].concat());
    assert_eq!(driver.status(key), 101);
    assert_eq!(driver.messages(key), [close_frame(1002.into(), "")]);
}

/// Bytes that are pipelined behind a request are kept and served: however much one receive brings of them.
#[test]
fn frames_behind_a_request() {
    let mut driver = Driver::new();
    let key = driver.connect();
    driver.say(key, &[request("/", &[]), text("early").repeat(10_000)].concat());
    driver.settle();
    assert_eq!(driver.status(key), 101);
    assert_eq!(driver.messages(key), vec![Message::from("early"); 10_000]);
}

#[test]
fn frames_behind_a_request_that_is_refused() {
    let wrong = changed("Version: 13", "Version: 8");
    assert_eq!(status(&[wrong, text("unheard")].concat()), 426);
}

/// RFC 6455 §4.2.2: the answer names the version that would do.
#[test]
fn a_wrong_version_is_answered_with_the_right_one() {
    for version in ["8", "0", "14", "13, 8", "013", "13.0", ""] {
        let (status, head, _) = answer(&changed("Version: 13", &format!("Version: {version}")));
        assert_eq!(status, 426);
        assert!(head.contains("sec-websocket-version: 13\r\n"), "{head}");
    }
    assert_eq!(status(&request("/", &["Sec-WebSocket-Version: 8"])), 426, "which one?");
    assert_eq!(status(&changed("Sec-WebSocket-Version: 13\r\n", "")), 426);
}

#[test]
fn a_plain_get_is_told_to_upgrade_in_words() {
    for request in
        ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x?y HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"]
    {
        let (status, head, body) = answer(request.as_bytes());
        assert_eq!(status, 426);
        assert!(head.contains("upgrade: websocket\r\n"), "{head}");
        assert!(head.contains("content-type: text/plain; charset=utf-8\r\n"), "{head}");
        assert_eq!(body, "This address speaks WebSocket: connect with a WebSocket client.\n");
    }
}

/// RFC 9110 §5.3: a list may come in several lines, and all of them count.
#[test]
fn lists_in_several_lines() {
    let connection = |to| status(&changed("Connection: Upgrade", to));
    assert_eq!(connection("Connection: keep-alive\r\nConnection: upgrade"), 101);
    assert_eq!(connection("Connection: keep-alive, Upgrade"), 101);
    assert_eq!(connection("Connection: ,\t,UPGRADE\t,"), 101);
    assert_eq!(connection("Connection: close"), 400);
    assert_eq!(connection("Connection: xUpgrade"), 400);
    assert_eq!(connection("Connection: Upgrade;q=1"), 400);
    assert_eq!(connection("Connection: \u{ff}Upgrade"), 400);
    assert_eq!(connection("Connected: Upgrade"), 400);
    assert_eq!(status(&changed("Upgrade: websocket", "Upgrade: h2c\r\nUpgrade: WebSocket")), 101);
}

/// RFC 9112 §3.2: one `Host`, and a good one.
#[test]
fn hosts() {
    let host = |line: &str| status(&changed("Host: example.com", line));
    for bad in
        ["X: y", "Host:", "Host: a b", "Host: user@a", "Host: a/b", "Host: a:port", "Host: a, b"]
    {
        assert_eq!(host(bad), 400, "{bad}");
    }
    for good in ["Host: a", "HOST:a:1", "Host: [::1]:9001", "Host: 127.0.0.1"] {
        assert_eq!(host(good), 101, "{good}");
    }
    assert_eq!(host("Host: example.com\r\nHost: example.com"), 400);
}

/// Fields that say something twice leave it to chance who believes what.
#[test]
fn fields_that_may_come_once_and_come_twice() {
    for line in ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: a, a"] {
        assert_eq!(status(&request("/", &[line])), 400, "{line}");
    }
    let twice = ["Origin: http://example.com", "Origin: http://example.com"];
    assert_eq!(status(&request("/", &twice)), 403);
}

#[test]
fn keys() {
    for key in [
        "",
        "dGhl",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "************************",
    ] {
        assert_eq!(status(&changed("dGhlIHNhbXBsZSBub25jZQ==", key)), 400, "{key}");
    }
    assert_eq!(status(&changed("Sec-WebSocket-Key", "Sec-WebSocket-Kay")), 400);
}

#[test]
fn what_is_no_request() {
    assert_eq!(status(&changed("GET", "POST")), 405);
    assert_eq!(status(&changed("HTTP/1.1", "HTTP/1.0")), 505);
    assert_eq!(status(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 400, "HTTP/2's preface");
    assert_eq!(status(b"\r\n\r\n\r\n\r\n"), 400);
    assert_eq!(status(b"\x16\x03\x01\x02\x00\r\n\r\n"), 400, "TLS");
    assert_eq!(status(&changed("Host: example.com", "Host : example.com")), 400);
    assert_eq!(status(&changed("Host: example.com", "Host: example.com\r\n folded")), 400);
    assert_eq!(status(&changed("Host: example.com", "Host: example.com\0")), 400);
    assert_eq!(status(&changed("Host: example.com", "no field at all")), 400);
}

/// Cross-site hijacking: a browser sends the user's cookies along, whosever page asks, and names the page's
/// origin. Only pages of the same host may connect, unless the configuration says otherwise.
#[test]
fn the_page_of_another_site() {
    for origin in
        ["http://evil.example", "https://example.com.evil.example", "null", "http://example.com:81"]
    {
        let (status, _, body) = answer(&request("/", &[&format!("Origin: {origin}")]));
        assert_eq!((status, body.as_str()), (403, "pages of this origin may not connect\n"));
    }
    assert_eq!(status(&request("/", &["Origin: https://example.com"])), 101);
    assert_eq!(status(&request("/", &[])), 101, "no browser");
}

/// A service that lets all pages connect leaves the choice to its protocol.
#[test]
fn the_page_of_another_site_as_the_protocol_sees_it() {
    let mut driver = Driver::with(|config| config.origins = Origins::Any);
    driver.protocol.when("accept", "origin https://here.example");
    for (origin, expected) in [("here", 101), ("evil", 403)] {
        let key = driver.connect();
        let line = format!("Origin: https://{origin}.example");
        driver.say(key, &request("/", &[&line]));
        assert_eq!(driver.status(key), expected);
    }
}
