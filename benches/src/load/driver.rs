//! The loop of a load: which connections have something to read.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::Measurement;

/// Events taken at once.
const EVENTS: usize = 1024;
/// How long so many messages may take as are enough.
const PATIENCE: Duration = Duration::from_mins(1);

/// A poller, and the connections that are to be served, by their places.
#[derive(Debug)]
pub struct Driver {
    poll: Poll,
    ready: VecDeque<usize>,
}

impl Driver {
    /// A driver without connections.
    ///
    /// # Errors
    /// The system has no poller to give.
    pub fn new() -> io::Result<Self> {
        Ok(Self { poll: Poll::new()?, ready: VecDeque::new() })
    }

    /// Watches a connection, which will be served by its `place`.
    ///
    /// # Errors
    /// The poller refuses it.
    pub fn watch(&self, stream: &mut TcpStream, place: usize) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(stream, Token(place), interest)
    }

    /// Counts a load's messages for so long, but at least `enough` of them, if they come within a
    /// minute. `turn` is called for each connection that is ready; it says whether there is more.
    ///
    /// # Errors
    /// The poller fails, or the first error of a turn.
    pub fn run(
        &mut self,
        time: Duration,
        enough: u64,
        measurement: &mut Measurement,
        turn: &mut dyn FnMut(usize, &mut Measurement) -> io::Result<bool>,
    ) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let start = Instant::now();
        let goes_on = |measurement: &Measurement| {
            let elapsed = start.elapsed();
            elapsed < time || (measurement.messages() < enough && elapsed < PATIENCE)
        };
        while goes_on(measurement) {
            let wait = if self.ready.is_empty() { 50 } else { 0 };
            self.poll.poll(&mut events, Some(Duration::from_millis(wait)))?;
            self.ready.extend(events.iter().map(|event| event.token().0));
            for _ in 0..self.ready.len() {
                let Some(place) = self.ready.pop_front() else { break };
                if turn(place, measurement)? {
                    self.ready.push_back(place);
                }
            }
        }
        Ok(())
    }
}
