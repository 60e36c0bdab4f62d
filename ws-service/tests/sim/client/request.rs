//! A client's upgrade request.

use super::temper::Flaw;
use crate::dice::Dice;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The answer to [`KEY`] that RFC 6455 §1.3 gives.
const ANSWER: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The request of client `id`; `flaw` says what is wrong with it.
pub(crate) fn request(
    dice: &mut Dice,
    id: u32,
    is_deferred: bool,
    flaw: Option<Flaw>,
    limit: usize,
) -> Vec<u8> {
    let is = |it| flaw == Some(it);
    let path = match flaw {
        Some(Flaw::NotFound) => "/nowhere",
        Some(Flaw::Panic) => "/panic",
        _ if is_deferred => "/defer",
        _ => "/admit",
    };
    if is(Flaw::Garbage) {
        return b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n".to_vec();
    }
    let method = if is(Flaw::Post) { "POST" } else { "GET" };
    let version = if is(Flaw::OldHttp) { "1.0" } else { "1.1" };
    let mut lines = vec![format!("{method} {path} HTTP/{version}")];
    let mut line = |wanted: bool, text: &str| {
        if wanted {
            lines.push(text.to_owned());
        }
    };
    line(!is(Flaw::NoHost), "Host: sim");
    line(!is(Flaw::NoUpgrade), "Upgrade: websocket");
    line(dice.per_mille(100), "Connection: keep-alive");
    line(true, "Connection: Upgrade");
    let protocol_version = if is(Flaw::OldVersion) { 8 } else { 13 };
    line(true, &format!("Sec-WebSocket-Version: {protocol_version}"));
    let key = if is(Flaw::ShortKey) { "c2hvcnQ=" } else { KEY };
    line(!is(Flaw::NoKey), &format!("Sec-WebSocket-Key: {key}"));
    line(true, &format!("X-Client: {id}"));
    line(is(Flaw::Body), "Content-Length: 5");
    line(is(Flaw::TooLong), &format!("X-Long: {}", "x".repeat(limit)));
    for _ in 0..if is(Flaw::ManyFields) { 70 } else { 0 } {
        line(true, "A: b");
    }
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

/// The status of a response head; an error if a 101 is not the one that was asked for.
pub(crate) fn status(head: &[u8], id: u32) -> Result<u16, String> {
    let text = std::str::from_utf8(head).map_err(|_| "a response that is not text".to_owned())?;
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| format!("no status line: {text:?}"))?;
    if status == 101 {
        let is_answered = text.contains(&format!("sec-websocket-accept: {ANSWER}\r\n"));
        if !is_answered || !text.contains(&format!("x-client: {id}\r\n")) {
            return Err(format!("somebody else's 101: {text:?}"));
        }
    }
    Ok(status)
}

/// The bytes that follow a refusal's head.
pub(crate) fn content_length(head: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(head).ok()?;
    let (_, rest) = text.split_once("content-length: ")?;
    rest.split_once("\r\n")?.0.parse().ok()
}
