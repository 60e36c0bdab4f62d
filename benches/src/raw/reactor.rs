//! Who is ready.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use super::Connection;

/// Events taken from the system at once.
const EVENTS: usize = 1024;
const LISTENER: Token = Token(usize::MAX);

/// A listener, its connections, and those that are to be served.
#[derive(Debug)]
pub struct Reactor {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    /// By their places, which are not used again.
    pub connections: Vec<Option<Connection>>,
    ready: VecDeque<usize>,
}

impl Reactor {
    /// Listens, and says where.
    ///
    /// # Errors
    /// The address can't be listened on.
    pub fn listen(address: SocketAddr) -> io::Result<Self> {
        let mut listener = TcpListener::bind(address)?;
        println!("listening on {}", listener.local_addr()?);
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let events = Events::with_capacity(EVENTS);
        Ok(Self { poll, events, listener, connections: Vec::new(), ready: VecDeque::new() })
    }

    /// Sleeps until something happens, unless someone is still to be served; takes new connections in.
    ///
    /// # Errors
    /// The poller fails, or no connection can be taken in.
    pub fn wait(&mut self) -> io::Result<()> {
        let timeout = (!self.ready.is_empty()).then_some(Duration::ZERO);
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        let mut has_news = false;
        for event in &self.events {
            let place = event.token().0;
            if event.token() == LISTENER {
                has_news = true;
            } else if let Some(Some(connection)) = self.connections.get_mut(place)
                && !std::mem::replace(&mut connection.is_queued, true)
            {
                self.ready.push_back(place);
            }
        }
        if has_news { self.accept() } else { Ok(()) }
    }

    /// The next that is to be served, before the next [`wait`](Self::wait) if there are so many.
    pub fn next_ready(&mut self) -> Option<usize> {
        let place = self.ready.pop_front()?;
        if let Some(Some(connection)) = self.connections.get_mut(place) {
            connection.is_queued = false;
        }
        Some(place)
    }

    /// Receives from a connection, into a buffer that no more fits into than it has room for: one that
    /// it fills is queued again. `None` if the connection is over, and gone.
    pub fn receive(&mut self, place: usize, buffer: &mut [u8]) -> Option<usize> {
        let slot = self.connections.get_mut(place)?;
        let connection = slot.as_mut()?;
        let Ok(count) = connection.receive(buffer) else {
            *slot = None;
            return None;
        };
        if count == buffer.len() && !std::mem::replace(&mut connection.is_queued, true) {
            self.ready.push_back(place);
        }
        Some(count)
    }

    /// How many are to be served.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    stream.set_nodelay(true)?;
                    let token = Token(self.connections.len());
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    self.poll.registry().register(&mut stream, token, interest)?;
                    self.connections.push(Some(Connection::new(stream)));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}
