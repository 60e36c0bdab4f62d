//! What RFC 6455 §4.2.1 asks of an upgrade request, field by field.

use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use http::uri::Authority;
use http::{HeaderValue, StatusCode};
use tungstenite::handshake::server::create_response;

use super::head::bad_request;
use super::{origin, subprotocol};
use crate::shard::config::Origins;
use crate::shard::protocol::Rejection;

/// Checks an upgrade request; the response that accepts it, or the refusal.
///
/// tungstenite reads only the first `Connection` and `Upgrade` fields: once all of them have been
/// read here, they are replaced by the plain one it knows.
pub(in crate::shard) fn check(
    request: &mut http::Request<()>,
    origins: &Origins,
) -> Result<http::Response<()>, Rejection> {
    let headers = request.headers_mut();
    one_host(headers)?;
    no_body(headers)?;
    origin::check(headers, origins)?;
    if !has_token(headers, &UPGRADE, "websocket") {
        return Err(Rejection::new(
            StatusCode::UPGRADE_REQUIRED,
            "This address speaks WebSocket: connect with a WebSocket client.",
        ));
    }
    if !has_token(headers, &CONNECTION, "upgrade") {
        return Err(bad_request("Connection has no Upgrade"));
    }
    version(headers)?;
    if headers.get_all(SEC_WEBSOCKET_KEY).iter().count() != 1 {
        return Err(bad_request("Sec-WebSocket-Key must be there once"));
    }
    subprotocol::check(headers)?;
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    create_response(request).map_err(|_| bad_request("Sec-WebSocket-Key is not 16 bytes in base64"))
}

/// RFC 9112 §3.2: a request without `Host`, with two, or with a malformed one, is answered with 400.
fn one_host(headers: &HeaderMap) -> Result<(), Rejection> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host) => Ok(()),
        (Some(_), None) => Err(bad_request("Host is malformed")),
        _ => Err(bad_request("Host must be there once")),
    }
}

fn is_host(value: &HeaderValue) -> bool {
    let Ok(authority) = Authority::try_from(value.as_bytes()) else { return false };
    let host = authority.as_str();
    let behind = host.rsplit_once(']').map_or(host, |(_, behind)| behind);
    let port = behind.split_once(':').map_or("", |(_, port)| port);
    !host.contains('@') && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// A body would be taken for frames.
fn no_body(headers: &HeaderMap) -> Result<(), Rejection> {
    let empty = headers.get_all(CONTENT_LENGTH).iter().all(|length| length == "0");
    if empty && !headers.contains_key(TRANSFER_ENCODING) {
        Ok(())
    } else {
        Err(bad_request("an upgrade request has no body"))
    }
}

fn version(headers: &HeaderMap) -> Result<(), Rejection> {
    let mut versions = headers.get_all(SEC_WEBSOCKET_VERSION).iter();
    if versions.next().is_some_and(|version| version == "13") && versions.next().is_none() {
        return Ok(());
    }
    Err(Rejection::new(StatusCode::UPGRADE_REQUIRED, "Sec-WebSocket-Version must be 13"))
}

/// Whether a comma-separated field, over all its lines, has a token (RFC 9110 §5.6.1).
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::handshake::parse;

    const GOOD: &[&str] = &[
        "Host: a",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];

    fn status(lines: &[&str]) -> u16 {
        let head = format!("GET / HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"));
        let mut request = parse(head.as_bytes(), 64).unwrap();
        match check(&mut request, &Origins::SameHost) {
            Ok(response) => response.status().as_u16(),
            Err(rejection) => rejection.status.as_u16(),
        }
    }

    fn with(line: &str) -> u16 {
        status(&[GOOD, &[line]].concat())
    }

    fn instead(place: usize, line: &str) -> u16 {
        let mut lines = GOOD.to_vec();
        lines[place] = line;
        status(&lines)
    }

    #[test]
    fn the_key_of_the_rfc_gives_the_answer_of_the_rfc() {
        let head = format!("GET / HTTP/1.1\r\n{}\r\n\r\n", GOOD.join("\r\n"));
        let response = check(&mut parse(head.as_bytes(), 64).unwrap(), &Origins::SameHost).unwrap();
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn all_connection_fields_count() {
        assert_eq!(instead(2, "Connection: keep-alive\r\nConnection: upgrade"), 101);
        assert_eq!(instead(2, "Connection: keep-alive, Upgrade"), 101);
        assert_eq!(instead(2, "Connection: keep-alive"), 400);
        assert_eq!(instead(1, "Upgrade: h2c, WebSocket"), 101);
    }

    #[test]
    fn what_the_rfc_asks_is_asked() {
        assert_eq!(instead(0, "X: y"), 400, "no Host");
        assert_eq!(with("Host: b"), 400, "two Hosts");
        for host in ["Host:", "Host: a b", "Host: user@a", "Host: a/b", "Host: a:port"] {
            assert_eq!(instead(0, host), 400, "{host}");
        }
        assert_eq!(with("Origin: http://b"), 403, "another host's page");
        assert_eq!(with("Sec-WebSocket-Protocol: a, a"), 400);
        assert_eq!(instead(1, "X: y"), 426, "plain HTTP");
        assert_eq!(instead(3, "X: y"), 426, "no version");
        assert_eq!(instead(3, "Sec-WebSocket-Version: 8"), 426);
        assert_eq!(instead(4, "X: y"), 400, "no key");
        assert_eq!(instead(4, "Sec-WebSocket-Key: c2hvcnQ="), 400);
        assert_eq!(with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400, "two keys");
    }

    #[test]
    fn an_upgrade_with_a_body_is_refused() {
        assert_eq!(with("Content-Length: 0"), 101);
        assert_eq!(with("Content-Length: 5"), 400);
        assert_eq!(with("Transfer-Encoding: chunked"), 400);
    }
}
