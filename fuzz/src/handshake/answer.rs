//! An HTTP response, and what follows it.

use tungstenite::Message;

use crate::driver::peer;

/// What a client makes of it.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) accept: Option<String>,
    pub(super) subprotocol: Option<String>,
    pub(super) extension: Option<String>,
    /// Behind a 101.
    pub(super) messages: Vec<Message>,
    /// The whole response.
    head: Vec<(String, String)>,
}

impl Answer {
    /// Reads a response.
    ///
    /// # Panics
    /// It is not whole, or not well-formed, or not what its status asks for.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut fields);
        let size = response.parse(bytes).expect("well-formed").unwrap();
        let status = response.code.expect("a status");
        let head: Vec<_> = response
            .headers
            .iter()
            .map(|field| {
                let value = str::from_utf8(field.value).expect("plain text");
                (field.name.to_ascii_lowercase(), value.to_owned())
            })
            .collect();
        let field = |name| head.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone());
        let behind = &bytes[size..];
        let messages = if status == 101 { peer::decode(behind) } else { Vec::new() };
        if status != 101 {
            let length: usize =
                field("content-length").expect("a length").parse().expect("a number");
            assert_eq!(length, behind.len(), "the body, and nothing behind it");
            // Who sends an Upgrade names it in Connection, too (RFC 9110 §7.8).
            let connection = if status == 426 { "close, upgrade" } else { "close" };
            assert_eq!(field("connection").as_deref(), Some(connection));
            assert_eq!(field("upgrade").is_some(), status == 426);
            assert_eq!(field("sec-websocket-extensions"), None, "nothing is agreed on");
            assert!(str::from_utf8(behind).is_ok_and(|body| body.ends_with('\n')));
        }
        assert_eq!(status == 426, field("sec-websocket-version").as_deref() == Some("13"));
        assert_eq!(status == 405, field("allow").as_deref() == Some("GET"));
        Self {
            status,
            accept: field("sec-websocket-accept"),
            subprotocol: field("sec-websocket-protocol"),
            extension: field("sec-websocket-extensions"),
            messages,
            head,
        }
    }
}
