//! The limit that echo servers are measured against: TCP alone, on a reactor of the same kind as
//! ws-service's — one thread, mio, edge-triggered, one shared buffer of 512 KiB, one recv and one send
//! for each ready connection and turn — and nothing else.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use clap::Parser;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

/// Sends every byte back.
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9102")]
    listen: SocketAddr,
}

const LISTENER: Token = Token(usize::MAX);
const BUFFER: usize = 512 * 1024;

/// A connection, and what its peer has not taken yet.
struct Echo {
    stream: TcpStream,
    unsent: Vec<u8>,
    is_queued: bool,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    let mut listener = TcpListener::bind(options.listen)?;
    println!("listening on {}", listener.local_addr()?);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut echoes: Vec<Option<Echo>> = Vec::new();
    let mut ready: VecDeque<usize> = VecDeque::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let timeout = (!ready.is_empty()).then_some(std::time::Duration::ZERO);
        match poll.poll(&mut events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => result?,
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut echoes)?;
            } else if let Some(Some(echo)) = echoes.get_mut(event.token().0)
                && !std::mem::replace(&mut echo.is_queued, true)
            {
                ready.push_back(event.token().0);
            }
        }
        for _ in 0..ready.len() {
            let Some(place) = ready.pop_front() else { break };
            let Some(slot) = echoes.get_mut(place) else { continue };
            let Some(echo) = slot else { continue };
            match turn(echo, &mut buffer) {
                Ok(true) => ready.push_back(place),
                Ok(false) => echo.is_queued = false,
                Err(_) => *slot = None,
            }
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, echoes: &mut Vec<Option<Echo>>) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                stream.set_nodelay(true)?;
                let token = Token(echoes.len());
                let interest = Interest::READABLE | Interest::WRITABLE;
                poll.registry().register(&mut stream, token, interest)?;
                echoes.push(Some(Echo { stream, unsent: Vec::new(), is_queued: false }));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// One recv, one send; says whether there may be more to receive.
///
/// # Errors
/// The connection is over.
fn turn(echo: &mut Echo, buffer: &mut [u8]) -> io::Result<bool> {
    if !echo.unsent.is_empty() {
        let count = would_block(echo.stream.write(&echo.unsent))?;
        echo.unsent.drain(..count);
        if !echo.unsent.is_empty() {
            return Ok(false);
        }
    }
    let count = match echo.stream.read(buffer) {
        Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
        result => would_block(result)?,
    };
    let received = &buffer[..count];
    if count > 0 {
        let sent = would_block(echo.stream.write(received))?;
        echo.unsent.extend_from_slice(&received[sent..]);
    }
    Ok(count == buffer.len() && echo.unsent.is_empty())
}

fn would_block(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        result => result,
    }
}
