//! A second service takes the first one's place, for administrators too.

use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{PATIENCE, Server};

use super::http::get_by_socket;

/// How many sockets listen at a port of this machine.
fn listeners(address: SocketAddr) -> usize {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{:04X} ", address.port());
    let listens = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        let local = format!("{} ", fields.next().unwrap_or_default());
        local.ends_with(&port) && fields.nth(1) == Some("0A")
    };
    table.lines().filter(listens).count()
}

#[test]
fn administrators_find_whoever_serves() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (handover, socket) = (path("handover"), path("admin"));
    let common = ["--threads", "1", "--handover", &handover, "--admin-socket", &socket];
    let start = |listen: &str, admin: &str| {
        let these =
            ["--listen", listen, "--admin", admin, "--close-timeout", "1h", "--stop-after", "1h"];
        Server::start(&[&common[..], &these].concat())
    };
    let first = start("127.0.0.1:0", "127.0.0.1:0");
    let admin = first.admin.unwrap();
    // Keeps it from ending.
    let silent = first.connect("/echo");
    let second = start(&first.addresses[0].to_string(), &admin.to_string());
    let connections = |json: serde_json::Value| json["total"]["counters"]["connections"].clone();
    assert_eq!(connections(get_by_socket(socket.as_ref(), "/api/v1/status").json()), 0);
    let deadline = Instant::now() + PATIENCE;
    while listeners(admin) != 1 {
        assert!(Instant::now() < deadline, "both listen");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(connections(second.get("/api/v1/status").json()), 0);
    assert_eq!(second.get("/health/ready").status, 200);
    drop(silent);
    assert_eq!(first.end().0, Some(0));
    assert_eq!(
        get_by_socket(socket.as_ref(), "/health/ready").status,
        200,
        "it is not the first's"
    );
    second.signal(Signal::TERM);
    assert_eq!(second.end().0, Some(0));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
