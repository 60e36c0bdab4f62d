//! A shard in a loop that is not ours: tokio's, on one thread.
//!
//! Each connection has a small task that reads; the shard lives in the one loop that owns it, and
//! obeys the law of [`ws_service::shard`]. `cargo run --release --example own_loop`; a line on
//! standard input ends it with a close of every connection.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sul::Timestamp;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep_until, timeout};
use ws_service::protocols::Echo;
use ws_service::shard::{Config, ConnectionKey, Mail, Shard, ShardId, Transport};

/// What the connections' tasks tell the loop.
enum Event {
    Received(ConnectionKey, Vec<u8>),
    Ended(ConnectionKey),
    Broken(ConnectionKey),
    Writable(ConnectionKey),
}

/// What a turn begins with. One thing is enough for an example; the reactor of the crate takes all
/// it can.
enum Woken {
    Accepted(TcpStream, SocketAddr),
    Told(Event),
    Mail(Mail<()>),
    Due,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:9001").await?;
    println!("listening on {}", listener.local_addr()?);
    let shard = Shard::new(Arc::new(Echo), ShardId(0), 1, Config::default())?;
    let (tell, events) = channel(1024);
    let (post, mail) = channel(1);
    std::thread::spawn(move || drain_on_a_line(&post));
    let mut own = Loop { shard, epoch: Instant::now(), sockets: BTreeMap::new(), tell };
    own.run(listener, events, mail).await?;
    Ok(())
}

/// Mail is how other threads reach a shard.
fn drain_on_a_line(post: &Sender<Mail<()>>) {
    if io::stdin().read_line(&mut String::new()).is_ok_and(|length| length > 0) {
        // An error says that the loop has ended, which is what is wanted.
        let _ = post.blocking_send(Mail::Drain);
    }
}

struct Socket {
    /// Dropping it shuts the write side.
    write: Option<Arc<OwnedWriteHalf>>,
    /// Whether it may be read from.
    gate: watch::Sender<bool>,
    reader: JoinHandle<()>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

struct Loop {
    shard: Shard<Echo>,
    epoch: Instant,
    sockets: BTreeMap<ConnectionKey, Socket>,
    tell: Sender<Event>,
}

impl Loop {
    async fn run(
        &mut self,
        listener: TcpListener,
        mut events: Receiver<Event>,
        mut mail: Receiver<Mail<()>>,
    ) -> io::Result<()> {
        while !(self.shard.is_draining() && self.shard.is_empty()) {
            let woken = self.wait(&listener, &mut events, &mut mail).await?;
            // The turn's one reading of the clock.
            let now = Timestamp::from_micros(0) + self.epoch.elapsed();
            match woken {
                Woken::Accepted(stream, peer) => self.open(stream, peer, now),
                Woken::Told(event) => self.take(event, now),
                Woken::Mail(letter) => self.shard.deliver(letter, now),
                Woken::Due => {}
            }
            self.shard.turn(now);
            self.flush(now);
            self.obey();
            // With one shard there is nobody to post to, so nothing is offered.
            self.shard.post(|_, publications| publications.len());
        }
        Ok(())
    }

    async fn wait(
        &self,
        listener: &TcpListener,
        events: &mut Receiver<Event>,
        mail: &mut Receiver<Mail<()>>,
    ) -> io::Result<Woken> {
        let due = self.shard.earliest().map(|at| Duration::from_micros(at.as_micros()));
        Ok(tokio::select! {
            accepted = listener.accept() => {
                let (stream, peer) = accepted?;
                Woken::Accepted(stream, peer)
            }
            // What the last turn has left of a flood goes before what comes behind it.
            Some(event) = events.recv(), if self.shard.unread() == 0 => Woken::Told(event),
            Some(letter) = mail.recv(), if !self.shard.is_behind() => Woken::Mail(letter),
            () = sleep_until((self.epoch + due.unwrap_or_default()).into()), if due.is_some() => {
                Woken::Due
            }
        })
    }

    fn open(&mut self, stream: TcpStream, peer: SocketAddr, now: Timestamp) {
        if let Ok(key) = self.shard.open(peer, now) {
            let (read, write) = stream.into_split();
            let (gate, is_open) = watch::channel(true);
            let reader = tokio::spawn(receive(key, read, is_open, self.tell.clone()));
            self.sockets.insert(key, Socket { write: Some(Arc::new(write)), gate, reader });
        }
    }

    fn take(&mut self, event: Event, now: Timestamp) {
        match event {
            Event::Received(key, mut bytes) => {
                self.shard.receive(key, &mut bytes, now);
                if self.shard.is_paused(key) {
                    self.set_gate(key, false);
                }
            }
            Event::Ended(key) => self.shard.ended(key, now),
            Event::Broken(key) => self.shard.disconnected(key, now),
            Event::Writable(key) => self.shard.writable(key),
        }
    }

    fn set_gate(&self, key: ConnectionKey, is_open: bool) {
        if let Some(socket) = self.sockets.get(&key) {
            socket.gate.send_replace(is_open);
        }
    }

    fn flush(&mut self, now: Timestamp) {
        while let Some(key) = self.shard.next_dirty() {
            let write = self.sockets.get(&key).and_then(|socket| socket.write.as_ref());
            let Some(socket) = write else { continue };
            let mut slices = [IoSlice::new(&[]); 16];
            let count = self.shard.output(key, &mut slices);
            let offered: usize = slices[..count].iter().map(|slice| slice.len()).sum();
            let written = match socket.try_write_vectored(&slices[..count]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
                written => written,
            };
            match written {
                Err(_) => self.shard.disconnected(key, now),
                Ok(written) => {
                    self.shard.wrote(key, written, now);
                    if written < offered {
                        tokio::spawn(wait_for_room(key, Arc::clone(socket), self.tell.clone()));
                    }
                }
            }
        }
    }

    fn obey(&mut self) {
        while let Some(order) = self.shard.next_transport() {
            match order {
                Transport::Read(key) => self.set_gate(key, true),
                Transport::ShutWrite(key) => {
                    if let Some(socket) = self.sockets.get_mut(&key) {
                        socket.write = None;
                    }
                }
                Transport::Close(key) => {
                    self.sockets.remove(&key);
                }
            }
        }
    }
}

async fn receive(
    key: ConnectionKey,
    read: OwnedReadHalf,
    mut gate: watch::Receiver<bool>,
    tell: Sender<Event>,
) {
    let mut buffer = vec![0; 16 * 1024];
    // An error says that the connection is gone.
    while gate.wait_for(|is_open| *is_open).await.is_ok() {
        let received = match read.readable().await {
            Ok(()) => read.try_read(&mut buffer),
            Err(error) => Err(error),
        };
        let event = match received {
            Ok(0) => Event::Ended(key),
            Ok(count) => Event::Received(key, buffer[..count].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(_) => Event::Broken(key),
        };
        let is_end = matches!(event, Event::Ended(_) | Event::Broken(_));
        if tell.send(event).await.is_err() || is_end {
            return;
        }
    }
}

async fn wait_for_room(key: ConnectionKey, write: Arc<OwnedWriteHalf>, tell: Sender<Event>) {
    // The shard gives up on a peer that takes nothing by its own deadline: this only must not stay.
    let _ = timeout(Duration::from_mins(1), write.writable()).await;
    let _ = tell.send(Event::Writable(key)).await;
}
