//! Request heads that are work to read.

use ws_service::shard::{Accept, Context, Message, Protocol, Request};

use crate::driver::Driver;
use crate::driver::client::request;
use crate::driver::echo::Echo;

/// Bytes that a head may have, by default.
const LIMIT: usize = 16 * 1024;

/// What a refusal takes up, and the connection's own timer and queue.
const REFUSAL: u64 = 4 * 1024;

/// A request with one more field.
fn with_field(name: &str, value: &str) -> Vec<u8> {
    request("/", &[&format!("{name}: {value}")])
}

/// tungstenite CVE-2023-43669: each byte of a long head made the server parse it again.
#[test]
fn a_head_that_comes_byte_by_byte() {
    let mut driver = Driver::of(Echo::default(), |_| {});
    let key = driver.connect();
    driver.say(key, b"GET / HTTP/1.1\r\n");
    let mut sent = 16;
    let bill = driver.bill(|driver| {
        while !driver.is_shut(key) {
            driver.say(key, b"a");
            sent += 1;
            assert!(sent <= LIMIT + 1, "nobody stops it");
        }
    });
    assert_eq!(sent, LIMIT + 1);
    assert_eq!(driver.status(key), 431);
    assert!(bill.peak <= 3 * LIMIT as u64 + REFUSAL, "{bill:?}");
    assert!(bill.allocated <= 4 * LIMIT as u64 + REFUSAL, "copied once in a while: {bill:?}");
    assert!(bill.kept < 1024, "the head is let go: {bill:?}");
}

#[test]
fn the_limit_holds_whole_or_torn() {
    let mut driver = Driver::of(Echo::default(), |config| config.limits.handshake_bytes = 300);
    for (padding, expected) in [(100, 101), (300, 431)] {
        let bytes = with_field("x", &"y".repeat(padding));
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

/// ws CVE-2024-37890: a request with thousands of header fields stopped the server.
#[test]
fn thousands_of_header_fields() {
    let lines: Vec<String> = (0..2_000).map(|n| format!("x{n}: y")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    for (more, expected) in
        [(58, 101), (60, 431), (118, 431), (130, 431), (1_000, 431), (2_000, 431)]
    {
        let mut driver = Driver::of(Echo::default(), |_| {});
        let key = driver.connect();
        let bytes = request("/", &lines[..more]);
        let bill = driver.bill(|driver| driver.say(key, &bytes));
        assert_eq!(driver.status(key), expected, "{more} and the request's own");
        assert!(bill.peak <= 2 * LIMIT as u64 + REFUSAL, "{more}: {bill:?}");
        assert!(bill.kept < 1024, "{more}: {bill:?}");
    }
}

/// Takes whatever subprotocol of the client's that it knows.
struct Polyglot;

impl Protocol for Polyglot {
    type Session = ();
    type Note = ();

    fn accept(&self, request: &Request<'_>) -> Accept<()> {
        Accept::admit(()).subprotocol(request.choose_subprotocol(&["p2499", "other"]))
    }

    fn message(&self, _: &mut Context<'_>, (): &mut (), _: Message<'_>) {}
}

/// ws CVE-2021-32640: parsing the list of subprotocols took quadratic time.
#[test]
fn a_list_of_thousands_of_subprotocols() {
    let names: Vec<String> = (0..2_500).map(|n| format!("p{n}")).collect();
    let cases = [
        (names.join(","), 101),
        (names.join(" \t , "), 431),
        (",".repeat(15_000), 400),
        (format!("a{}b", " ".repeat(15_000)), 400),
        ("a,".repeat(7_500), 400),
    ];
    for (list, expected) in cases {
        let mut driver = Driver::of(Polyglot, |_| {});
        let key = driver.connect();
        let bytes = with_field("Sec-WebSocket-Protocol", &list);
        let bill = driver.bill(|driver| driver.say(key, &bytes));
        let (status, head) = driver.response(key);
        assert_eq!(status, expected, "{}", &list[..20]);
        assert_eq!(head.contains("sec-websocket-protocol: p2499\r\n"), expected == 101);
        assert!(bill.allocations < 60, "{bill:?}");
        assert!(bill.peak <= 600 * 1024, "{bill:?}");
        assert!(bill.kept < 1024, "{bill:?}");
    }
}

/// The same for the other list that a stranger writes (RFC 6455 §9.1).
#[test]
fn a_list_of_thousands_of_extensions() {
    for (list, answered) in [
        ("x,".repeat(7_000), false),
        (format!("{}permessage-deflate", "x,".repeat(7_000)), true),
        (format!("permessage-deflate{}", "; a=1".repeat(3_000)), false),
        (format!("permessage-deflate; server_max_window_bits={}", "9".repeat(15_000)), false),
    ] {
        let mut driver = Driver::of(Echo::default(), |_| {});
        let key = driver.connect();
        let bytes = with_field("Sec-WebSocket-Extensions", &list);
        let bill = driver.bill(|driver| driver.say(key, &bytes));
        let (status, head) = driver.response(key);
        assert_eq!(status, 101, "an offer that is declined is no fault");
        assert_eq!(head.contains("sec-websocket-extensions: permessage-deflate"), answered);
        assert!(bill.peak <= 2 * LIMIT as u64, "{bill:?}");
        assert!(bill.kept < 1024, "{bill:?}");
    }
}

/// A head that ends at bare line feeds hides the rest of what was taken for it.
#[test]
fn bytes_that_are_hidden_in_the_head() {
    let head = String::from_utf8(request("/", &[])).unwrap().replace("\r\n", "\n");
    let mut driver = Driver::of(Echo::default(), |_| {});
    let key = driver.connect();
    driver.say(key, &[head.as_bytes(), b"hidden\r\n\r\n"].concat());
    assert_eq!(driver.status(key), 400);
}
