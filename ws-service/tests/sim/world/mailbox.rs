//! The bounded mailbox of a shard, and the letters in it.

use std::collections::VecDeque;

use ws_service::shard::{Mail, Publication};

use crate::checkers::Note as Name;
use crate::payload::Payload;
use crate::protocol::Note;

/// A letter on its way, and what the checkers know of it.
pub(super) struct Letter {
    /// When it can be read.
    pub(super) at: u64,
    pub(super) mail: Mail<Note>,
    pub(super) about: About,
}

#[derive(Clone, Copy)]
pub(super) enum About {
    Publication(Name),
    Message(u32, Payload),
    Other,
}

/// Letters in the order in which they were put in.
pub(super) struct Mailbox {
    letters: VecDeque<Letter>,
    capacity: usize,
}

impl Mailbox {
    pub(super) const fn new(capacity: usize) -> Self {
        Self { letters: VecDeque::new(), capacity }
    }

    pub(super) fn len(&self) -> usize {
        self.letters.len()
    }

    pub(super) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.letters.len())
    }

    /// Puts a letter in; none overtakes another.
    pub(super) fn put(&mut self, at: u64, mail: Mail<Note>, about: About) {
        let at = self.letters.back().map_or(at, |last| at.max(last.at));
        self.letters.push_back(Letter { at, mail, about });
    }

    pub(super) fn put_publication(&mut self, at: u64, publication: &Publication, name: Name) {
        self.put(at, Mail::Publish(publication.clone()), About::Publication(name));
    }

    /// When the next letter can be read.
    pub(super) fn next_at(&self) -> Option<u64> {
        self.letters.front().map(|letter| letter.at)
    }

    /// The next letter, if it can be read by now.
    pub(super) fn take(&mut self, now: u64) -> Option<Letter> {
        if self.next_at()? > now {
            return None;
        }
        self.letters.pop_front()
    }
}
