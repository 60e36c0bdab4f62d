//! The request head: finding its end, and parsing it.

use http::StatusCode;
use tungstenite::error::{Error, ProtocolError};
use tungstenite::handshake::machine::TryParse;

use crate::shard::protocol::Rejection;

const BLANK_LINE: &[u8] = b"\r\n\r\n";

/// A request head whose end has not come.
#[derive(Debug, Default)]
pub(in crate::shard) struct Head {
    bytes: Vec<u8>,
    /// By which the peer has proved itself to the transport, in DER.
    pub(in crate::shard) certificate: Option<Box<[u8]>>,
}

/// What a piece of a request head brought.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::shard) enum Progress {
    /// The head is whole, and took this many of the piece's bytes.
    Whole(usize),
    /// The end has not come.
    More,
    /// More bytes than a request may have.
    TooLong,
}

impl Head {
    /// The bytes so far; the whole head after [`Progress::Whole`].
    pub(in crate::shard) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes the next piece. Every byte is looked at once, however it is torn.
    pub(in crate::shard) fn push(&mut self, piece: &[u8], limit: usize) -> Progress {
        let before = self.bytes.len();
        let room = limit.saturating_sub(before);
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        let from = before.saturating_sub(BLANK_LINE.len() - 1);
        if let Some(end) = find_end(&self.bytes[from..]) {
            self.bytes.truncate(from + end);
            return Progress::Whole(from + end - before);
        }
        if piece.len() > room { Progress::TooLong } else { Progress::More }
    }
}

/// Where the head that `bytes` begin with ends, behind its blank line.
pub(in crate::shard) fn find_end(bytes: &[u8]) -> Option<usize> {
    #[cfg(test)]
    crate::shard::work::add(bytes.len());
    bytes
        .windows(BLANK_LINE.len())
        .position(|window| window == BLANK_LINE)
        .map(|at| at + BLANK_LINE.len())
}

/// Parses a whole head; a refusal says what is wrong with it.
pub(in crate::shard) fn parse(
    head: &[u8],
    max_headers: usize,
) -> Result<http::Request<()>, Rejection> {
    #[cfg(test)]
    crate::shard::work::add(head.len());
    let request = match http::Request::try_parse(head) {
        Ok(Some((size, request))) if size == head.len() => request,
        // It ended earlier, at bare line feeds: what follows would be nobody's.
        Ok(Some(_)) => return Err(bad_request("the request has bare line feeds")),
        Ok(None) => return Err(bad_request("the request is incomplete")),
        Err(error) => return Err(refuse(&error)),
    };
    if request.headers().len() > max_headers {
        return Err(too_many_headers());
    }
    Ok(request)
}

fn refuse(error: &Error) -> Rejection {
    match error {
        Error::Protocol(ProtocolError::WrongHttpMethod) => {
            Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket begins with GET")
        }
        Error::Protocol(ProtocolError::WrongHttpVersion) => {
            Rejection::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 is needed")
        }
        Error::Capacity(_) | Error::AttackAttempt => too_many_headers(),
        _ => bad_request("the request is malformed"),
    }
}

fn too_many_headers() -> Rejection {
    Rejection::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "too many header fields")
}

pub(super) fn bad_request(text: &str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn the_end_is_found_wherever_the_request_is_torn() {
        let input = [REQUEST, b"frames"].concat();
        for cut in 0..input.len() {
            let mut head = Head::default();
            let (first, second) = input.split_at(cut);
            let progress = match head.push(first, 1024) {
                Progress::More => head.push(second, 1024),
                whole => whole,
            };
            assert_eq!(head.bytes(), REQUEST);
            let behind = if cut < REQUEST.len() { cut } else { 0 };
            assert_eq!(progress, Progress::Whole(REQUEST.len() - behind));
        }
    }

    #[test]
    fn a_request_beyond_the_limit_is_too_long() {
        let mut head = Head::default();
        assert_eq!(head.push(&REQUEST[..10], 20), Progress::More);
        assert_eq!(head.push(&REQUEST[10..], 20), Progress::TooLong);
        assert_eq!(head.bytes().len(), 20, "nothing is kept beyond it");
        let mut head = Head::default();
        assert_eq!(head.push(REQUEST, REQUEST.len()), Progress::Whole(REQUEST.len()));
    }

    #[test]
    fn refusals_say_what_is_wrong() {
        let status = |head: &[u8]| parse(head, 2).unwrap_err().status.as_u16();
        assert_eq!(status(b"POST / HTTP/1.1\r\n\r\n"), 405);
        assert_eq!(status(b"GET / HTTP/1.0\r\n\r\n"), 505);
        assert_eq!(status(b"GET\r\n\r\n"), 400);
        assert_eq!(status(b"GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"), 431);
        assert_eq!(
            status(&[b"GET / HTTP/1.1\r\n", &b"a: b\r\n".repeat(200)[..], b"\r\n"].concat()),
            431
        );
    }
}
