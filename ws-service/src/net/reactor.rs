//! A service thread: one poller, one shard, one receive buffer, turn after turn.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};
use sul::Timestamp;

use super::accepting::{self, Acceptor};
use super::admission::{Admission, Gate};
use super::clock::Clock;
use super::layer::{Scratch, Sent};
use super::listener::Terms;
use super::mailbox::{Mailbox, State};
use super::sockets::{Received, Sockets};
use super::{NetConfig, TurnBudget};
use crate::shard::{ConnectionKey, Counters, Mail, Protocol, Shard, Transport};

/// Events taken from the system at once.
const EVENTS: usize = 1024;
/// How often a turn asks for more events before it serves those it has.
const POLLS: usize = 16;
/// How long publications wait for another thread's mailbox before they are offered again.
const RETRY_MAIL: Duration = Duration::from_millis(1);
/// What a peer is told about so many bytes is written at once, while all of it is in the cache. Smaller
/// answers go together at the end of the turn, which wakes their peers less often.
const LARGE: usize = 4096;
/// Bytes read from a connection while others have more waiting than a buffer holds: so few that the
/// messages in them fit a turn.
const SIP: usize = 2048;
const WAKER: Token = Token(usize::MAX);
const LISTENERS: usize = usize::MAX - 1;

/// The poller of a thread that is to be, and the waker that its mailbox rings.
pub(super) fn poller() -> io::Result<(Poll, Waker)> {
    let poll = Poll::new()?;
    let waker = Waker::new(poll.registry(), WAKER)?;
    Ok((poll, waker))
}

/// What a service thread owns.
pub(super) struct Reactor<P: Protocol> {
    poll: Poll,
    events: Events,
    clock: Clock,
    shard: Shard<P>,
    sockets: Sockets,
    acceptor: Acceptor,
    gate: Gate,
    mailboxes: Arc<[Mailbox<P::Note>]>,
    own: usize,
    /// Letters that have been taken and not delivered.
    inbox: VecDeque<Mail<P::Note>>,
    buffer: Vec<u8>,
    scratch: Scratch,
    budget: TurnBudget,
    stop_after: Duration,
}

/// What the threads of a service have in common.
#[derive(Debug)]
pub(super) struct Common<N> {
    pub(super) clock: Clock,
    pub(super) admission: Arc<Admission>,
    pub(super) mailboxes: Arc<[Mailbox<N>]>,
}

impl<N> Clone for Common<N> {
    fn clone(&self) -> Self {
        Self {
            clock: self.clock,
            admission: Arc::clone(&self.admission),
            mailboxes: Arc::clone(&self.mailboxes),
        }
    }
}

impl<P: Protocol> Reactor<P> {
    pub(super) fn new(
        poll: Poll,
        shard: Shard<P>,
        own: usize,
        listeners: Vec<(OwnedFd, Terms)>,
        common: &Common<P::Note>,
        config: &NetConfig,
    ) -> io::Result<Self> {
        let mut acceptor = Acceptor::new(config.budget.accepts);
        for (place, (socket, terms)) in listeners.into_iter().enumerate() {
            acceptor.add(poll.registry(), Token(LISTENERS - place), socket, terms)?;
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS),
            clock: common.clock,
            shard,
            sockets: Sockets::default(),
            acceptor,
            gate: Gate::new(Arc::clone(&common.admission)),
            mailboxes: Arc::clone(&common.mailboxes),
            own,
            inbox: VecDeque::new(),
            buffer: vec![0; config.receive_buffer],
            scratch: Scratch::default(),
            budget: config.budget.clone(),
            stop_after: config.stop_after,
        })
    }

    pub(super) fn counters(&self) -> Arc<Counters> {
        self.shard.counters()
    }

    /// Serves until the service is told to end, and everything has ended. A thread that fails takes
    /// the others with it: half a service would leave its peers in the dark.
    ///
    /// # Errors
    /// The poller fails: nothing can be served any more.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mailboxes = Arc::clone(&self.mailboxes);
        let leaving = Leaving { mailboxes: &mailboxes, own: self.own, in_good_order: false };
        let result = self.serve();
        if let Err(error) = &result {
            tracing::error!(%error, "a service thread fails");
            self.stop();
        }
        leaving.done(result.is_ok());
        result
    }

    fn serve(&mut self) -> io::Result<()> {
        let mut now = self.clock.now();
        loop {
            self.wait(now)?;
            let start = self.clock.now();
            let state = self.turn();
            now = self.clock.now();
            self.shard.took(now.saturating_since(start));
            if state == State::Stopping || self.stops_at().is_some_and(|at| at <= now) {
                self.stop();
                return Ok(());
            }
            if self.shard.is_draining() {
                self.acceptor.close(self.poll.registry());
                if self.shard.is_empty() {
                    return Ok(());
                }
            }
        }
    }

    /// Sleeps until something happens or is due, and sorts the events: the live and the dying.
    fn wait(&mut self, now: Timestamp) -> io::Result<()> {
        let mut timeout = self.timeout(now);
        for _ in 0..POLLS {
            match self.poll.poll(&mut self.events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                Err(_) => break,
                Ok(()) => {}
            }
            self.sort_events();
            if self.events.iter().count() < EVENTS {
                break;
            }
            timeout = Some(Duration::ZERO);
        }
        Ok(())
    }

    fn timeout(&self, now: Timestamp) -> Option<Duration> {
        let has_mail = !self.inbox.is_empty() || self.mailboxes[self.own].has_news();
        if self.sockets.is_ready() || self.acceptor.is_ready() || has_mail {
            return Some(Duration::ZERO);
        }
        let due = [self.shard.earliest(), self.acceptor.resumes_at(), self.stops_at()];
        let due = due.into_iter().flatten().min().map(|at| at.saturating_since(now));
        let retry = self.shard.has_mail().then_some(RETRY_MAIL);
        [due, retry].into_iter().flatten().min()
    }

    /// When a shutdown waits no longer.
    fn stops_at(&self) -> Option<Timestamp> {
        self.shard.drained_by().map(|at| at + self.stop_after)
    }

    fn sort_events(&mut self) {
        for event in &self.events {
            let token = event.token();
            if token == WAKER {
                // The mailbox is looked at in every turn.
                self.shard.woken();
            } else if self.acceptor.has(LISTENERS.wrapping_sub(token.0)) {
                self.acceptor.ready(LISTENERS - token.0);
            } else {
                let key = Sockets::key(token);
                let is_dying = event.is_error() || event.is_read_closed();
                if is_dying || event.is_readable() {
                    self.sockets.enqueue(key, is_dying);
                }
                if event.is_writable() {
                    self.shard.writable(key);
                    self.sockets.writable(key);
                }
            }
        }
    }

    fn turn(&mut self) -> State {
        self.receive_live();
        self.receive_shaking();
        self.accept();
        let state = self.deliver_mail();
        self.receive_dying();
        let now = self.clock.now();
        self.shard.turn(now);
        self.gate.settle(self.shard.handshaking());
        self.flush(now);
        self.obey();
        self.post_mail();
        self.post_answers();
        state
    }

    /// One read for each live connection, until the turn's share is used up.
    fn receive_live(&mut self) {
        let mut bytes = 0;
        for _ in 0..self.budget.receives {
            if bytes >= self.budget.receive_bytes {
                break;
            }
            let Some(key) = self.sockets.next_live() else { break };
            bytes += self.receive_one(key);
        }
    }

    /// A few steps of TLS handshakes: each may cost as much as thousands of messages.
    fn receive_shaking(&mut self) {
        for _ in 0..self.budget.tls_handshakes {
            let Some(key) = self.sockets.next_shaking() else { break };
            self.receive_one(key);
        }
    }

    /// The dying come last, a few at a time: thousands that die together delay nobody.
    fn receive_dying(&mut self) {
        let mut bytes = 0;
        for _ in 0..self.budget.hangups {
            if bytes >= self.budget.receive_bytes {
                break;
            }
            let Some(key) = self.sockets.next_dying() else { break };
            bytes += self.receive_one(key);
        }
    }

    /// One read, and the answer to a large one; says how much came.
    fn receive_one(&mut self, key: ConnectionKey) -> usize {
        if self.shard.is_paused(key) {
            // Until `Transport::Read`; but the dead are let go at once.
            if self.sockets.is_broken(key) {
                self.shard.disconnected(key, self.clock.now());
            }
            return 0;
        }
        if self.shard.has_unread(key) {
            // What came before goes first; what comes behind it waits in the system.
            self.sockets.enqueue(key, false);
            return 0;
        }
        let whole = self.buffer.len();
        let count = if self.shard.unread() < whole { whole } else { SIP.min(whole) };
        let buffer = &mut self.buffer[..count];
        let received = self.sockets.receive(key, buffer, &mut self.scratch);
        // Read behind the bytes: what they prove was not proved before.
        let now = self.clock.now();
        let shard = &mut self.shard;
        let bytes = match received {
            Received::Bytes(bytes) => bytes,
            Received::Introduced(peer, bytes) => {
                shard.counters().proxied.add(1);
                if let Some(peer) = peer {
                    if let Err(full) = self.gate.introduce(key, peer) {
                        accepting::count(shard, full);
                        self.sockets.say(key, accepting::FULL);
                        shard.disconnected(key, now);
                        return 0;
                    }
                    shard.introduce(key, peer);
                }
                bytes
            }
            Received::Secured(certificate, bytes) => {
                if let Some(certificate) = certificate {
                    shard.vouch(key, &certificate);
                }
                shard.counters().tls_handshakes.add(1);
                bytes
            }
            Received::Nothing => return 0,
            Received::End => {
                shard.ended(key, now);
                return 0;
            }
            Received::Broken => {
                shard.disconnected(key, now);
                return 0;
            }
            Received::Failed(fault) => {
                fault.count(&shard.counters());
                tracing::debug!(%fault, "a connection fails");
                shard.disconnected(key, now);
                return 0;
            }
        };
        let count = bytes.len();
        if count > 0 {
            shard.exchange(key, bytes, now, &mut |slices| self.sockets.pass(key, slices));
            if count >= LARGE && shard.take_answer(key) {
                self.send(key, now);
            }
        }
        count
    }

    fn accept(&mut self) {
        let now = self.clock.now();
        let Self { acceptor, poll, shard, sockets, gate, .. } = self;
        acceptor.accept(now, poll.registry(), shard, sockets, gate);
    }

    fn deliver_mail(&mut self) -> State {
        let now = self.clock.now();
        let state = self.mailboxes[self.own].take(&mut self.inbox);
        for _ in 0..self.budget.letters {
            if self.shard.is_behind() {
                break;
            }
            let Some(letter) = self.inbox.pop_front() else { break };
            self.shard.deliver(letter, now);
        }
        state
    }

    fn flush(&mut self, now: Timestamp) {
        for _ in 0..self.budget.writes {
            let Some(key) = self.shard.next_dirty() else { break };
            self.send(key, now);
        }
    }

    /// One write.
    fn send(&mut self, key: ConnectionKey, now: Timestamp) {
        match self.sockets.send(key, &mut self.shard, &mut self.scratch) {
            Ok(Sent { count, is_moving, has_room }) => {
                if is_moving {
                    self.shard.progressed(key, now);
                }
                self.shard.wrote(key, count, now);
                if has_room {
                    // In the next turn.
                    self.shard.writable(key);
                }
            }
            Err(_) => self.shard.disconnected(key, now),
        }
    }

    fn obey(&mut self) {
        while let Some(order) = self.shard.next_transport() {
            match order {
                Transport::Read(key) => self.sockets.enqueue(key, false),
                Transport::ShutWrite(key) => self.sockets.shut_write(key),
                Transport::Close(key) => {
                    if self.sockets.remove(key) {
                        self.gate.leave(key);
                    }
                }
            }
        }
    }

    fn post_mail(&mut self) {
        let mailboxes = &self.mailboxes;
        self.shard.post(|shard, publications| mailboxes[shard].post_some(publications));
    }

    fn post_answers(&mut self) {
        while let Some((ticket, answer)) = self.shard.next_answer() {
            self.mailboxes[self.own].answer(ticket, answer);
        }
    }

    /// Ends everything at once; every session is still told.
    fn stop(&mut self) {
        let now = self.clock.now();
        self.acceptor.close(self.poll.registry());
        self.shard.disconnect_all(now);
        loop {
            self.shard.turn(now);
            self.obey();
            if self.shard.is_empty() {
                break;
            }
        }
    }
}

/// Closes the thread's mailbox however it ends, by a panic too.
struct Leaving<'a, N> {
    mailboxes: &'a [Mailbox<N>],
    own: usize,
    in_good_order: bool,
}

impl<N> Leaving<'_, N> {
    fn done(mut self, in_good_order: bool) {
        self.in_good_order = in_good_order;
    }
}

impl<N> Drop for Leaving<'_, N> {
    fn drop(&mut self) {
        self.mailboxes[self.own].close();
        if !self.in_good_order {
            self.mailboxes.iter().for_each(Mailbox::stop);
        }
    }
}
