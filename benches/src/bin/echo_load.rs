//! A closed loop of echoes over many connections: how many a second, how late, and at what cost to
//! the server. Everything that comes back is compared byte for byte.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use benches::echo::{Content, Kind, Line};
use clap::Parser;
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};

/// Prints one line of JSON.
#[derive(Debug, Parser)]
struct Options {
    /// The server.
    #[arg(long)]
    address: SocketAddr,
    /// The path of the upgrade request.
    #[arg(long, default_value = "/echo")]
    path: String,
    /// Connections.
    #[arg(long, default_value_t = 100)]
    connections: usize,
    /// Messages of a connection that may be on their way.
    #[arg(long, default_value_t = 1)]
    in_flight: usize,
    /// Bytes of a message.
    #[arg(long, default_value_t = 20)]
    size: usize,
    /// What messages are made of.
    #[arg(long, value_enum, default_value = "binary")]
    kind: Kind,
    /// Seconds that are measured, after a fifth of that to warm up.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// The server's process, for its CPU time.
    #[arg(long)]
    server_pid: Option<u32>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let content = Content::new(options.kind, options.size, options.in_flight.max(1));
    let mut poll = Poll::new()?;
    let mut lines = Vec::with_capacity(options.connections);
    for place in 0..options.connections {
        let stream = connect(&options)?;
        stream.set_nonblocking(true)?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(place), interest)?;
        lines.push(Line::new(stream));
    }
    for line in &mut lines {
        line.start(&content)?;
    }
    let mut load = Load { lines, ready: VecDeque::new(), buffer: vec![0; 512 * 1024] };
    let time = Duration::from_secs_f64(options.seconds.clamp(0.05, 600.0));
    load.run(&mut poll, &content, time / 5, &mut |_, _| {})?;
    let mut latency = Histogram::<u64>::new(3)?;
    let cpu_before = (cpu(options.server_pid), cpu(Some(std::process::id())));
    let mut messages: u32 = 0;
    let start = Instant::now();
    load.run(&mut poll, &content, time, &mut |replies, late| {
        messages = messages.saturating_add(replies);
        latency.saturating_record_n(micros(late), replies.into());
    })?;
    let elapsed = start.elapsed();
    let cpu_after = (cpu(options.server_pid), cpu(Some(std::process::id())));
    let rate = f64::from(messages) / elapsed.as_secs_f64();
    let per_message = |after: u64, before: u64| {
        Duration::from_nanos(after - before).as_secs_f64() * 1e6 / f64::from(messages.max(1))
    };
    println!(
        "{{\"rate\": {rate:.0}, \"p50_us\": {}, \"p99_us\": {}, \"p999_us\": {}, \
         \"server_cpu_us\": {:.3}, \"load_cpu_us\": {:.3}}}",
        latency.value_at_quantile(0.5),
        latency.value_at_quantile(0.99),
        latency.value_at_quantile(0.999),
        per_message(cpu_after.0, cpu_before.0),
        per_message(cpu_after.1, cpu_before.1),
    );
    Ok(())
}

/// The connections, and those with something to read.
struct Load {
    lines: Vec<Line>,
    ready: VecDeque<usize>,
    buffer: Vec<u8>,
}

impl Load {
    fn run(
        &mut self,
        poll: &mut Poll,
        content: &Content,
        time: Duration,
        record: &mut dyn FnMut(u32, Duration),
    ) -> std::io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let start = Instant::now();
        while start.elapsed() < time {
            let wait =
                if self.ready.is_empty() { Duration::from_millis(50) } else { Duration::ZERO };
            poll.poll(&mut events, Some(wait))?;
            self.ready.extend(events.iter().map(|event| event.token().0));
            for _ in 0..self.ready.len() {
                let Some(place) = self.ready.pop_front() else { break };
                let progress = self.lines[place].turn(content, &mut self.buffer)?;
                if progress.replies > 0 {
                    record(progress.replies, progress.since.elapsed());
                }
                if progress.has_more {
                    self.ready.push_back(place);
                }
            }
        }
        Ok(())
    }
}

fn connect(options: &Options) -> Result<TcpStream, Box<dyn Error>> {
    let mut stream = TcpStream::connect(options.address)?;
    stream.set_nodelay(true)?;
    if options.kind == Kind::Raw {
        return Ok(stream);
    }
    write!(
        stream,
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        options.path, options.address
    )?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    if head.starts_with(b"HTTP/1.1 101") {
        Ok(stream)
    } else {
        Err(String::from_utf8_lossy(&head).into())
    }
}

/// Nanoseconds that a process has run, by the scheduler's account; zero where there is none.
fn cpu(process: Option<u32>) -> u64 {
    let Some(process) = process else { return 0 };
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    let one = |task: std::fs::DirEntry| -> Option<u64> {
        let account = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        account.split(' ').next()?.parse().ok()
    };
    tasks.filter_map(|task| one(task.ok()?)).sum()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
