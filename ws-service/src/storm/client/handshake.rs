//! The opening handshake (RFC 6455, section 4.1): what is asked, and whether the answer proves that
//! the other side is a WebSocket server which read this very request.

use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

use super::target::Target;

/// A head beyond this is not an answer to what was asked.
const MAX_HEAD: usize = 16 << 10;
const MAX_HEADERS: usize = 64;

/// A handshake under way.
#[derive(Debug)]
pub(super) struct Handshake {
    /// The `Sec-WebSocket-Accept` that only a reader of the request can give.
    accept: String,
    /// The part of the answer that has come so far.
    head: Vec<u8>,
}

/// Why an answer is not an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::storm) enum Refusal {
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("the answer is not HTTP/1.1: {0}")]
    NotHttp(httparse::Error),
    #[error("the head of the answer is longer than 16 KiB")]
    TooLong,
    #[error("the answer lacks `Upgrade: websocket`")]
    NoUpgrade,
    #[error("the answer lacks `Connection: Upgrade`")]
    NoConnection,
    #[error("Sec-WebSocket-Accept is missing or does not match the key")]
    WrongAccept,
    #[error("the server chose {0}, which was not offered")]
    NotOffered(&'static str),
}

impl Handshake {
    /// Starts one; the second part is the request to send.
    pub(super) fn start(target: &Target) -> (Self, Vec<u8>) {
        let key = generate_key();
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n",
            target.path, target.host,
        );
        (Self { accept: derive_accept_key(key.as_bytes()), head: Vec::new() }, request.into_bytes())
    }

    /// Takes more of the answer; once it is complete and right, returns the bytes behind it.
    ///
    /// # Errors
    ///
    /// What is wrong with the answer.
    pub(super) fn answer(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        // Looks once at each byte and parses once: a server that dribbles costs no more.
        let seen = self.head.len().saturating_sub(3);
        self.head.extend_from_slice(bytes);
        let whole = self.head[seen..].windows(4).any(|end| end == b"\r\n\r\n");
        if !whole {
            return if self.head.len() > MAX_HEAD { Err(Refusal::TooLong) } else { Ok(None) };
        }
        let used = verify(&self.head, &self.accept)?;
        Ok(Some(self.head.split_off(used)))
    }
}

fn verify(head: &[u8], accept: &str) -> Result<usize, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(used) = response.parse(head).map_err(Refusal::NotHttp)? else {
        return Err(Refusal::NotHttp(httparse::Error::Status));
    };
    if response.version != Some(1) {
        return Err(Refusal::NotHttp(httparse::Error::Version));
    }
    if response.code != Some(101) {
        return Err(Refusal::Status(response.code.unwrap_or_default()));
    }
    let headers = &*response.headers;
    if !has_token(headers, "Upgrade", "websocket") {
        return Err(Refusal::NoUpgrade);
    }
    if !has_token(headers, "Connection", "upgrade") {
        return Err(Refusal::NoConnection);
    }
    let accepts = |value: &[u8]| value.trim_ascii() == accept.as_bytes();
    if !values(headers, "Sec-WebSocket-Accept").eq_by_one(accepts) {
        return Err(Refusal::WrongAccept);
    }
    for unasked in ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"] {
        if values(headers, unasked).next().is_some() {
            return Err(Refusal::NotOffered(unasked));
        }
    }
    Ok(used)
}

fn values<'a>(
    headers: &'a [httparse::Header<'a>],
    name: &'a str,
) -> impl Iterator<Item = &'a [u8]> {
    headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value)
}

fn has_token(headers: &[httparse::Header<'_>], name: &str, token: &str) -> bool {
    values(headers, name)
        .flat_map(|value| value.split(|&byte| byte == b','))
        .any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// Exactly one value, and the right one.
trait EqByOne<'a>: Iterator<Item = &'a [u8]> + Sized {
    fn eq_by_one(mut self, right: impl Fn(&[u8]) -> bool) -> bool {
        self.next().is_some_and(right) && self.next().is_none()
    }
}

impl<'a, I: Iterator<Item = &'a [u8]>> EqByOne<'a> for I {}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

    /// The key and the accept value of RFC 6455, section 1.3.
    fn handshake() -> Handshake {
        let accept = derive_accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
        Handshake { accept, head: Vec::new() }
    }

    #[test]
    fn the_answer_of_the_rfc_is_accepted_in_any_pieces() {
        for step in 1..GOOD.len() {
            let mut handshake = handshake();
            let mut rest = None;
            for piece in GOOD.as_bytes().chunks(step) {
                assert_eq!(rest, None);
                rest = handshake.answer(piece).unwrap();
            }
            assert_eq!(rest, Some(Vec::new()));
        }
    }

    #[test]
    fn bytes_behind_the_head_are_handed_on() {
        let answer = format!("{GOOD}\u{1}rest");
        assert_eq!(handshake().answer(answer.as_bytes()), Ok(Some(b"\x01rest".to_vec())));
    }

    #[test]
    fn wrong_answers_are_refused_by_name() {
        let cases = [
            (GOOD.replace("101 Switching", "404 Not"), Refusal::Status(404)),
            (GOOD.replace("upgrade: WebSocket", "x: y"), Refusal::NoUpgrade),
            (GOOD.replace("keep-alive, Upgrade", "keep-alive"), Refusal::NoConnection),
            (GOOD.replace("s3pP", "S3pP"), Refusal::WrongAccept),
            (GOOD.replace("Accept:", "Accepted:"), Refusal::WrongAccept),
            (
                GOOD.replace("upgrade:", "Sec-WebSocket-Protocol: chat\r\nupgrade:"),
                Refusal::NotOffered("Sec-WebSocket-Protocol"),
            ),
            (GOOD.replace("HTTP/1.1", "HTTP/1.0"), Refusal::NotHttp(httparse::Error::Version)),
        ];
        for (answer, refusal) in cases {
            assert_eq!(handshake().answer(answer.as_bytes()), Err(refusal), "{answer}");
        }
        assert!(matches!(handshake().answer(b"garbage\r\n\r\n"), Err(Refusal::NotHttp(_))));
        assert_eq!(handshake().answer(&vec![b'x'; MAX_HEAD + 1]), Err(Refusal::TooLong));
    }

    #[test]
    fn a_request_has_what_the_rfc_requires() {
        let target = Target::parse("ws://127.0.0.1:9001/echo?a=b").unwrap();
        let request = String::from_utf8(Handshake::start(&target).1).unwrap();
        assert!(request.starts_with("GET /echo?a=b HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n"));
        assert!(request.ends_with("\r\n\r\n"));
    }
}
