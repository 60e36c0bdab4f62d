//! Listening sockets that change owners: a service takes over from another, or from who opened them.

use std::io::Write;
use std::mem;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ws_service::protocols::Echo;
use ws_service::{CloseKind, Listener, Service, ServiceBuilder, StartError};

use crate::support::{
    Greeter, close_code, connect, eventually, nothing_left, text, try_connect, try_upgrade,
};

const CLIENTS: usize = 40;

fn start(address: SocketAddr, path: &Path, threads: usize) -> Service<Echo> {
    let listener = Listener::tcp(address);
    let builder = ServiceBuilder::new(Echo).threads(threads).listener(listener);
    builder.hand_over_at(path).start().unwrap()
}

/// Sets a flag when it goes.
struct Enough<'a>(&'a AtomicBool);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A client that stays until it is told to go, and comes back; how often it was told.
fn stay(address: SocketAddr, here: &AtomicUsize, enough: &AtomicBool) -> usize {
    let mut told = 0;
    while !enough.load(Ordering::Relaxed) {
        let mut client = try_connect(address, "/").expect("nobody is refused");
        here.fetch_add(1, Ordering::Relaxed);
        while !enough.load(Ordering::Relaxed) {
            client.send("hello".into()).expect("nobody is reset");
            match client.read().expect("nobody is reset") {
                tungstenite::Message::Text(_) => {}
                tungstenite::Message::Close(Some(frame)) => {
                    assert_eq!(u16::from(frame.code), 1001);
                    told += 1;
                    while client.read().is_ok() {}
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        here.fetch_sub(1, Ordering::Relaxed);
    }
    told
}

/// Clients that come, say something and go; how many.
fn come_and_go(address: SocketAddr, enough: &AtomicBool) -> usize {
    let mut count = 0;
    while !enough.load(Ordering::Relaxed) {
        // Told to go or echoed to: it was let in.
        let mut client = try_connect(address, "/").expect("nobody is refused");
        let _ = client.send("hello".into());
        let _ = client.read().expect("nobody is reset");
        count += 1;
    }
    count
}

/// Two restarts under load, with more threads and with fewer.
#[test]
fn nobody_is_refused_or_reset_while_a_service_takes_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("handover");
    let mut service = start("127.0.0.1:0".parse().unwrap(), &path, 2);
    let address = service.addresses()[0];
    let enough = AtomicBool::new(false);
    let [here, told, came] = [(); 3].map(|()| AtomicUsize::new(0));
    thread::scope(|scope| {
        // However this ends, or its threads would not.
        let _end = Enough(&enough);
        for _ in 0..CLIENTS {
            scope.spawn(|| told.fetch_add(stay(address, &here, &enough), Ordering::Relaxed));
        }
        for _ in 0..2 {
            scope.spawn(|| came.fetch_add(come_and_go(address, &enough), Ordering::Relaxed));
        }
        let mut tell = 0;
        for threads in [3, 1] {
            let handle = service.handle();
            eventually(|| (here.load(Ordering::Relaxed) == CLIENTS).then_some(()));
            let successor = start(address, &path, threads);
            mem::replace(&mut service, successor).wait().unwrap();
            tell += handle.stats().closes(CloseKind::Shutdown);
            nothing_left(&handle);
        }
        assert!(tell >= 2 * CLIENTS as u64);
    });
    assert!(told.into_inner() >= 2 * CLIENTS, "all are told");
    assert!(came.into_inner() > 0);
    nothing_left(&service.handle());
    drop(service);
    assert!(!path.exists());
    assert!(TcpStream::connect(address).is_err(), "the last one has closed what it took over");
}

/// Whoever has connected and has not been accepted when the old service ends is the new one's.
#[test]
fn a_unix_socket_and_its_file_are_handed_over() {
    let directory = tempfile::tempdir().unwrap();
    let (door, path) = (directory.path().join("handover"), directory.path().join("socket"));
    let start = || {
        let builder = ServiceBuilder::new(Echo).threads(1).listener(Listener::unix(&path));
        builder.hand_over_at(&door).start().unwrap()
    };
    let old = start();
    let new = start();
    assert!(old.handle().is_draining() && !new.handle().is_draining());
    assert!(!old.has_taken_over() && new.has_taken_over());
    old.wait().unwrap();
    let mut client = try_upgrade("x", "/", UnixStream::connect(&path).unwrap()).unwrap();
    client.send("still here".into()).unwrap();
    assert_eq!(text(&mut client), "still here");
    new.handle().drain();
    assert_eq!(close_code(&mut client), 1001);
    new.wait().unwrap();
    assert!(!path.exists() && !door.exists());
}

#[test]
fn a_successor_that_fails_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("handover");
    let service = start("127.0.0.1:0".parse().unwrap(), &path, 2);
    let address = service.addresses()[0];
    let mut client = connect(address, "/");
    // It asks, and dies; it asks in another language; it can't listen everywhere.
    drop(UnixStream::connect(&path).unwrap());
    UnixStream::connect(&path).unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listeners = [address, taken.local_addr().unwrap()].map(Listener::tcp);
    let builder = listeners.into_iter().fold(ServiceBuilder::new(Echo), ServiceBuilder::listener);
    assert!(matches!(builder.hand_over_at(&path).start(), Err(StartError::Bind { .. })));
    client.send("unmoved".into()).unwrap();
    assert_eq!(text(&mut client), "unmoved");
    // And the next one can.
    let successor = start(address, &path, 2);
    assert_eq!(close_code(&mut client), 1001);
    service.wait().unwrap();
    drop(successor);
}

#[test]
fn a_door_of_which_nobody_knows_the_words_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("handover");
    let stranger = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let talk = thread::spawn(move || stranger.accept().unwrap().0.write_all(b"hello").unwrap());
    let builder = ServiceBuilder::new(Echo).listen("127.0.0.1:0").unwrap();
    assert!(matches!(builder.hand_over_at(&path).start(), Err(StartError::Bind { .. })));
    talk.join().unwrap();
}

#[test]
fn sockets_that_are_there_are_listened_at() {
    let (one, two) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("[::1]:0").unwrap());
    let addresses = [one.local_addr().unwrap(), two.local_addr().unwrap()];
    // Whoever came before us is served, too.
    let early = TcpStream::connect(addresses[0]).unwrap();
    let builder = addresses.into_iter().map(Listener::tcp);
    let builder = builder.fold(ServiceBuilder::new(Greeter), ServiceBuilder::listener);
    let service = builder.threads(3).adopt([one, two].map(OwnedFd::from)).start().unwrap();
    assert_eq!(service.addresses(), addresses);
    let mut clients = vec![try_upgrade("x", "/", early).unwrap()];
    clients.extend(addresses.iter().cycle().take(20).map(|&address| connect(address, "/")));
    assert!(clients.iter_mut().all(|client| !text(client).is_empty()));
    service.handle().drain();
    assert!(clients.iter_mut().all(|client| close_code(client) == 1001));
    service.wait().unwrap();
    eventually(|| TcpStream::connect(addresses[0]).err());
}

#[test]
fn a_socket_that_no_listener_asks_for_is_an_error() {
    let given = TcpListener::bind("127.0.0.1:0").unwrap();
    let builder = || ServiceBuilder::new(Echo).listen("127.0.0.1:0").unwrap();
    let error = builder().adopt([given.into()]).start().unwrap_err();
    assert!(matches!(error, StartError::NotAsked(_)), "{error}");
    let file = std::fs::File::open("/dev/null").unwrap();
    let error = builder().adopt([file.into()]).start().unwrap_err();
    assert!(matches!(error, StartError::Given(_)), "{error}");
}

/// What an embedder has to leave is left before the successor goes on.
#[test]
fn other_places_are_left_before_the_successor_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("handover");
    let address = "127.0.0.1:0".parse().unwrap();
    let left = Arc::new(AtomicBool::new(false));
    let leave = {
        let left = Arc::clone(&left);
        move || {
            thread::sleep(Duration::from_millis(50));
            left.store(true, Ordering::Relaxed);
        }
    };
    let builder = ServiceBuilder::new(Echo).threads(1).listener(Listener::tcp(address));
    let old = builder.hand_over_at(&path).on_handover(leave).start().unwrap();
    let new = start(old.addresses()[0], &path, 1);
    assert!(left.load(Ordering::Relaxed));
    old.wait().unwrap();
    drop(new);
}
