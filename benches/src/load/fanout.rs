//! One connection publishes, all others get it; the next is published when everyone has one of those
//! before.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Instant;

use mio::net::TcpStream;

use super::{Driver, Measurement, Round};

/// Bytes that a subscriber reads at once.
const BUFFER: usize = 512 * 1024;

/// A publisher, its subscribers, and what is on its way to them.
#[derive(Debug)]
pub struct FanOut {
    publisher: TcpStream,
    /// Published, and not taken by the socket yet.
    unsent: Vec<u8>,
    subscribers: Vec<Subscriber>,
    round: Round,
    /// What someone has still to get, the oldest first.
    under_way: VecDeque<Publication>,
    /// Publications that everyone has got.
    done: u64,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Publication {
    /// Subscribers that it has not reached.
    left: usize,
    since: Instant,
}

#[derive(Debug)]
struct Subscriber {
    stream: TcpStream,
    /// Bytes of the round that have come.
    at: usize,
    /// Whole messages.
    received: u64,
}

impl FanOut {
    /// Connections that have been upgraded, if that is needed. The publisher is the one that was
    /// opened last: when the server reads from it, it knows all others.
    #[must_use]
    pub fn new(subscribers: Vec<TcpStream>, publisher: TcpStream, round: Round) -> Self {
        let subscribers = subscribers.into_iter();
        Self {
            publisher,
            unsent: Vec::new(),
            subscribers: subscribers
                .map(|stream| Subscriber { stream, at: 0, received: 0 })
                .collect(),
            round,
            under_way: VecDeque::new(),
            done: 0,
            buffer: vec![0; BUFFER],
        }
    }

    /// Has every connection watched, each subscriber by its place, the publisher behind them.
    ///
    /// # Errors
    /// The poller refuses one.
    pub fn watch(&mut self, driver: &Driver) -> io::Result<()> {
        for (place, subscriber) in self.subscribers.iter_mut().enumerate() {
            driver.watch(&mut subscriber.stream, place)?;
        }
        driver.watch(&mut self.publisher, self.subscribers.len())
    }

    /// Publishes the next `count`, in one write.
    ///
    /// # Errors
    /// The publisher's connection is over.
    pub fn publish(&mut self, count: usize) -> io::Result<()> {
        let since = Instant::now();
        for _ in 0..count {
            let number = self.done + self.under_way.len() as u64;
            self.unsent.extend_from_slice(self.round.published(number));
            self.under_way.push_back(Publication { left: self.subscribers.len(), since });
        }
        match self.publisher.write(&self.unsent) {
            Ok(count) => drop(self.unsent.drain(..count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads once from a subscriber, compares what came byte for byte, and publishes as many as have
    /// now reached everyone; says whether there may be more to read.
    ///
    /// # Errors
    /// The connection is over, or something else came than was published.
    pub fn turn(&mut self, place: usize, measurement: &mut Measurement) -> io::Result<bool> {
        let Some(subscriber) = self.subscribers.get_mut(place) else {
            self.publish(0)?;
            return Ok(false);
        };
        let count = match subscriber.stream.read(&mut self.buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        // Nobody has more than was published, nor less than everyone has.
        let before = usize::try_from(subscriber.received - self.done).unwrap_or(usize::MAX);
        let news = subscriber.take(&self.round, &self.buffer[..count])?;
        for publication in self.under_way.iter_mut().skip(before).take(news) {
            publication.left -= 1;
        }
        measurement.count(news as u64);
        let done = self.finish(measurement);
        if done > 0 {
            self.publish(done)?;
        }
        Ok(count == BUFFER)
    }

    /// Takes out what has reached everyone; says how many.
    fn finish(&mut self, measurement: &mut Measurement) -> usize {
        let mut count = 0;
        while let Some(&Publication { left: 0, since }) = self.under_way.front() {
            measurement.late(1, since.elapsed());
            self.under_way.pop_front();
            self.done += 1;
            count += 1;
        }
        count
    }
}

impl Subscriber {
    /// Takes what is to be the next bytes of the round; says how many messages it completes.
    fn take(&mut self, round: &Round, mut bytes: &[u8]) -> io::Result<usize> {
        let mut whole = 0;
        while !bytes.is_empty() {
            let expected = &round.received[self.at..];
            let count = expected.len().min(bytes.len());
            let (here, rest) = bytes.split_at(count);
            if here != &expected[..count] {
                return Err(io::Error::other("something else came than was published"));
            }
            bytes = rest;
            let before = self.at / round.frame;
            self.at += count;
            whole += self.at / round.frame - before;
            self.at %= round.received.len();
        }
        self.received += whole as u64;
        Ok(whole)
    }
}
