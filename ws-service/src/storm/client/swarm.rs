//! The loop under every part of a storm: one poll, one buffer, many connections.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Registry, Token};
use rustix::event::{PollFd, PollFlags, Timespec};
use slotmap::{Key, KeyData, SlotMap};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::connection::{Connection, Crew, Ending, Readiness};
use super::line::Line;
use super::target::Target;
use crate::storm::random::Random;

slotmap::new_key_type! {
    /// A connection of a swarm; never names another one that came later.
    pub(in crate::storm) struct ConnectionId;
}

const EVENTS_PER_TURN: usize = 1024;
const BUFFER: usize = 64 << 10;

/// Many connections to one server, and the poll that watches them.
#[derive(Debug)]
pub(in crate::storm) struct Swarm<M> {
    poll: Poll,
    events: Events,
    members: Members<M>,
    random: Random,
}

/// All that is touched while the events of a turn are walked through.
#[derive(Debug)]
struct Members<M> {
    target: Target,
    connections: SlotMap<ConnectionId, Connection<M>>,
    buffer: Vec<u8>,
    /// Those that may have more to read than one `recv` took.
    again: Vec<ConnectionId>,
    frozen: bool,
    /// Nothing is read but by [`Swarm::read_each`].
    slow: bool,
}

impl<M> Swarm<M> {
    pub(in crate::storm) fn new(target: Target, random: Random) -> io::Result<Self> {
        let members = Members {
            target,
            connections: SlotMap::with_key(),
            buffer: vec![0; BUFFER],
            again: Vec::new(),
            frozen: false,
            slow: false,
        };
        let events = Events::with_capacity(EVENTS_PER_TURN);
        Ok(Self { poll: Poll::new()?, events, members, random })
    }

    /// For registering what is not a connection; tokens below 2^32 are free for it.
    pub(in crate::storm) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    pub(in crate::storm) fn len(&self) -> usize {
        self.members.connections.len()
    }

    /// Starts a connection, from `source` if one is named.
    ///
    /// # Errors
    ///
    /// What the system said: out of ports, out of descriptors, refused.
    pub(in crate::storm) fn connect(
        &mut self,
        source: Option<SocketAddr>,
        member: M,
        now: Instant,
    ) -> io::Result<ConnectionId> {
        let address = self.members.target.address;
        let mut stream = match source {
            None => TcpStream::connect(address)?,
            Some(source) => connect_from(source, address)?,
        };
        if self.members.slow {
            // Or the system would take in what we are slow to read. They are wishes: they may be refused.
            let (socket, size) = (SockRef::from(&stream), self.members.buffer.len());
            let _ = socket.set_recv_buffer_size(size).and(socket.set_send_buffer_size(size));
        }
        let random = self.random.split();
        let members = &mut self.members;
        let id = members.connections.try_insert_with_key(|id| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, token(id), interest)?;
            Ok::<_, io::Error>(Connection::new(stream, random, member, now))
        })?;
        Ok(id)
    }

    /// Waits until something is ready or `until` has come, then serves everything that is ready.
    /// Returns the time at which the wait was over, which is the `now` that the crew was told.
    ///
    /// # Errors
    ///
    /// The poll failed; nothing more can be done with this swarm.
    pub(in crate::storm) fn turn<C: Crew<Member = M>>(
        &mut self,
        until: Option<Instant>,
        crew: &mut C,
    ) -> io::Result<Instant> {
        self.wait(until)?;
        let now = Instant::now();
        for id in std::mem::take(&mut self.members.again) {
            self.members.serve(id, Readiness::default(), crew, now);
        }
        for event in &self.events {
            let token = event.token();
            let Some(id) = connection_id(token) else {
                crew.outside(token);
                continue;
            };
            let hung_up = event.is_read_closed() || event.is_write_closed() || event.is_error();
            let readiness = Readiness { writable: event.is_writable(), hung_up };
            self.members.serve(id, readiness, crew, now);
        }
        Ok(now)
    }

    /// Lends the line of a connection to `use_it`; nothing happens if the connection is gone.
    pub(in crate::storm) fn with<C: Crew<Member = M>>(
        &mut self,
        id: ConnectionId,
        crew: &mut C,
        now: Instant,
        use_it: impl FnOnce(&mut Line),
    ) {
        let Some(connection) = self.members.connections.get_mut(id) else { return };
        use_it(&mut connection.line);
        if let Err(ending) = connection.after_crew() {
            self.members.end(id, ending, crew, now);
        }
    }

    /// The same for every connection.
    pub(in crate::storm) fn with_all<C: Crew<Member = M>>(
        &mut self,
        crew: &mut C,
        now: Instant,
        mut use_it: impl FnMut(&mut Line),
    ) {
        for id in self.ids(|_| true) {
            self.with(id, crew, now, &mut use_it);
        }
    }

    /// Ends a connection for this reason.
    pub(in crate::storm) fn end<C: Crew<Member = M>>(
        &mut self,
        id: ConnectionId,
        ending: Ending,
        crew: &mut C,
        now: Instant,
    ) {
        self.members.end(id, ending, crew, now);
    }

    /// Ends every connection whose handshake has taken longer than `limit`.
    pub(in crate::storm) fn expire_handshakes<C: Crew<Member = M>>(
        &mut self,
        limit: Duration,
        crew: &mut C,
        now: Instant,
    ) {
        let overdue = |since: Instant| now.saturating_duration_since(since) > limit;
        for id in self.ids(|connection| connection.opening_since().is_some_and(overdue)) {
            self.members.end(id, Ending::HandshakeTimeout, crew, now);
        }
    }

    /// From now on nothing is read, answered or sent; only hang-ups are noticed.
    pub(in crate::storm) fn freeze<C: Crew<Member = M>>(&mut self, crew: &mut C, now: Instant) {
        self.members.frozen = true;
        // Their hang-up has been reported already, and an edge does not come twice.
        for id in self.ids(|connection| connection.hung_up) {
            self.members.end(id, Ending::HungUp, crew, now);
        }
    }

    /// From now on nothing is read but by [`read_each`](Self::read_each), `portion` bytes at most.
    pub(in crate::storm) fn read_slowly(&mut self, portion: usize) {
        self.members.slow = true;
        self.members.buffer.resize(portion, 0);
    }

    /// Reads once from every connection.
    pub(in crate::storm) fn read_each<C: Crew<Member = M>>(&mut self, crew: &mut C, now: Instant) {
        for id in self.ids(|_| true) {
            self.members.read(id, crew, now);
        }
    }

    fn ids(&self, wanted: impl Fn(&Connection<M>) -> bool) -> Vec<ConnectionId> {
        let all = self.members.connections.iter();
        all.filter(|(_, connection)| wanted(connection)).map(|(id, _)| id).collect()
    }

    /// `epoll_wait` counts in milliseconds, which is too coarse to send one message in each: sleep
    /// on the poll's own descriptor, then ask it without waiting.
    fn wait(&mut self, until: Option<Instant>) -> io::Result<()> {
        let Some(until) = until.filter(|_| self.members.again.is_empty()) else {
            let timeout = (!self.members.again.is_empty()).then_some(Duration::ZERO);
            return uninterrupted(self.poll.poll(&mut self.events, timeout));
        };
        uninterrupted(self.poll.poll(&mut self.events, Some(Duration::ZERO)))?;
        let left = until.saturating_duration_since(Instant::now());
        if !self.events.is_empty() || left.is_zero() {
            return Ok(());
        }
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut ready = [PollFd::new(self.poll.registry(), PollFlags::IN)];
        uninterrupted(rustix::event::poll(&mut ready, Some(&timeout)).map_err(io::Error::from))?;
        uninterrupted(self.poll.poll(&mut self.events, Some(Duration::ZERO)))
    }
}

impl<M> Members<M> {
    fn serve<C: Crew<Member = M>>(
        &mut self,
        id: ConnectionId,
        readiness: Readiness,
        crew: &mut C,
        now: Instant,
    ) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if self.frozen {
            if readiness.hung_up {
                self.end(id, Ending::HungUp, crew, now);
            }
            return;
        }
        let served = if self.slow {
            connection.advance(readiness, &self.target).map(|()| false)
        } else {
            connection.ready(readiness, &mut self.buffer, &self.target, crew, now)
        };
        match served {
            Ok(true) => self.again.push(id),
            Ok(false) => {}
            Err(ending) => self.end(id, ending, crew, now),
        }
    }

    fn read<C: Crew<Member = M>>(&mut self, id: ConnectionId, crew: &mut C, now: Instant) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if let Err(ending) = connection.read(&mut self.buffer, crew, now) {
            self.end(id, ending, crew, now);
        }
    }

    fn end<C: Crew<Member = M>>(
        &mut self,
        id: ConnectionId,
        ending: Ending,
        crew: &mut C,
        now: Instant,
    ) {
        if let Some(connection) = self.connections.remove(id) {
            crew.ended(connection.member, ending, connection.proof, now);
        }
    }
}

fn connect_from(source: SocketAddr, address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    match socket.bind(&source.into()) {
        // Somebody listens on this very port; any other will do.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            socket.bind(&SocketAddr::new(source.ip(), 0).into())?;
        }
        other => other?,
    }
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error)
            if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        Err(error) => return Err(error),
    }
    Ok(TcpStream::from_std(socket.into()))
}

fn token(id: ConnectionId) -> Token {
    // Lossless on the 64-bit systems that hold this many connections; a slotmap key is never below
    // 2^32, because its version is in the upper half and starts with one.
    Token(usize::try_from(id.data().as_ffi()).unwrap_or(usize::MAX))
}

fn connection_id(token: Token) -> Option<ConnectionId> {
    let key = u64::try_from(token.0).ok().filter(|key| key >> 32 != 0)?;
    Some(KeyData::from_ffi(key).into())
}

fn uninterrupted<T>(result: io::Result<T>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        other => other.map(|_| ()),
    }
}
