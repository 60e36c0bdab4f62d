//! `websocat`: what it reads from one file it sends, what comes back it writes to another. Before each message
//! stands its length. It can't send in fragments or compress, and takes an empty message for the end.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::client::Client;
use crate::exchange::assert_served;
use crate::server::Server;
use crate::tool::is_missing;

const SIXTEEN_MIB: usize = 16 << 20;

fn websocat_is_missing() -> bool {
    is_missing("websocat", Command::new("websocat").arg("--version"))
}

/// With a buffer for the longest message, and a log of the messages' types and of Close.
fn websocat(kind: &str, server: &Server) -> Command {
    let mut command = Command::new("websocat");
    command
        .args([kind, "-vv", "--close-status-code=1000"])
        .arg(format!("--buffer-size={}", SIXTEEN_MIB + size_of::<u32>()))
        .args(["lengthprefixed:stdio:", &format!("ws://{}/echo", server.addresses[0])]);
    command
}

/// Its log has it where the connection was closed with this code.
fn closed_with(code: u16) -> impl Fn(&String) -> bool {
    let words = format!("close message is Some(CloseData {{ status_code: {code}");
    move |line| line.contains(&words)
}

fn exchange(kind: &str, logged: &str, messages: &[&[u8]]) {
    let directory = tempfile::tempdir().unwrap();
    let (sent, received) = (directory.path().join("sent"), directory.path().join("received"));
    let prefixed = messages.iter().flat_map(|message| {
        let length = u32::try_from(message.len()).unwrap();
        [length.to_be_bytes().to_vec(), message.to_vec()]
    });
    fs::write(&sent, prefixed.collect::<Vec<_>>().concat()).unwrap();

    let mut server = Server::start(&["--threads", "1"]);
    let mut command = websocat(kind, &server);
    command.stdin(File::open(&sent).unwrap()).stdout(File::create(&received).unwrap());
    let log = Client::start_logging(command).log();

    assert!(fs::read(&received).unwrap() == fs::read(&sent).unwrap(), "not what was sent");
    assert_eq!(log.iter().filter(|line| line.contains(logged)).count(), messages.len());
    assert!(log.iter().any(closed_with(1000)));
    assert_served(&mut server, messages.len(), false);
}

/// Xorshift (Marsaglia 2003).
fn noise(length: usize) -> Vec<u8> {
    let mut state: u32 = 6455;
    let bytes = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    });
    bytes.take(length).collect()
}

#[test]
fn websocat_exchanges_text() {
    if websocat_is_missing() {
        return;
    }
    let unit = "für 世界 🌍";
    let long = unit.repeat(SIXTEEN_MIB / unit.len());
    assert_eq!(long.len(), SIXTEEN_MIB);
    exchange("--text", "incoming text", &[b"Hello, world", unit.as_bytes(), long.as_bytes()]);
}

#[test]
fn websocat_exchanges_bytes() {
    if websocat_is_missing() {
        return;
    }
    let all: Vec<u8> = (0..=u8::MAX).collect();
    exchange("--binary", "incoming binary", &[&all, &noise(SIXTEEN_MIB)]);
}

#[test]
fn websocat_is_told_of_the_end() {
    if websocat_is_missing() {
        return;
    }
    let mut server = Server::start(&["--threads", "1"]);
    let mut command = websocat("--text", &server);
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let client = Client::start_logging(command);
    server.until(|stats| stats["handshakes"] == 1);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    assert!(client.says(closed_with(1001)));
}
