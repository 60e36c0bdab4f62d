//! The bytes of a response.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::shard::protocol::Rejection;

/// A `101 Switching Protocols`, with what the protocol adds to it.
pub(in crate::shard) fn switching_protocols(
    response: &http::Response<()>,
    extra: &[(HeaderName, HeaderValue)],
) -> Bytes {
    let mut out = Vec::with_capacity(160);
    status_line(&mut out, response.status());
    fields(&mut out, response.headers(), extra);
    out.extend_from_slice(b"\r\n");
    out.into()
}

/// A refusal, after which the connection ends.
pub(in crate::shard) fn refusal(rejection: &Rejection) -> Bytes {
    let body = format!("{}\n", rejection.text);
    let mut headers = HeaderMap::new();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, body.len().into());
    if rejection.status == StatusCode::UPGRADE_REQUIRED {
        // Who sends an Upgrade names it here, too (RFC 9110 §7.8).
        headers.insert(CONNECTION, HeaderValue::from_static("close, upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert("sec-websocket-version", HeaderValue::from_static("13"));
    }
    if rejection.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert("allow", HeaderValue::from_static("GET"));
    }
    let mut out = Vec::with_capacity(256);
    status_line(&mut out, rejection.status);
    fields(&mut out, &headers, &rejection.headers);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body.as_bytes());
    out.into()
}

fn status_line(out: &mut Vec<u8>, status: StatusCode) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or("Refused").as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn fields(out: &mut Vec<u8>, headers: &HeaderMap, extra: &[(HeaderName, HeaderValue)]) {
    let extra = extra.iter().map(|(name, value)| (name, value));
    for (name, value) in headers.iter().chain(extra) {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_whole_response() {
        let rejection = Rejection::new(StatusCode::UPGRADE_REQUIRED, "no")
            .header(HeaderName::from_static("x-why"), HeaderValue::from_static("because"));
        let bytes = refusal(&rejection);
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{text}");
        assert!(text.contains("sec-websocket-version: 13\r\n"), "{text}");
        assert!(text.contains("content-length: 3\r\n"), "{text}");
        assert!(text.contains("x-why: because\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nno\n"), "{text}");
    }
}
