//! What the service does when it is told.

use rustix::process::Signal;
use tungstenite::Message;

use crate::support::Server;

#[test]
fn it_says_where_it_listens_and_serves_its_protocols() {
    let server =
        Server::start(&["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--threads", "2"]);
    assert_eq!(server.addresses.len(), 2);
    assert!(server.addresses.iter().all(|address| address.port() != 0));
    let mut echo = server.connect("/echo");
    echo.send(Message::text("hello")).unwrap();
    assert_eq!(echo.read().unwrap(), Message::text("hello"));
    let (mut one, mut other) = (server.connect("/mirror/a"), server.connect("/mirror/a"));
    one.send(Message::binary(vec![1, 2, 3])).unwrap();
    assert_eq!(other.read().unwrap(), Message::binary(vec![1, 2, 3]));
}

#[test]
fn serve_is_what_it_does_by_default() {
    let server = Server::start(&["serve", "--threads", "1"]);
    let mut echo = server.connect("/echo");
    echo.send(Message::text("hello")).unwrap();
    assert_eq!(echo.read().unwrap(), Message::text("hello"));
}

#[test]
fn sigusr1_prints_the_counters() {
    let mut server = Server::start(&["--threads", "2"]);
    let mut echo = server.connect("/echo");
    echo.send(Message::text("hello")).unwrap();
    echo.read().unwrap();
    let stats = server.stats();
    assert_eq!(stats["connections"], 1);
    assert_eq!(stats["messages_in"], 1);
    assert_eq!(stats["armed"]["ping"], 1);
    assert_eq!(stats["armed"]["hang_up"], 1);
    drop(echo);
    let stats = server.until(|stats| stats["connections"] == 0 && stats["timers"] == 0);
    assert_eq!(stats["closes"]["disconnected"], 1);
}

#[test]
fn sigterm_and_sigint_close_with_1001_and_end_well() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start(&["--threads", "2"]);
        let mut clients: Vec<_> = (0..20).map(|_| server.connect("/echo")).collect();
        server.signal(signal);
        for client in &mut clients {
            let Message::Close(Some(frame)) = client.read().unwrap() else {
                panic!("no Close");
            };
            assert_eq!(u16::from(frame.code), 1001);
            while client.read().is_ok() {}
        }
        assert_eq!(server.end().0, Some(0));
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut server = Server::start(&["--threads", "2", "--close-timeout", "1h"]);
    let silent = server.connect("/echo");
    server.signal(Signal::TERM);
    server.until(|stats| stats["armed"]["close"] == 1);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    drop(silent);
}

#[test]
fn a_drain_waits_no_longer_than_it_may() {
    let flags = ["--threads", "2", "--close-timeout", "1h", "--stop-after", "100ms"];
    let server = Server::start(&flags);
    let silent = server.connect("/echo");
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    drop(silent);
}
