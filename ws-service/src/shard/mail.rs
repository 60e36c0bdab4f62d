//! What crosses between threads: plain values, so that a run can be recorded and replayed.

use std::collections::VecDeque;
use std::sync::Arc;

use tungstenite::protocol::frame::coding::CloseCode;

use super::config::Config;
use super::frame::Frame;
use super::id::ConnectionKey;
use super::protocol::Rejection;
use super::questions::{Question, Ticket};
use super::topics::Publication;

/// One letter to a shard.
#[derive(Debug)]
#[non_exhaustive]
pub enum Mail<N> {
    /// To everyone who subscribes to the topic.
    Publish(Publication),
    /// To one connection's peer.
    Send(ConnectionKey, Frame),
    /// To one connection's session.
    Note(ConnectionKey, N),
    /// A deferred request is admitted.
    Admit(ConnectionKey),
    /// A deferred request is refused.
    Reject(ConnectionKey, Rejection),
    /// One connection is to be closed.
    Close(ConnectionKey, CloseCode, Box<str>),
    /// Someone wants to know something: [`Shard::next_answer`](super::Shard::next_answer) has the answer,
    /// under the same ticket, some turns later.
    Ask(Ticket, Box<Question>),
    /// New settings; they are lost if they [make no sense](Config::validate).
    ///
    /// What is asked anew each time holds at once: limits, budgets, whose pages may connect, which messages
    /// are worth compressing. What was agreed on with a client stays, and so do the streams of its own. A
    /// deadline that runs keeps its end, and has the new length when it is next set; but ping and hang-up,
    /// where they change, are measured from now on, as if each peer had just proved that it receives.
    Configure(Arc<Config>),
    /// The shard is to close all its connections and admit no more.
    Drain,
}

impl<N> Mail<N> {
    /// What it weighs against a bound in bytes; a note weighs its size on the stack.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Publish(publication) => publication.weight(),
                Self::Send(_, frame) => frame.len(),
                Self::Reject(_, rejection) => rejection.weight(),
                Self::Close(_, _, text) => text.len(),
                Self::Ask(_, question) => size_of_val(&**question) + question.weight(),
                Self::Note(..) | Self::Admit(_) | Self::Drain => 0,
                Self::Configure(_) => size_of::<Config>(),
            }
    }
}

impl Frame {
    /// The same message, to all who subscribe to `topic`.
    #[must_use]
    pub fn to_topic(self, topic: &str) -> Publication {
        Publication { topic: Arc::from(topic), frame: self }
    }
}

/// Publications that wait to be taken to the other shards.
#[derive(Debug)]
pub(super) struct Relay {
    /// By shard; this shard's own place stays empty.
    staged: Vec<Staged>,
    own: usize,
}

/// What waits for one shard.
#[derive(Debug, Default)]
struct Staged {
    publications: VecDeque<Publication>,
    bytes: usize,
}

impl Relay {
    pub(super) fn new(shards: usize, own: usize) -> Self {
        Self { staged: (0..shards).map(|_| Staged::default()).collect(), own }
    }

    /// The longest wait of any shard: in publications, and in their bytes.
    pub(super) fn staged(&self) -> (usize, usize) {
        let counts = self.staged.iter().map(|staged| staged.publications.len());
        let bytes = self.staged.iter().map(|staged| staged.bytes);
        (counts.max().unwrap_or(0), bytes.max().unwrap_or(0))
    }

    pub(super) fn publish(&mut self, publication: &Publication) {
        for (shard, staged) in self.staged.iter_mut().enumerate() {
            if shard != self.own {
                staged.bytes += publication.weight();
                staged.publications.push_back(publication.clone());
            }
        }
    }

    /// Offers each shard's publications, in order, to `post`, which says how many it took.
    pub(super) fn post(&mut self, mut post: impl FnMut(usize, &[Publication]) -> usize) -> usize {
        let mut posted = 0;
        for (shard, Staged { publications, bytes }) in self.staged.iter_mut().enumerate() {
            if publications.is_empty() {
                continue;
            }
            let taken = post(shard, publications.make_contiguous()).min(publications.len());
            *bytes -= publications.drain(..taken).map(|it| it.weight()).sum::<usize>();
            posted += taken;
        }
        posted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::protocol::Message;

    #[test]
    fn what_a_mailbox_has_no_room_for_stays_in_order() {
        let mut relay = Relay::new(3, 1);
        for text in ["a", "b", "c"] {
            relay.publish(&Frame::new(Message::Text(text)).to_topic("t"));
        }
        let mut taken = Vec::new();
        while relay.staged().0 > 0 {
            relay.post(|shard, publications| {
                assert_ne!(shard, 1, "nothing to itself");
                taken.push((shard, publications[0].frame.payload()[0]));
                1
            });
        }
        assert_eq!(taken, [(0, b'a'), (2, b'a'), (0, b'b'), (2, b'b'), (0, b'c'), (2, b'c')]);
        assert_eq!(relay.staged(), (0, 0));
    }
}
