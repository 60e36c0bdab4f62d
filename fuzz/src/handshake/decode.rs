//! From choices to requests: each line is one of a list, or a name of a list and any value.

use super::BEHIND;
use crate::choices::Choices;
use crate::driver::client;

const REQUEST_LINES: [&str; 12] = [
    "GET / HTTP/1.1",
    "GET /chat?room=1 HTTP/1.1",
    "POST / HTTP/1.1",
    "GET / HTTP/1.0",
    "GET / HTTP/2.0",
    "get / HTTP/1.1",
    "GET  / HTTP/1.1",
    "GET http://a/b HTTP/1.1",
    "GET * HTTP/1.1",
    "GET a:1 HTTP/1.1",
    "GET /%zz#x HTTP/1.1",
    "GET /",
];

/// The first six make a good request.
const LINES: [&str; 32] = [
    "Host: example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: two, one",
    "Host: example.com:80",
    "Host: user@example.com",
    "Host: [::1]:9001",
    "Upgrade: h2c, WebSocket",
    "Connection: keep-alive,\tupgrade ,",
    "Connection: close",
    "Sec-WebSocket-Version: 8",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==",
    "Sec-WebSocket-Protocol: three",
    "Sec-WebSocket-Protocol: one,,one",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8, x, permessage-deflate",
    "Content-Length: 0",
    "Content-Length: 5",
    "Transfer-Encoding: chunked",
    "Origin: http://example.com",
    "Origin: https://example.com:443",
    "Origin: https://good.example",
    "Origin: https://evil.example",
    "Origin: null",
    "Cookie: a=b",
    "X-Folded: a\r\n b",
    "X-Space : a",
    "no field at all",
    ": no name",
];

const NAMES: [&str; 12] = [
    "Host",
    "Upgrade",
    "Connection",
    "Sec-WebSocket-Version",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
    "Content-Length",
    "Transfer-Encoding",
    "Origin",
    "X",
    "",
];

/// The choice that ends the lines.
const END: u8 = 0xff;

/// The frame behind every request.
pub(super) fn behind() -> Vec<u8> {
    client::text(BEHIND)
}

/// A request, and a frame behind it.
pub(super) fn request(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut request = choices.pick(&REQUEST_LINES).as_bytes().to_vec();
    request.extend(b"\r\n");
    while !choices.is_empty() {
        match choices.byte() {
            END => break,
            line @ 0..64 => request.extend(LINES[usize::from(line) % LINES.len()].as_bytes()),
            64..128 => {
                request.extend(choices.pick(&NAMES).as_bytes());
                request.extend(b":");
                request.extend(choices.bytes());
            }
            _ => request.extend(choices.bytes()),
        }
        request.extend(b"\r\n");
    }
    request.extend(b"\r\n");
    request.extend(behind());
    request
}

/// All at once, from the same host, made of the six good lines.
const GOOD: [u8; 10] = [0, 0, 1, 0, 0, 1, 2, 3, 4, 5];

pub(super) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let good = |more: &[u8]| [&GOOD, more].concat();
    let without = |line: u8| {
        let is_kept = |(place, byte): (usize, &u8)| (place < 4 || *byte != line).then_some(*byte);
        GOOD.iter().enumerate().filter_map(is_kept).collect::<Vec<_>>()
    };
    let mut byte_by_byte = good(&[]);
    byte_by_byte[0] = 1;
    let mut posted = good(&[]);
    posted[3] = 2;
    vec![
        ("good", good(&[])),
        ("good-byte-by-byte", byte_by_byte),
        ("good-with-deflate", good(&[17])),
        ("good-with-a-second-offer", good(&[18])),
        ("good-with-the-same-origin", good(&[22])),
        ("good-with-the-schemes-port", good(&[23])),
        ("another-origin", good(&[25])),
        ("two-origins", good(&[22, 22])),
        ("a-listed-origin", [&[0, 2, 1, 0, 0, 1, 2, 3, 4], &[24][..]].concat()),
        ("no-host", without(0)),
        ("two-hosts", good(&[6])),
        ("no-upgrade", without(1)),
        ("no-key", without(4)),
        ("a-body", good(&[20])),
        ("an-empty-body", good(&[19])),
        ("posted", posted),
        ("folded", good(&[28])),
        ("a-value-of-any-bytes", good(&[64, 10, 4, 0x80, b' ', b'\t', 0xff])),
        ("any-line", good(&[128, 3, b'a', b'\n', b'b'])),
        ("too-many-fields", good(&[27; 20])),
        (
            "too-long",
            good(&[[64, 10, 250].as_slice(), &[b'x'; 250], &[64, 10, 250], &[b'y'; 250]].concat()),
        ),
        ("raw", [&[3, 0, 0][..], &client::request("/", &["X: y"]), &behind()].concat()),
        (
            "raw-bare-line-feeds",
            [&[0, 0, 0][..], b"GET / HTTP/1.1\nHost: a\n\nhidden\r\n\r\n"].concat(),
        ),
        ("raw-unfinished", [&[0, 1, 0][..], b"GET / HTTP/1.1\r\nHo"].concat()),
    ]
}
