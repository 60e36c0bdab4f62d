//! Servers for the storm: one that is right, and what it takes to be wrong.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tungstenite::{Error, Message, WebSocket};

/// Serves each connection on a thread of its own, for as long as the test runs.
pub(crate) fn start(serve: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// An echo as it should be.
pub(crate) fn echo(stream: TcpStream) {
    each_message(stream, |socket, message| socket.send(message).is_ok());
}

/// Hands over each message until `go_on` is false or the connection is over.
pub(crate) fn each_message(
    stream: TcpStream,
    mut go_on: impl FnMut(&mut WebSocket<TcpStream>, Message) -> bool,
) {
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    while let Ok(message) = socket.read() {
        let data = message.is_binary() || message.is_text();
        if data && !go_on(&mut socket, message) {
            return;
        }
    }
}

const PING_AFTER: Duration = Duration::from_millis(150);
pub(crate) const HANG_UP_AFTER: Duration = Duration::from_millis(600);

/// An echo that pings, and hangs up on whoever does not answer.
pub(crate) fn pinging_echo(stream: TcpStream) {
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    let _ = socket.get_ref().set_read_timeout(Some(PING_AFTER / 3));
    let (mut proof, mut pinged) = (Instant::now(), Instant::now());
    loop {
        match socket.read() {
            Ok(Message::Pong(_)) => proof = Instant::now(),
            Ok(message) if message.is_binary() => {
                if socket.send(message).is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        if proof.elapsed() >= HANG_UP_AFTER {
            return;
        }
        if pinged.elapsed() >= PING_AFTER {
            pinged = Instant::now();
            if socket.send(Message::Ping("proof?".into())).is_err() {
                return;
            }
        }
    }
}

/// Reads the head of a request and answers it in its own words.
pub(crate) fn answer(mut stream: TcpStream, head: impl FnOnce(&str) -> Vec<u8>) {
    let (mut request, mut piece) = (Vec::new(), [0; 1024]);
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&piece[..count]),
        }
    }
    let request = String::from_utf8_lossy(&request);
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let _ = stream.write_all(&head(key.unwrap_or_default()));
    // What the client makes of it is its own affair; it hangs up.
    while matches!(stream.read(&mut piece), Ok(count) if count > 0) {}
}

/// The head of an upgrade with this accept value, and bytes behind it.
pub(crate) fn upgrade(accept: &str, behind: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    [head.as_bytes(), behind].concat()
}
