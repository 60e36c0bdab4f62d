//! What administrators ask over HTTP.

mod connections;
mod documents;
mod guests;
mod handover;
mod health;
mod http;
mod live;
mod metrics;
mod openapi;
mod topics;

use std::io::{Write, stderr};
use std::net::TcpListener;
use std::process::Command;

use crate::support::{Server, command};

/// A service on two threads that administrators can ask.
fn start(arguments: &[&str]) -> Server {
    let common = ["--threads", "2", "--admin", "127.0.0.1:0"];
    Server::start(&[&common, arguments].concat())
}

/// Several services run on one machine, though only the first has the default address.
#[test]
fn where_the_default_address_is_taken_the_service_runs_without() {
    // By this test, or by whoever had it before.
    let _taken = TcpListener::bind("127.0.0.1:9002");
    let listen = ["--listen", "127.0.0.1:0"];
    let mut server = Server::spawn(command().env_remove("WS_SERVICE_ADMIN").args(listen));
    assert_eq!(server.stats()["connections"], 0);
    let directory = tempfile::tempdir().unwrap();
    let mut with_handover = command();
    with_handover.env_remove("WS_SERVICE_ADMIN").args(listen).arg("--handover");
    let mut server = Server::spawn(with_handover.arg(directory.path().join("handover")));
    assert_eq!(server.stats()["connections"], 0);
    let asked_for = command().args(listen).args(["--admin", "127.0.0.1:9002"]).output().unwrap();
    assert_eq!(asked_for.status.code(), Some(1), "{asked_for:?}");
}

/// Whether a tool is not there; a test without it is skipped, unless tools are required.
fn is_missing(tool: &str) -> bool {
    if Command::new(tool).arg("--help").output().is_ok() {
        return false;
    }
    let is_required = std::env::var_os("TOOLS").is_some_and(|value| value == "required");
    assert!(!is_required, "{tool} is missing");
    // Not by `eprintln`, which is heard only when a test fails.
    let _ = writeln!(stderr(), "skipped: {tool} is missing");
    true
}
