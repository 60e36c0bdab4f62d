//! A process that runs out of descriptors, in a child: the limit is the whole process's.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Instant;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};
use tempfile::NamedTempFile;
use ws_service::ServiceBuilder;
use ws_service::protocols::Echo;

use crate::support::{
    PATIENCE, connect, eventually, nothing_left, serve, text, try_upgrade, until,
};

const INSIDE: &str = "WS_SERVICE_TEST_OUT_OF_DESCRIPTORS";

#[test]
fn without_descriptors_newcomers_are_told_and_the_others_feel_nothing() {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "descriptors::inside_a_process_without_descriptors"])
        .args(["--ignored", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let (out, errors) = (output.stdout, output.stderr);
    assert!(
        output.status.success() && String::from_utf8_lossy(&out).contains("1 passed"),
        "{}{}",
        String::from_utf8_lossy(&out),
        String::from_utf8_lossy(&errors)
    );
}

/// A socket that is yet to be connected: its descriptor is there already.
fn prepare() -> Socket {
    Socket::new(Domain::IPV4, Type::STREAM, None).unwrap()
}

fn open(socket: Socket, address: SocketAddr) -> TcpStream {
    socket.connect(&address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
#[ignore = "run by its neighbour, in a process of its own"]
fn inside_a_process_without_descriptors() {
    assert!(env::var_os(INSIDE).is_some(), "it would leave this process without descriptors");
    let limit = Rlimit { current: Some(200), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, Rlimit { maximum: Some(200), ..limit }).unwrap();
    let log = NamedTempFile::new().unwrap();
    tracing_subscriber::fmt().with_ansi(false).with_writer(log.reopen().unwrap()).init();
    // Nobody comes to the other listener: those who wait here are told all the same.
    let builder = ServiceBuilder::new(Echo).threads(1).listen("127.0.0.1:0").unwrap();
    let (service, _) = serve(builder);
    let address = service.addresses()[1];
    let handle = service.handle();
    let mut old = connect(address, "/");
    let (refused, late) = ([(); 12].map(|()| prepare()), prepare());
    let hoard: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(File::open("/dev/null").is_err(), "there is none left");

    let begun = Instant::now();
    // Each keeps its descriptor: a closed one would be one more to take someone in.
    let mut turned_away = Vec::new();
    for socket in refused {
        let mut stream = open(socket, address);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        turned_away.push(stream);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        old.send("unmoved".into()).unwrap();
        assert_eq!(text(&mut old), "unmoved");
    }
    let stats = until(&handle, |stats| stats.refused == 12);
    // A pause is seldom long enough for two.
    assert!(stats.accept_pauses >= 6, "{stats:?}");
    let seconds = begun.elapsed().as_secs();
    assert_eq!((stats.opened, stats.connections), (1, 1));

    drop((hoard, turned_away));
    let log = fs::read_to_string(log.path()).unwrap();
    let lines = log.matches("accepting pauses").count() as u64;
    assert!((1..=1 + seconds).contains(&lines), "in {seconds} s:\n{log}");
    let mut late = try_upgrade("localhost", "/", open(late, address)).unwrap();
    late.get_mut().flush().unwrap();
    late.send("in".into()).unwrap();
    assert_eq!(text(&mut late), "in");
    drop((old, late));
    nothing_left(&handle);
    // Nothing was lost on the way: as many can be open as before.
    let many = eventually(|| {
        let files: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        Some(files.len()).filter(|count| *count > 150)
    });
    assert!(many < 200);
}
