//! What `docs/sizing.md` says of memory.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tungstenite::{Message, WebSocket};

use crate::support::Server;

const READERS: usize = 1_000;
const KIB: usize = 1_024;
/// Of a message, and of what waits for one reader.
const MAX_MESSAGE: usize = KIB;
const MAX_QUEUE: usize = 32 * KIB;

/// A subscriber. It comes by a Unix socket: of what it doesn't read, the system holds less there.
fn subscriber(socket: &Path) -> WebSocket<UnixStream> {
    let stream = UnixStream::connect(socket).unwrap();
    tungstenite::client("ws://service/mirror/room", stream).unwrap().0
}

/// The most that a process ever had, in bytes.
fn peak(process: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * KIB
}

#[test]
fn a_thousand_readers_that_stopped_take_no_more_than_their_limits() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("socket");
    let listen = format!("unix:{}", socket.display());
    let (max_message, max_queue) = (MAX_MESSAGE.to_string(), MAX_QUEUE.to_string());
    let limits = ["--max-message-size", &max_message, "--high-water", &max_message];
    let overflow = ["--max-queue", &max_queue, "--overflow", "drop"];
    // They are as slow as can be, and stay.
    let patience = ["--write-timeout", "1h", "--ping-after", "1h", "--hangup-after", "2h"];
    let others = ["--threads", "1", "--listen", &listen];
    let mut server = Server::start(&[&limits[..], &overflow, &patience, &others].concat());
    let readers: Vec<_> = (0..READERS).map(|_| subscriber(&socket)).collect();
    let before = peak(server.id());
    let mut publisher = subscriber(&socket);
    let mut sent = 0;
    let stats = loop {
        for _ in 0..100 {
            publisher.send(Message::binary(vec![0; MAX_MESSAGE])).unwrap();
        }
        sent += 100;
        let stats = server.until(|stats| stats["messages_in"] == sent && stats["fanouts"] == 0);
        // Far more than the system and the queues hold.
        if stats["dropped"].as_u64() > Some(100 * READERS as u64) {
            break stats;
        }
        assert!(sent < 2_000, "nothing is dropped: {stats}");
    };
    assert_eq!(stats["connections"], READERS + 1, "nobody is let go for it");
    let taken = peak(server.id()) - before;
    assert!(taken < READERS * 2 * (MAX_MESSAGE + MAX_QUEUE), "{taken} bytes");
    drop(readers);
}
