//! What administrators ask over HTTP.

mod connections;
mod documents;
mod guests;
mod health;
mod http;
mod live;
mod metrics;
mod openapi;
mod topics;

use std::io::{Write, stderr};
use std::process::Command;

use crate::support::Server;

/// A service on two threads that administrators can ask.
fn start(arguments: &[&str]) -> Server {
    let common = ["--threads", "2", "--admin", "127.0.0.1:0"];
    Server::start(&[&common, arguments].concat())
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
