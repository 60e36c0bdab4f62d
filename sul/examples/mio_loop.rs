//! Idle timeouts in a mio loop: `cargo run -p sul --example mio_loop`.
//!
//! A line server that hangs up on whoever is silent for 200 ms, with a client to be hung up on.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sul::{Clock, Timer, TimerList};

const LISTENER: Token = Token(0);
const IDLE: Duration = Duration::from_millis(200);

struct Connection {
    stream: TcpStream,
    /// Goes away with the connection, however it ends.
    idle: Timer<Token>,
}

fn main() -> io::Result<()> {
    let clock = Clock::new();
    let timers = TimerList::new();
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(64);
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let client = thread::spawn({
        let address = listener.local_addr()?;
        move || talk_then_fall_silent(address)
    });

    let mut connections: BTreeMap<Token, Connection> = BTreeMap::new();
    let (mut accepted, mut hung_up) = (0, 0);
    while hung_up == 0 {
        poll.poll(&mut events, timers.earliest().map(|at| at.saturating_since(clock.now())))?;
        let now = clock.now();
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    accepted += 1;
                    let token = Token(LISTENER.0 + accepted);
                    poll.registry().register(&mut stream, token, Interest::READABLE)?;
                    let mut idle = timers.timer(token);
                    idle.schedule(now + IDLE);
                    connections.insert(token, Connection { stream, idle });
                }
            } else if let Some(connection) = connections.get_mut(&event.token()) {
                connection.idle.schedule(now + IDLE);
                if !echo(&mut connection.stream) {
                    connections.remove(&event.token());
                }
            }
        }
        for due in timers.expire(now) {
            println!("{:?} was silent for {IDLE:?}", due.token);
            connections.remove(&due.token);
            hung_up += 1;
        }
    }
    client.join().expect("the client ends well")
}

/// Sends back what there is; false once the peer is gone.
fn echo(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 512];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(length) => {
                if stream.write_all(&buffer[..length]).is_err() {
                    return false;
                }
            }
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

fn talk_then_fall_silent(address: SocketAddr) -> io::Result<()> {
    let mut stream = std::net::TcpStream::connect(address)?;
    for _ in 0..3 {
        stream.write_all(b"still here\n")?;
        thread::sleep(IDLE / 2);
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest)?;
    println!("the client got {} bytes back and was hung up on", rest.len());
    Ok(())
}
