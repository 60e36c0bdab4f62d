//! A client for one request.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value;

use crate::support::{PATIENCE, Server};

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    fn read(stream: &mut impl Read) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The detail of a problem, which every error must be (RFC 9457).
    pub(super) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.head.contains("content-type: application/problem+json"), "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], status, "{self:?}");
        assert!(json["title"].is_string(), "{self:?}");
        json["detail"].as_str().unwrap().to_owned()
    }
}

impl Server {
    /// Asks with the headers given, one a line.
    pub(super) fn ask(&self, request: &str, headers: &str, body: &[u8]) -> Answer {
        let address = self.admin.unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let headers = if headers.contains("Host:") {
            headers.to_owned()
        } else {
            format!("Host: {address}\r\n{headers}")
        };
        send(&mut stream, request, &headers, body);
        Answer::read(&mut stream)
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), "", b"")
    }

    pub(super) fn post(&self, path: &str, kind: &str, body: &[u8]) -> Answer {
        self.ask(&format!("POST {path}"), &format!("Content-Type: {kind}\r\n"), body)
    }
}

/// Asks by a Unix socket.
pub(super) fn get_by_socket(path: &Path, request: &str) -> Answer {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    send(&mut stream, &format!("GET {request}"), "Host: anything\r\n", b"");
    Answer::read(&mut stream)
}

fn send(stream: &mut impl Write, request: &str, headers: &str, body: &[u8]) {
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
}
