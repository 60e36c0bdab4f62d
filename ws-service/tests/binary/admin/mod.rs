//! What administrators ask over HTTP.

mod connections;
mod guests;
mod health;
mod http;
mod live;
mod metrics;
mod openapi;
mod topics;

use crate::support::Server;

/// A service on two threads that administrators can ask.
fn start(arguments: &[&str]) -> Server {
    let common = ["--threads", "2", "--admin", "127.0.0.1:0"];
    Server::start(&[&common, arguments].concat())
}
