//! A browser: headless Chromium, with a page that prints its verdicts to the console.

use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::client::Client;
use crate::exchange::{MESSAGES, assert_echoed, assert_told_of_the_end};
use crate::page;
use crate::server::Server;
use crate::tool::is_missing;

/// Whatever would reach out to the world, or needs a screen, is off. The page is ours, so there is nothing to
/// keep in a sandbox, which does not work for root.
pub(crate) const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--enable-logging=stderr",
];

pub(crate) fn chromium_is_missing() -> bool {
    is_missing("chromium", Command::new("chromium").arg("--version"))
}

/// A browser that shows the page, and its profile, which must outlive it.
fn browse(origin: &str, task: &str, server: &Server) -> (Client, TempDir) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("chromium");
    command
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
        .arg(format!("{origin}/#{task},ws://{}/echo", server.addresses[0]))
        .env("HOME", home.path())
        .stdin(Stdio::null());
    (Client::start(command), home)
}

#[test]
fn chromium_exchanges_messages() {
    if chromium_is_missing() {
        return;
    }
    let origin = page::serve();
    for (mode, agreed) in [
        ("off", "none"),
        ("shared", "permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        ("dedicated", "permessage-deflate"),
    ] {
        println!("compression {mode}");
        let flags = ["--threads", "1", "--compression", mode, "--origin", &origin];
        let mut server = Server::start(&flags);
        let (client, _home) = browse(&origin, "echo", &server);
        assert_echoed(&mut server, &client, agreed, &MESSAGES);
    }
}

#[test]
fn chromium_is_told_of_the_end() {
    if chromium_is_missing() {
        return;
    }
    let origin = page::serve();
    let server = Server::start(&["--threads", "1", "--origin", &origin]);
    let (client, _home) = browse(&origin, "wait", &server);
    assert_told_of_the_end(server, &client);
}

/// The page's port is not the service's, and nobody has said that it may connect.
#[test]
fn chromium_gets_no_connection_for_a_foreign_page() {
    if chromium_is_missing() {
        return;
    }
    let mut server = Server::start(&["--threads", "1"]);
    let (client, _home) = browse(&page::serve(), "wait", &server);
    assert_eq!(client.verdicts(), ["closed 1006 uncleanly"]);
    let stats = server.until(|stats| stats["connections"] == 0);
    assert_eq!(stats["handshakes_failed"], 1, "{stats}");
    assert_eq!(stats["closes"]["rejected"], 1, "{stats}");
}
