//! The family of faults this project exists for, in the built binary. `shard/family.rs` has the index.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::Signal;
use tungstenite::{Message, WebSocket};

use crate::storms::{all_back, calm, storm};
use crate::support::Server;

/// lws #2114: after `killall -9` of its clients, a server with eight loops crashed.
#[test]
fn killall_of_the_clients_of_eight_loops() {
    let mut server = Server::start(&["--threads", "8"]);
    let report =
        storm(&server, "kill", &["--connections", "2000", "--seconds", "1", "--rounds", "3"]);
    all_back(&report);
    let stats = calm(&mut server);
    assert!(stats["closes"]["disconnected"].as_u64() >= Some(6000), "{stats}");
}

/// Echoes a message, then answers pings until it is told to leave; the connection must live until then.
fn listener(mut client: WebSocket<TcpStream>, leave: Arc<AtomicBool>) -> JoinHandle<()> {
    client.get_ref().set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    thread::spawn(move || {
        while !leave.load(Ordering::Relaxed) {
            match client.read() {
                Ok(_) => {}
                Err(tungstenite::Error::Io(error))
                    if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => panic!("hung up on: {error}"),
            }
        }
        client.get_ref().set_read_timeout(Some(crate::support::PATIENCE)).unwrap();
        client.send(Message::text("still here")).unwrap();
        while client.read().unwrap() != Message::text("still here") {}
    })
}

/// lws #3062: a server of four threads that was stopped for minutes, and continued, served nobody any
/// more. Here all its clients' deadlines have passed meanwhile: they are asked first, and who answers
/// stays.
#[test]
fn a_server_that_was_stopped_for_long_goes_on_with_all_its_clients() {
    let patience = ["--threads", "4", "--ping-after", "500ms", "--hangup-after", "2s"];
    let mut server = Server::start(&patience);
    let leave = Arc::new(AtomicBool::new(false));
    let listeners: Vec<_> =
        (0..40).map(|_| listener(server.connect("/echo"), Arc::clone(&leave))).collect();
    server.until(|stats| stats["handshakes"] == 40);
    server.signal(Signal::STOP);
    // For longer than the hang-up deadline of everybody.
    thread::sleep(Duration::from_millis(2_500));
    server.signal(Signal::CONT);
    let pings = |stats: &serde_json::Value| stats["expired"]["ping"].as_u64();
    let before = pings(&server.stats());
    server.until(|stats| pings(stats) >= before.map(|before| before + 80));
    leave.store(true, Ordering::Relaxed);
    for listener in listeners {
        listener.join().unwrap();
    }
    let stats = server.until(|stats| stats["connections"] == 0);
    assert_eq!(stats["closes"]["hang_up"], 0, "{stats}");
}
