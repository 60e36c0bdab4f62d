//! What messages cost without a system call: a shard driven by a loop whose transports take
//! everything. For profilers, too:
//!
//! ```text
//! cargo build --release -p benches
//! valgrind --tool=callgrind target/release/shard_alone --in-flight 16 --rounds 100
//! ```

use std::error::Error;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::load::{Content, Kind};
use clap::Parser;
use sul::Timestamp;
use ws_service::protocols::{Echo, Mirror};
use ws_service::shard::{Config, ConnectionKey, NotFound, Protocol, Route, Shard, ShardId};

/// Prints nanoseconds for each message that goes out.
#[derive(Debug, Parser)]
struct Options {
    /// Connections: by /echo, each sends to itself; by /mirror/room, the first sends to all others.
    #[arg(long, default_value_t = 100)]
    connections: usize,
    /// The path of the upgrade requests.
    #[arg(long, default_value = "/echo")]
    path: String,
    /// Messages that come together.
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// Bytes of a message.
    #[arg(long, default_value_t = 20)]
    size: usize,
    /// What messages are made of.
    #[arg(long, value_enum, default_value = "binary")]
    kind: Kind,
    /// How often everyone sends.
    #[arg(long, default_value_t = 10_000)]
    rounds: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let protocol = Route::new("/mirror/{room}", Mirror, NotFound)?;
    let protocol = Arc::new(Route::new("/echo", Echo, protocol)?);
    let mut shard = Shard::new(protocol, ShardId(0), 1, Config::default())?;
    let keys = open(&mut shard, &options)?;
    let senders = if options.path.starts_with("/mirror") { 1 } else { keys.len() };
    let content = Content::new(options.kind, options.size, options.in_flight.max(1));
    let mut buffer = vec![0; content.burst.len()];
    let start = Instant::now();
    for round in 0..options.rounds {
        let now = Timestamp::ZERO + Duration::from_micros(round.into());
        // As the reactor does: so many reads, then the turn.
        for senders in keys[..senders.min(keys.len())].chunks(64) {
            for &key in senders {
                buffer.copy_from_slice(&content.burst);
                shard.receive(key, &mut buffer, now);
            }
            turn(&mut shard, now);
        }
        while shard.earliest() == Some(Timestamp::ZERO) {
            turn(&mut shard, now);
        }
    }
    let elapsed = start.elapsed();
    let messages = shard.counters().messages_out.get();
    let picos = elapsed.as_nanos() * 1_000 / u128::from(messages.max(1));
    println!("{messages} messages, {}.{:03} ns each", picos / 1_000, picos % 1_000);
    Ok(())
}

fn open<P: Protocol>(
    shard: &mut Shard<P>,
    options: &Options,
) -> Result<Vec<ConnectionKey>, Box<dyn Error>> {
    let mut keys = Vec::new();
    let now = Timestamp::ZERO;
    for _ in 0..options.connections {
        let key = shard.open(SocketAddr::from(([127, 0, 0, 1], 9)), now)?;
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            options.path
        );
        shard.receive(key, &mut request.into_bytes(), now);
        turn(shard, now);
        keys.push(key);
    }
    Ok(keys)
}

fn turn<P: Protocol>(shard: &mut Shard<P>, now: Timestamp) {
    shard.turn(now);
    for _ in 0..256 {
        let Some(key) = shard.next_dirty() else { break };
        let mut slices = [IoSlice::new(&[]); 16];
        let count = shard.output(key, &mut slices);
        let taken = slices[..count].iter().map(|slice| slice.len()).sum();
        shard.wrote(key, taken, now);
    }
    while shard.next_transport().is_some() {}
    shard.post(|_, publications| publications.len());
}
