//! The service under a service manager, and taking over from itself.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tungstenite::Message;

use crate::support::{PATIENCE, Server, command};

/// The binary as a service manager starts it: with a listening socket as the first descriptor behind
/// the standard ones.
fn activated(socket: TcpListener, arguments: &[&str]) -> Command {
    let script = r#"exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@""#;
    let inner = command();
    let mut outer = Command::new("sh");
    outer.args(["-c", script, "sh"]).arg(inner.get_program()).args(arguments);
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer.stdin(OwnedFd::from(socket)).stdout(Stdio::piped()).stderr(Stdio::piped());
    outer
}

#[test]
fn a_service_managers_sockets_are_listened_at() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let listen = address.to_string();
    let server = Server::spawn(&mut activated(socket, &["--threads", "2", "--listen", &listen]));
    assert_eq!(server.addresses, [address]);
    let mut client = server.connect("/echo");
    client.send(Message::text("hello")).unwrap();
    assert_eq!(client.read().unwrap(), Message::text("hello"));
}

#[test]
fn a_socket_that_is_not_to_be_listened_at_is_a_bad_configuration() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = activated(socket, &["--listen", "127.0.0.1:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("is not to listen"), "{errors}");
}

/// A service manager that listens to what it is told.
struct Manager(UnixDatagram);

impl Manager {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    /// Waits until it is told something; what else it was told with it.
    fn hear(&self, word: &str) -> String {
        loop {
            let mut buffer = [0; 1024];
            let count = self.0.recv(&mut buffer).unwrap();
            let told = String::from_utf8(buffer[..count].to_vec()).unwrap();
            if told.lines().any(|line| line == word) {
                return told;
            }
        }
    }
}

#[test]
fn a_service_manager_is_told_what_happens() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let manager = Manager::at(&path);
    let mut command = command();
    command.args(["--listen", "127.0.0.1:0", "--threads", "2"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000").env_remove("WATCHDOG_PID");
    let server = Server::spawn(&mut command);
    assert!(manager.hear("READY=1").contains(&format!("MAINPID={}\n", server.id())));
    for _ in 0..3 {
        manager.hear("WATCHDOG=1");
    }
    server.signal(Signal::HUP);
    assert!(manager.hear("RELOADING=1").contains("MONOTONIC_USEC="));
    manager.hear("READY=1");
    server.signal(Signal::TERM);
    manager.hear("STOPPING=1");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_second_process_takes_over_from_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("handover");
    let handover = ["--threads", "2", "--handover", path.to_str().unwrap()];
    let first = Server::start(&handover);
    let listen = first.addresses[0].to_string();
    let mut clients: Vec<_> = (0..20).map(|_| first.connect("/echo")).collect();
    let second = Server::start(&[&handover[..], &["--listen", &listen]].concat());
    for client in &mut clients {
        let Message::Close(Some(frame)) = client.read().unwrap() else { panic!("no Close") };
        assert_eq!(u16::from(frame.code), 1001);
        while client.read().is_ok() {}
    }
    assert_eq!(first.end().0, Some(0));
    let mut client = second.connect("/echo");
    client.send(Message::text("hello")).unwrap();
    assert_eq!(client.read().unwrap(), Message::text("hello"));
    drop(client);
    second.signal(Signal::TERM);
    assert_eq!(second.end().0, Some(0));
    assert!(!path.exists());
}
