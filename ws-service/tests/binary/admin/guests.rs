//! Who may ask, and how much.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use crate::support::PATIENCE;

use super::http::get_by_socket;
use super::start;

const TOKEN: &str = "correct-horse-battery";

#[test]
fn with_a_token_only_those_who_know_it_are_answered() {
    let directory = tempfile::tempdir().unwrap();
    let (file, socket) = (directory.path().join("token"), directory.path().join("admin"));
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let server = start(&[
        "--admin-token-file",
        file.to_str().unwrap(),
        "--admin-socket",
        socket.to_str().unwrap(),
    ]);
    for path in ["/metrics", "/api/v1/status", "/api/v1/live", "/api/v1/openapi.json", "/nowhere"] {
        let answer = server.get(path);
        assert!(answer.problem(401).contains("Bearer"), "{path}");
        assert!(answer.head.contains("www-authenticate: bearer"), "{path}");
    }
    let with = |token: &str| {
        server.ask("GET /api/v1/status", &format!("Authorization: Bearer {token}\r\n"), b"")
    };
    assert_eq!(with(TOKEN).status, 200);
    with("correct-horse-batterz").problem(401);
    with("").problem(401);
    for path in
        ["/health/live", "/health/ready", "/", "/page.css", "/page.js", "/feed.js", "/plot.js"]
    {
        assert_eq!(server.get(path).status, 200, "{path} says nothing that is secret");
    }
    // The file's owner needs none, and nobody else can open it.
    assert_eq!(get_by_socket(&socket, "/api/v1/status").status, 200);
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    assert!(!socket.exists(), "it goes with the service");
}

#[test]
fn pages_of_others_and_names_of_others_are_turned_away() {
    let server = start(&[]);
    let admin = server.admin.unwrap();
    let ask = |headers: &str| server.ask("POST /api/v1/topics/t", headers, b"x");
    assert!(ask("Origin: http://evil.example\r\n").problem(403).contains("origin"));
    assert!(ask("Host: evil.example\r\n").problem(403).contains("localhost"));
    ask(&format!("Origin: http://{admin}\r\n")).problem(415);
    ask(&format!("Host: localhost:{}\r\n", admin.port())).problem(415);
}

#[test]
fn what_is_not_there_is_a_problem_like_any_other() {
    let server = start(&[]);
    assert!(server.get("/nowhere").problem(404).contains("/nowhere"));
    assert!(server.ask("DELETE /api/v1/status", "", b"").problem(405).contains("method"));
    assert!(server.get("/api/v1/connections/%FF").problem(400).contains("UTF-8"));
}

/// Those who hold all places must not hold them for ever.
#[test]
fn guests_who_say_nothing_are_sent_away_and_others_come_in() {
    let server = start(&[]);
    let silent: Vec<_> =
        (0..32).map(|_| TcpStream::connect(server.admin.unwrap()).unwrap()).collect();
    assert_eq!(server.get("/health/live").status, 200);
    for mut stream in silent {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(stream.read(&mut [0; 100]).unwrap_or(0), 0, "it was sent away");
    }
}

#[test]
fn a_head_without_end_is_cut_off() {
    let server = start(&[]);
    let mut stream = TcpStream::connect(server.admin.unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let line = format!("X-Long: {}\r\n", "x".repeat(1000));
    stream.write_all(b"GET /health/live HTTP/1.1\r\n").unwrap();
    // The end may come while it still writes.
    let sent = (0..1000).take_while(|_| stream.write_all(line.as_bytes()).is_ok()).count();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    assert!(sent < 1000 || text.starts_with("HTTP/1.1 431"), "{sent} {text}");
}
