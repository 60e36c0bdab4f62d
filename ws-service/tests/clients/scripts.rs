//! Libraries, driven by a script in their language: Node's `ws` and Python's `websockets`.

use std::process::Command;

use crate::client::Client;
use crate::exchange::{MESSAGES, assert_echoed, assert_told_of_the_end};
use crate::server::Server;
use crate::tool::is_missing;

/// How the service compresses, what the client offers, and what they agree on.
const AGREEMENTS: [(&str, &str, &str); 5] = [
    ("shared", "none", "none"),
    ("off", "deflate", "none"),
    (
        "shared",
        "deflate",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    ),
    ("dedicated", "deflate", "permessage-deflate"),
    (
        "dedicated",
        "narrow",
        "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
    ),
];

struct Script {
    library: &'static str,
    program: &'static str,
    /// Arguments with which the program fails if the library is not there.
    trial: [&'static str; 2],
    path: &'static str,
}

const NODE: Script = Script {
    library: "Node's ws",
    program: "node",
    trial: ["-e", "require('ws')"],
    path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/echo.cjs"),
};

const PYTHON: Script = Script {
    library: "Python's websockets",
    program: "python3",
    trial: ["-c", "import websockets.sync.client"],
    path: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/echo.py"),
};

impl Script {
    fn is_missing(&self) -> bool {
        is_missing(self.library, Command::new(self.program).args(self.trial))
    }

    fn start(&self, server: &Server, arguments: &[&str]) -> Client {
        let mut command = Command::new(self.program);
        command.arg(self.path).arg(format!("ws://{}/echo", server.addresses[0])).args(arguments);
        Client::start(command)
    }

    fn exchanges_messages(&self) {
        if self.is_missing() {
            return;
        }
        let messages = [&MESSAGES[..], &["fragmented text", "fragmented bytes"]].concat();
        for (mode, offer, agreed) in AGREEMENTS {
            println!("compression {mode}, the client offers {offer}");
            let mut server = Server::start(&["--threads", "1", "--compression", mode]);
            let client = self.start(&server, &["echo", offer]);
            assert_echoed(&mut server, &client, agreed, &messages);
        }
    }

    fn is_told_of_the_end(&self) {
        if self.is_missing() {
            return;
        }
        let server = Server::start(&["--threads", "1"]);
        let client = self.start(&server, &["wait"]);
        assert_told_of_the_end(server, &client);
    }
}

#[test]
fn node_exchanges_messages() {
    NODE.exchanges_messages();
}

#[test]
fn node_is_told_of_the_end() {
    NODE.is_told_of_the_end();
}

#[test]
fn python_exchanges_messages() {
    PYTHON.exchanges_messages();
}

#[test]
fn python_is_told_of_the_end() {
    PYTHON.is_told_of_the_end();
}
