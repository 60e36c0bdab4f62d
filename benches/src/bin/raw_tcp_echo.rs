//! The limit that echo servers are measured against: TCP alone.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use benches::raw::{self, BUFFER, Connection, Reactor};
use clap::Parser;

/// Sends every byte back.
#[derive(Debug, Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9102")]
    listen: SocketAddr,
    /// Connections that are read from before they are written to. By 1, an answer goes at once; by 64,
    /// in turns like those of ws-service, which wake the peer less often.
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// Bytes that go back together, when all of them have come; by 1, whatever has come.
    #[arg(long, default_value_t = 1)]
    message: usize,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    raw::serve(options.listen, move |reactor| serve(reactor, &options))
}

fn serve(mut reactor: Reactor, options: &Options) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    let mut received = Vec::new();
    loop {
        reactor.wait()?;
        let mut left = reactor.ready();
        while left > 0 {
            let count = receive(&mut reactor, left.min(options.batch), &mut buffer, &mut received);
            left -= count;
            for (place, range) in received.drain(..) {
                if let Some(slot) = reactor.connections.get_mut(place)
                    && let Some(connection) = slot
                    && answer(connection, &buffer[range], options.message).is_err()
                {
                    *slot = None;
                }
            }
        }
    }
}

/// Reads from up to `most` connections, one behind the other, while half of the buffer is free; how many
/// it were.
fn receive(
    reactor: &mut Reactor,
    most: usize,
    buffer: &mut [u8],
    received: &mut Vec<(usize, Range<usize>)>,
) -> usize {
    let (mut at, mut served) = (0, 0);
    while served < most.max(1) && at <= buffer.len() / 2 {
        let Some(place) = reactor.next_ready() else { break };
        served += 1;
        if let Some(count @ 1..) = reactor.receive(place, &mut buffer[at..]) {
            received.push((place, at..at + count));
            at += count;
        }
    }
    served.max(1)
}

/// Sends back what is whole, in one write.
fn answer(connection: &mut Connection, bytes: &[u8], message: usize) -> io::Result<()> {
    if message <= 1 {
        return connection.send(bytes);
    }
    let mut kept = std::mem::take(&mut connection.kept);
    if kept.is_empty() {
        let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % message);
        kept.extend_from_slice(rest);
        if !whole.is_empty() {
            connection.send(whole)?;
        }
    } else {
        kept.extend_from_slice(bytes);
        let whole = kept.len() - kept.len() % message;
        if whole > 0 {
            connection.send(&kept[..whole])?;
            kept.drain(..whole);
        }
    }
    connection.kept = kept;
    Ok(())
}
