//! Listeners of every kind, and what a protocol is told of who comes through them.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;

use ws_service::protocols::Echo;
use ws_service::{Endpoint, Listener, ServiceBuilder, StartError};

use crate::support::{
    Greeter, PATIENCE, close_code, connect, nothing_left, text, try_upgrade, until,
};

fn unix(path: &std::path::Path) -> tungstenite::WebSocket<UnixStream> {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    try_upgrade("localhost", "/", stream).unwrap()
}

#[test]
fn listeners_of_all_kinds_serve_together() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let service = ServiceBuilder::new(Greeter)
        .listen("127.0.0.1:0")
        .unwrap()
        .listener(Listener::unix(&path).mode(0o600))
        .listen("[::1]:0")
        .unwrap()
        .listener(Listener::tcp("127.0.0.1:0".parse().unwrap()).shared())
        .threads(2)
        .start()
        .unwrap();
    let endpoints = service.endpoints();
    assert_eq!(endpoints[1], Endpoint::Unix(path.clone()));
    let inet = [&endpoints[0], &endpoints[2], &endpoints[3]].map(|it| it.address().unwrap());
    assert_eq!(service.addresses(), inet);
    let file = fs::metadata(&path).unwrap();
    assert!(file.file_type().is_socket());
    assert_eq!(file.permissions().mode() & 0o777, 0o600);

    let mut unix: Vec<_> = (0..10).map(|_| unix(&path)).collect();
    for client in &mut unix {
        assert_eq!(text(client), "unix");
    }
    let addresses = inet.into_iter().cycle().take(30);
    let mut tcp: Vec<_> = addresses.map(|address| connect(address, "/")).collect();
    for client in &mut tcp {
        let own = client.get_ref().local_addr().unwrap().to_string();
        assert_eq!(text(client), own);
    }
    for (number, client) in unix.iter_mut().enumerate() {
        client.send(number.to_string().into()).unwrap();
        assert_eq!(text(client), number.to_string());
    }

    let handle = service.handle();
    let stats = until(&handle, |stats| stats.handshakes == 40);
    assert_eq!(stats.connections, 40);
    handle.drain();
    assert!(unix.iter_mut().all(|client| close_code(client) == 1001));
    assert!(tcp.iter_mut().all(|client| close_code(client) == 1001));
    service.wait().unwrap();
    assert!(!path.exists(), "the socket's file has gone with the service");
    nothing_left(&handle);
}

/// Messages larger than a Unix socket's buffers, both ways.
#[test]
fn large_messages_pass_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = Listener::unix(&path);
    let service = ServiceBuilder::new(Echo).listener(listener).threads(1).start().unwrap();
    let mut client = unix(&path);
    let message: Vec<u8> = (0..2_000_000_u32).map(|byte| (byte % 251) as u8).collect();
    client.send(message.clone().into()).unwrap();
    assert_eq!(client.read().unwrap().into_data(), message);
    drop(client);
    nothing_left(&service.handle());
}

#[test]
fn a_shared_listener_leaves_nobody_waiting() {
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).shared();
    let service = ServiceBuilder::new(Echo).listener(listener).threads(3).start().unwrap();
    let address = service.addresses()[0];
    let crowds: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                for _ in 0..50 {
                    let mut client = connect(address, "/");
                    client.send("here".into()).unwrap();
                    assert_eq!(text(&mut client), "here");
                }
            })
        })
        .collect();
    for crowd in crowds {
        crowd.join().unwrap();
    }
    let handle = service.handle();
    assert_eq!(until(&handle, |stats| stats.connections == 0).opened, 200);
    nothing_left(&handle);
}

#[test]
fn a_service_that_does_not_start_leaves_no_socket() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = ServiceBuilder::new(Echo)
        .listener(Listener::unix(&path))
        .listen(other.local_addr().unwrap())
        .unwrap()
        .start()
        .unwrap_err();
    assert!(matches!(error, StartError::Bind { endpoint: Endpoint::Inet(_), .. }), "{error}");
    assert!(!path.exists());
    let missing = directory.path().join("missing/socket");
    let error = ServiceBuilder::new(Echo).listener(Listener::unix(missing)).start().unwrap_err();
    assert!(error.to_string().starts_with("cannot listen on unix:/"), "{error}");
}
