//! What flags change, seen from a client.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use rustix::process::Signal;

use crate::support::{PATIENCE, Server, command};

/// The head of the answer to an upgrade request with one more header line.
fn answer(server: &Server, line: &str) -> String {
    let address = server.addresses[0];
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET /echo HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{line}\r\n\r\n"
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn origin_names_whose_pages_may_connect() {
    let status = |flags: &[&str], origin: &str| {
        let head = answer(&Server::start(flags), &format!("Origin: {origin}"));
        head["HTTP/1.1 ".len()..][..3].to_owned()
    };
    let (ours, other) = ("https://app.example", "https://other.example");
    assert_eq!(status(&[], other), "403");
    assert_eq!(status(&["--origin", ours], other), "403");
    assert_eq!(status(&["--origin", ours, "--origin", other], other), "101");
    assert_eq!(status(&["--origin", "*"], other), "101");
}

#[test]
fn compression_is_agreed_on_as_the_flag_says() {
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";
    for (mode, expected) in [
        ("off", None),
        (
            "shared",
            Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        ),
        ("dedicated", Some("permessage-deflate")),
    ] {
        let head = answer(&Server::start(&["--compression", mode]), offer);
        let agreed = head.lines().find_map(|line| line.strip_prefix("sec-websocket-extensions: "));
        assert_eq!(agreed, expected, "{mode}");
    }
}

#[test]
fn a_unix_socket_has_the_permissions_that_are_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let place = format!("unix:{}", path.display());
    let listen = ["--listen", "127.0.0.1:0", "--listen", &place, "--unix-mode", "600"];
    let server = Server::spawn(command().args(listen));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    UnixStream::connect(&path).unwrap();
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_proxy_is_believed_and_nobody_else() {
    let status = |proxy: &str| {
        let server = Server::start(&["--proxy", proxy]);
        let mut stream = TcpStream::connect(server.addresses[0]).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = "GET /nothing HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        write!(stream, "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n{head}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer["HTTP/1.1 ".len()..][..3].to_owned()
    };
    assert_eq!(status("127.0.0.0/8"), "404", "its header is taken off");
    assert_eq!(status("10.0.0.0/8"), "400", "no request begins like that");
}

#[test]
fn limits_at_the_door_are_as_the_flags_say() {
    let refused = |flags: &[&str]| {
        let mut server = Server::start(flags);
        let open = server.connect("/echo");
        let mute = [(), ()].map(|()| TcpStream::connect(server.addresses[0]).unwrap());
        let sum = |stats: &serde_json::Value, names: [&str; 2]| {
            names.iter().filter_map(|name| stats[name].as_u64()).sum::<u64>()
        };
        let stats = server.until(|stats| sum(stats, ["opened", "refused"]) == 3);
        drop((open, mute));
        sum(&stats, ["refused_addresses", "refused_handshakes"])
    };
    assert_eq!(refused(&["--threads", "1"]), 0);
    assert_eq!(refused(&["--threads", "1", "--max-per-address", "2"]), 1);
    assert_eq!(refused(&["--threads", "1", "--max-handshakes", "1"]), 1);
}

/// What the system says of timers on the server's side of its connections.
fn keepalives(server: &Server) -> usize {
    let port = format!(":{:04X}", server.addresses[0].port());
    let connections = fs::read_to_string("/proc/net/tcp").unwrap();
    let is_kept_alive = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields[1].ends_with(&port) && fields[3] == "01" && fields[5].starts_with("02:")
    };
    connections.lines().skip(1).filter(is_kept_alive).count()
}

#[test]
fn the_system_probes_silent_connections_if_it_is_told_to() {
    for (flags, expected) in [(&["--tcp-keepalive", "1min"][..], 1), (&[], 0)] {
        let mut server = Server::start(flags);
        let client = server.connect("/echo");
        server.until(|stats| stats["handshakes"] == 1);
        assert_eq!(keepalives(&server), expected, "{flags:?}");
        drop(client);
    }
}
