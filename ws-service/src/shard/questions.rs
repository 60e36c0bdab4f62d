//! What other threads may ask about a shard, and what it answers: plain values, a bounded part at a
//! time.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use sul::Timestamp;

use super::Shard;
use super::counters::Counters;
use super::deadlines::Deadline;
use super::id::{ConnectionId, ConnectionKey};
use super::link::{Link, Phase, Slot};
use super::peer::Peer;
use super::protocol::Protocol;

/// Questions that wait; one more is answered with [`Answer::Busy`].
const WAITING: usize = 64;
/// Places looked at for one answer, or topics.
const EXAMINED: usize = 256;

/// What an answer is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What can be asked about a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// One connection: [`Answer::Connection`].
    Connection(ConnectionKey),
    /// Some of those that fit, from a place on, 0 at first: [`Answer::Connections`].
    Connections {
        /// Where to begin.
        from: usize,
        /// As many as are wanted at most.
        limit: usize,
        /// Which.
        filter: Filter,
    },
    /// Some topics in the order of their names, behind one, or from the first:
    /// [`Answer::Topics`].
    Topics {
        /// The last that is known.
        after: Option<Box<str>>,
        /// As many as are wanted at most.
        limit: usize,
    },
    /// The next deadlines of some connections, from a place on, 0 at first: [`Answer::Deadlines`].
    Deadlines {
        /// Where to begin.
        from: usize,
        /// As many as are wanted at most.
        limit: usize,
    },
}

impl Question {
    /// What it weighs beyond its size on the stack.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Connections { filter, .. } => filter.path.as_ref().map_or(0, |path| path.len()),
            Self::Topics { after, .. } => after.as_ref().map_or(0, |name| name.len()),
            Self::Connection(_) | Self::Deadlines { .. } => 0,
        }
    }
}

/// Which connections are wanted; those that fit all that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// The peer's address.
    pub address: Option<IpAddr>,
    /// The peer's port.
    pub port: Option<u16>,
    /// What the path begins with; nobody fits where no paths are kept
    /// ([`Config::keep_paths`](super::Config::keep_paths)).
    pub path: Option<Box<str>>,
    /// Open at least so long.
    pub min_age: Option<Duration>,
    /// Open at most so long.
    pub max_age: Option<Duration>,
}

impl Filter {
    fn fits(&self, facts: &ConnectionFacts) -> bool {
        let Self { address, port, path, min_age, max_age } = self;
        let its_path = facts.path.as_deref();
        let its_port = facts.peer.address().map(|address| address.port());
        address.is_none_or(|address| facts.peer.ip() == Some(address))
            && port.is_none_or(|port| its_port == Some(port))
            && min_age.is_none_or(|age| facts.age >= age)
            && max_age.is_none_or(|age| facts.age <= age)
            && path.as_ref().is_none_or(|path| its_path.is_some_and(|it| it.starts_with(&**path)))
    }
}

/// What a shard answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// The connection, if there is one.
    Connection(Option<ConnectionFacts>),
    /// Some connections.
    Connections(Page<ConnectionFacts>),
    /// Some topics; `next` counts nothing here: the last name is where to go on.
    Topics(Page<TopicFacts>),
    /// Some deadlines, the next ones first.
    Deadlines(Page<DeadlineFacts>),
    /// Too many other questions wait.
    Busy,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// What there is; it may be empty, and yet not be the last.
    pub items: Vec<T>,
    /// Where the next part begins; `None` behind the last one.
    pub next: Option<usize>,
    /// When it was looked at.
    pub now: Timestamp,
}

/// What is known of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionFacts {
    /// Its name.
    pub id: ConnectionId,
    /// Who is at the other end.
    pub peer: Peer,
    /// The path of its request, or the first 256 bytes of it, where paths are kept.
    pub path: Option<Box<str>>,
    /// How long its transport has been open, to a tenth of a second.
    pub age: Duration,
    /// How far it has come.
    pub state: ConnectionState,
    /// Bytes queued to the peer.
    pub queued_bytes: usize,
    /// Topics it subscribes to.
    pub topics: usize,
    /// Whether compression has been agreed on.
    pub is_compressed: bool,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// Its upgrade request has not been answered.
    Handshake,
    /// Messages go both ways.
    Open,
    /// It is being closed.
    Closing,
}

impl ConnectionState {
    /// A stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Open => "open",
            Self::Closing => "closing",
        }
    }
}

/// What is known of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicFacts {
    /// Its name.
    pub name: Arc<str>,
    /// Subscribers in this shard.
    pub subscribers: usize,
}

/// One deadline of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadlineFacts {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub deadline: Deadline,
    /// Whose.
    pub id: ConnectionId,
}

/// Questions that wait, and answers that are to be taken away.
#[derive(Debug, Default)]
pub(super) struct Questions {
    waiting: VecDeque<(Ticket, Question)>,
    answers: VecDeque<(Ticket, Answer)>,
}

impl Questions {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn put(&mut self, ticket: Ticket, question: Question, counters: &Counters) {
        if self.waiting.len() < WAITING {
            self.waiting.push_back((ticket, question));
        } else {
            counters.questions_refused.add(1);
            self.answers.push_back((ticket, Answer::Busy));
        }
    }
}

impl<P: Protocol> Shard<P> {
    /// Answers some of the questions that wait, up to the turn's budget.
    pub(super) fn answer(&mut self, now: Timestamp) {
        for _ in 0..self.shared.config.budget.answers {
            let Some((ticket, question)) = self.questions.waiting.pop_front() else { break };
            let answer = self.answer_one(question, now);
            self.questions.answers.push_back((ticket, answer));
        }
    }

    /// The next answer to a [`Mail::Ask`](super::Mail::Ask), with its ticket; each once. Take them all
    /// in every turn.
    pub fn next_answer(&mut self) -> Option<(Ticket, Answer)> {
        self.questions.answers.pop_front()
    }

    fn answer_one(&self, question: Question, now: Timestamp) -> Answer {
        match question {
            Question::Connection(key) => Answer::Connection(self.facts(key, now)),
            Question::Connections { from, limit, filter } => {
                let mut items = Vec::new();
                let next = self.walk(from, |key| {
                    items.extend(self.facts(key, now).filter(|facts| filter.fits(facts)));
                    items.len() < limit
                });
                Answer::Connections(Page { items, next, now })
            }
            Question::Topics { after, limit } => {
                let limit = limit.min(EXAMINED);
                let mut topics = self.shared.topics.behind(after.as_deref());
                let facts = |(name, subscribers)| TopicFacts { name, subscribers };
                let items: Vec<_> = topics.by_ref().take(limit).map(facts).collect();
                let next = topics.next().map(|_| items.len());
                Answer::Topics(Page { items, next, now })
            }
            Question::Deadlines { from, limit } => {
                let mut soonest = Soonest { items: Vec::new(), limit: limit.min(EXAMINED) };
                let next = self.walk(from, |key| {
                    if let Some(Slot { link, .. }) = self.slots.get(key) {
                        let id = self.shared.name(key);
                        link.deadlines().for_each(|(at, deadline)| {
                            soonest.put(DeadlineFacts { at, deadline, id });
                        });
                    }
                    true
                });
                Answer::Deadlines(Page { items: soonest.items, next, now })
            }
        }
    }

    /// Visits a bounded number of places, until `visit` has enough; says where to go on.
    fn walk(&self, from: usize, mut visit: impl FnMut(ConnectionKey) -> bool) -> Option<usize> {
        let mut next = from;
        for key in self.roster.from(from).take(EXAMINED) {
            next += 1;
            if !visit(key) {
                break;
            }
        }
        (next < self.roster.len()).then_some(next)
    }

    fn facts(&self, key: ConnectionKey, now: Timestamp) -> Option<ConnectionFacts> {
        let Slot { link, .. } = self.slots.get(key)?;
        Some(ConnectionFacts {
            id: self.shared.name(key),
            peer: link.peer.into(),
            path: self.roster.path(key).map(Into::into),
            age: self.roster.age(key, now),
            state: state(link),
            queued_bytes: self.shared.queued(key, link),
            topics: link.subscriptions.len(),
            is_compressed: link.agreement.is_some(),
        })
    }
}

const fn state(link: &Link) -> ConnectionState {
    match link.phase {
        Phase::Handshake(_) | Phase::Deferred(_) => ConnectionState::Handshake,
        Phase::Open => ConnectionState::Open,
        Phase::Closing | Phase::Lingering { .. } | Phase::Finished => ConnectionState::Closing,
    }
}

/// The few that come first, in order.
struct Soonest {
    items: Vec<DeadlineFacts>,
    limit: usize,
}

impl Soonest {
    fn put(&mut self, facts: DeadlineFacts) {
        let place = self.items.partition_point(|it| it.at <= facts.at);
        if place < self.limit {
            self.items.truncate(self.limit - 1);
            self.items.insert(place, facts);
        }
    }
}
