//! A plain reading of RFC 6455 §4.2.1, RFC 9110 and RFC 9112: which rules a request breaks. It shares the parser of
//! lines with the service, and nothing of what is made of them.

use std::collections::BTreeSet;

use tungstenite::handshake::derive_accept_key;
use ws_service::shard::Origins;

use super::OURS;

/// What the configuration asks.
pub(super) struct Rules {
    pub(super) bytes: usize,
    pub(super) fields: usize,
    pub(super) origins: Origins,
}

/// What is to be said of a request.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// Its end has not come, and may yet.
    pub(super) is_unfinished: bool,
    /// A status for each rule that it breaks: one of them is the answer.
    pub(super) faults: BTreeSet<u16>,
    /// Statuses for what is wrong or not depending on how the RFCs are read.
    pub(super) doubts: BTreeSet<u16>,
    pub(super) accept: Option<String>,
    pub(super) subprotocol: Option<String>,
    pub(super) is_deflate_offered: bool,
    /// Exactly the frame that every made request has behind it is behind this one.
    pub(super) is_followed: bool,
}

pub(super) fn judge(stream: &[u8], rules: &Rules) -> Judgement {
    let mut judgement = Judgement::default();
    let within = &stream[..stream.len().min(rules.bytes)];
    let Some(blank) = within.windows(4).position(|it| it == b"\r\n\r\n") else {
        judgement.is_unfinished = stream.len() <= rules.bytes;
        judgement.faults.insert(431);
        return judgement;
    };
    let (head, behind) = stream.split_at(blank + 4);
    judgement.is_followed = behind == super::decode::behind();
    let mut room = [httparse::EMPTY_HEADER; 124];
    let mut request = httparse::Request::new(&mut room);
    match request.parse(head) {
        Ok(httparse::Status::Complete(size)) => judgement.line(&request, size == head.len()),
        Err(httparse::Error::TooManyHeaders) => {
            judgement.faults.insert(431);
        }
        _ => {
            judgement.faults.insert(400);
        }
    }
    if judgement.faults.is_empty() {
        let fields: Vec<_> = request
            .headers
            .iter()
            .map(|field| Field { name: field.name.to_ascii_lowercase(), value: field.value })
            .collect();
        judgement.fields(&fields, rules);
    }
    judgement
}

/// A line of the head.
struct Field<'a> {
    name: String,
    value: &'a [u8],
}

impl Field<'_> {
    /// Its value, if it is visible ASCII, as lists are.
    fn text(&self) -> Option<&str> {
        let is_plain = self.value.iter().all(|&byte| matches!(byte, b'\t' | b' '..=b'~'));
        str::from_utf8(self.value).ok().filter(|_| is_plain)
    }
}

/// The values of one name.
fn all<'a>(fields: &'a [Field<'a>], name: &str) -> Vec<&'a Field<'a>> {
    fields.iter().filter(|field| field.name == name).collect()
}

/// The items of a list in any number of lines.
fn items<'a>(fields: &'a [Field<'a>], name: &str) -> Vec<&'a str> {
    let lines = fields.iter().filter(|field| field.name == name).filter_map(Field::text);
    lines.flat_map(|line| line.split(',')).map(|item| item.trim_matches([' ', '\t'])).collect()
}

impl Judgement {
    /// The request line, and where the head ends.
    fn line(&mut self, request: &httparse::Request<'_, '_>, ends_at_the_blank_line: bool) {
        if request.method != Some("GET") {
            self.faults.insert(405);
        }
        if request.version != Some(1) {
            self.faults.insert(505);
        }
        let is_target = request.path.is_some_and(|path| path.parse::<http::Uri>().is_ok());
        if !is_target || !ends_at_the_blank_line {
            self.faults.insert(400);
        }
    }

    fn fields(&mut self, fields: &[Field<'_>], rules: &Rules) {
        let mut fault = |is_broken: bool, status| {
            if is_broken {
                self.faults.insert(status);
            }
        };
        fault(fields.len() > rules.fields, 431);
        let upgrades = items(fields, "upgrade");
        fault(!upgrades.iter().any(|it| it.eq_ignore_ascii_case("websocket")), 426);
        let connection = items(fields, "connection");
        fault(!connection.iter().any(|it| it.eq_ignore_ascii_case("upgrade")), 400);
        let versions = all(fields, "sec-websocket-version");
        fault(versions.len() != 1 || versions[0].value != b"13", 426);
        let lengths = all(fields, "content-length");
        fault(lengths.iter().any(|length| length.value != b"0"), 400);
        fault(!all(fields, "transfer-encoding").is_empty(), 400);
        self.key(&all(fields, "sec-websocket-key"));
        self.subprotocols(fields);
        let host = self.host(&all(fields, "host"));
        self.origin(&all(fields, "origin"), host.as_deref(), &rules.origins);
        let extensions = items(fields, "sec-websocket-extensions");
        self.is_deflate_offered =
            extensions.iter().any(|it| it.to_ascii_lowercase().starts_with("permessage-deflate"));
    }

    /// RFC 4648 §4: sixteen bytes are 22 letters, of which the last has two bits, and two signs of filling.
    fn key(&mut self, keys: &[&Field<'_>]) {
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
        let is_key = |key: &[u8]| match key {
            [letters @ .., b'=', b'='] => {
                letters.len() == 22
                    && letters.iter().all(is_letter)
                    && letters.last().is_some_and(|last| b"AQgw".contains(last))
            }
            _ => false,
        };
        match keys {
            [key] if is_key(key.value) => self.accept = Some(derive_accept_key(key.value)),
            _ => _ = self.faults.insert(400),
        }
    }

    fn subprotocols(&mut self, fields: &[Field<'_>]) {
        let lines = all(fields, "sec-websocket-protocol");
        let offered = items(fields, "sec-websocket-protocol");
        let is_token = |name: &&str| {
            let is_part =
                |byte: u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte);
            !name.is_empty() && name.bytes().all(is_part)
        };
        let different: BTreeSet<_> = offered.iter().collect();
        if lines.iter().any(|line| line.text().is_none())
            || !offered.iter().all(is_token)
            || different.len() < offered.len()
        {
            self.faults.insert(400);
        }
        self.subprotocol = offered.iter().find(|name| OURS.contains(name)).map(|&it| it.to_owned());
    }

    fn host(&mut self, hosts: &[&Field<'_>]) -> Option<String> {
        let host = match hosts {
            [host] => host.text(),
            _ => None,
        };
        let Some(host) = host.filter(|host| !host.is_empty()) else {
            self.faults.insert(400);
            return None;
        };
        let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
        let is_simple = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        let is_plain = !name.is_empty() && name.bytes().all(is_simple);
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let signs = [' ', '\t', '@', '/', '?', '#', '\\', '"', '<', '>', '^', '`', '{', '|', '}'];
        if host.contains(signs) || is_plain && !is_number {
            self.faults.insert(400);
        } else if !is_plain || port.len() > 5 || host.ends_with(':') {
            // Addresses in brackets, names with signs, ports of any size.
            self.doubts.insert(400);
        }
        Some(host.to_owned())
    }

    fn origin(&mut self, origins: &[&Field<'_>], host: Option<&str>, allowed: &Origins) {
        let origin = match origins {
            [] => return,
            [origin] => origin.text(),
            _ => None,
        };
        let Some(origin) = origin else {
            _ = self.faults.insert(403);
            return;
        };
        let is_allowed = match (allowed, host) {
            (Origins::Any, _) => true,
            (Origins::List(list), _) => list.iter().any(|it| it.eq_ignore_ascii_case(origin)),
            (Origins::SameHost, Some(host)) => is_same(origin, host),
            (Origins::SameHost, None) => false,
        };
        if !is_allowed {
            self.faults.insert(403);
        }
        if origin.ends_with(':') || host.is_some_and(|host| host.ends_with(':')) {
            // A port that is there and has no digits.
            self.doubts.insert(403);
        }
    }
}

/// RFC 6454 §5, without the scheme, which a proxy may have changed.
fn is_same(origin: &str, host: &str) -> bool {
    let lower = origin.to_ascii_lowercase();
    let (authority, port) = if let Some(authority) = lower.strip_prefix("http://") {
        (authority, "80")
    } else if let Some(authority) = lower.strip_prefix("https://") {
        (authority, "443")
    } else {
        return false;
    };
    let whole = |authority: &str| match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name.to_owned(), port.to_owned()),
        _ => (authority.to_owned(), port.to_owned()),
    };
    whole(authority) == whole(&host.to_ascii_lowercase())
}
