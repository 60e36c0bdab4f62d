//! What these tests share.

use std::net::TcpStream;
use std::process::Output;

use tungstenite::WebSocket;

pub(crate) use crate::server::{PATIENCE, Server, command};

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

impl Server {
    pub(crate) fn connect(&self, path: &str) -> WebSocket<TcpStream> {
        let address = self.addresses[0];
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        tungstenite::client(format!("ws://{address}{path}"), stream).unwrap().0
    }
}
