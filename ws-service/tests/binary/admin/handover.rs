//! A second service takes the first one's place, for administrators too.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Server, command};

use super::http::get_by_socket;

/// Where services hand over, and where they are administrated.
struct Places {
    directory: TempDir,
    socket: PathBuf,
}

impl Places {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("admin");
        Self { directory, socket }
    }

    fn command(&self, listen: &str) -> Command {
        let mut command = command();
        command.args(["--threads", "1", "--close-timeout", "1h", "--stop-after", "1h"]);
        command
            .args(["--listen", listen, "--handover"])
            .arg(self.directory.path().join("handover"));
        // A flag wins over it.
        command.env("WS_SERVICE_ADMIN_SOCKET", &self.socket);
        command
    }

    fn start(&self, listen: &str, admin: &str) -> Server {
        Server::spawn(self.command(listen).args(["--admin", admin]))
    }

    /// Connections of whoever answers at the socket.
    fn connections(&self) -> Value {
        connections(&get_by_socket(&self.socket, "/api/v1/status").json())
    }
}

fn connections(status: &Value) -> Value {
    status["total"]["counters"]["connections"].clone()
}

#[test]
fn administrators_find_whoever_serves() {
    let places = Places::new();
    let first = places.start("127.0.0.1:0", "127.0.0.1:0");
    // Keeps it from ending.
    let silent = first.connect("/echo");
    let admin = first.admin.unwrap();
    let second = places.start(&first.addresses[0].to_string(), &admin.to_string());
    assert_eq!(second.admin, Some(admin));
    assert_eq!(places.connections(), 0);
    assert_eq!(connections(&second.get("/api/v1/status").json()), 0);
    drop(silent);
    assert_eq!(first.end().0, Some(0));
    assert_eq!(places.connections(), 0, "the socket's file is not the first's");
    second.signal(Signal::TERM);
    assert_eq!(second.end().0, Some(0));
    assert_eq!(fs::read_dir(places.directory.path()).unwrap().count(), 0);
}

#[test]
fn a_successor_that_fails_takes_nothing() {
    let places = Places::new();
    let first = places.start("127.0.0.1:0", "127.0.0.1:0");
    let client = first.connect("/echo");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let [listen, admin] = [first.addresses[0], first.admin.unwrap()].map(|it| it.to_string());
    // No address of this machine: RFC 5737.
    for (listen, admin) in [(&taken, &admin), (&listen, &"192.0.2.1:9002".to_owned())] {
        let output = places.command(listen).args(["--admin", admin]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(places.connections(), 1);
        assert_eq!(first.get("/health/ready").status, 200);
    }
    // Not a socket, whoever has the other door.
    let file = places.directory.path().join("file");
    fs::write(&file, "").unwrap();
    let mut command = places.command(&listen);
    let output = command.args(["--admin", &admin, "--admin-socket"]).arg(file).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(places.connections(), 1);
    drop(client);
}

#[test]
fn a_successor_without_its_admin_address_serves_all_the_same() {
    let places = Places::new();
    let first = places.start("127.0.0.1:0", "127.0.0.1:0");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = taken.local_addr().unwrap().to_string();
    let listen = first.addresses[0].to_string();
    let second = Server::spawn(places.command(&listen).env("WS_SERVICE_ADMIN", &admin));
    assert_eq!(first.end().0, Some(0));
    let client = second.connect("/echo");
    assert_eq!(places.connections(), 1, "by the other door");
    drop(client);
    // With nobody there to succeed, it is the mistake that it looks like.
    second.signal(Signal::TERM);
    assert_eq!(second.end().0, Some(0));
    let output = places.command("127.0.0.1:0").args(["--admin", &admin]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn a_service_that_ends_without_a_successor_is_administrated_to_the_end() {
    let places = Places::new();
    let server = places.start("127.0.0.1:0", "127.0.0.1:0");
    let silent = server.connect("/echo");
    server.signal(Signal::TERM);
    while server.get("/health/ready").status != 503 {}
    assert_eq!(places.connections(), 1);
    // Another can't be administrated there meanwhile, and doesn't serve.
    let output = places.command("127.0.0.1:0").args(["--admin", "off"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(places.connections(), 1);
    drop(silent);
    assert_eq!(server.end().0, Some(0));
}
