//! What a connection is waiting for, and until when.
//!
//! A connection has one [`sul::Timer`], armed for the nearest entry of its table. An entry that
//! moves later is an array store: the timer fires early, finds nothing due and is armed again.

use std::num::NonZero;

use sul::Timestamp;

/// The things a connection can run out of time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deadline {
    /// From the accepted transport to the end of the upgrade request, or to the admission.
    Handshake,
    /// From the last proof that the peer receives to our next ping.
    Ping,
    /// From the last proof that the peer receives to our hanging up.
    HangUp,
    /// From a message's first byte to its last.
    Message,
    /// From the last progress on queued bytes to giving up on the peer.
    Write,
    /// From our Close frame (or our refusal) to the end of the transport.
    Close,
    /// What the protocol asked for with [`Context::set_timer`](super::Context::set_timer).
    User,
    /// From more than a peer's rate allows to reading from it again.
    Rate,
}

impl Deadline {
    /// How many there are.
    pub const COUNT: usize = 8;

    /// All of them, in the order of the table.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Handshake,
        Self::Ping,
        Self::HangUp,
        Self::Message,
        Self::Write,
        Self::Close,
        Self::User,
        Self::Rate,
    ];

    /// Where it lies in a table. A handshake is over before the first ping is due, a connection that is
    /// closing is not pinged any more, and of one that isn't read from no message is awaited: each pair
    /// shares a place.
    const fn place(self) -> usize {
        match self {
            Self::Handshake | Self::Ping => 0,
            Self::HangUp | Self::Close => 1,
            Self::Message | Self::Rate => 2,
            Self::Write => 3,
            Self::User => 4,
        }
    }

    /// A stable name for logs and metrics, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Ping => "ping",
            Self::HangUp => "hang_up",
            Self::Message => "message",
            Self::Write => "write",
            Self::Close => "close",
            Self::User => "user",
            Self::Rate => "rate",
        }
    }
}

/// A peer can't answer a ping inside its own frame: a hang-up that comes due there waits for the
/// frame's end, and then as long as an answer may take. Once: the next time it is due it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grace {
    None,
    Owed,
    Given,
}

/// Places in a table: those before the session and those behind it lie where its own do.
const PLACES: usize = 5;

/// One connection's deadlines; the unset ones cost nothing but their place.
#[derive(Debug, Clone)]
pub(super) struct Deadlines {
    at: [Timestamp; PLACES],
    /// Bit `n` says that entry `n` is set.
    set: u8,
    pub(super) grace: Grace,
    /// What the ping carries that waits for its pong.
    pub(super) ping: Option<NonZero<u32>>,
}

impl Deadlines {
    pub(super) const fn new() -> Self {
        Self { at: [Timestamp::ZERO; PLACES], set: 0, grace: Grace::None, ping: None }
    }

    pub(super) fn get(&self, deadline: Deadline) -> Option<Timestamp> {
        self.is_set(deadline).then(|| self.at[deadline.place()])
    }

    pub(super) const fn is_set(&self, deadline: Deadline) -> bool {
        self.set & (1 << deadline as u8) != 0
    }

    /// Sets or moves an entry; says whether it was unset before.
    pub(super) fn set(&mut self, deadline: Deadline, at: Timestamp) -> bool {
        let fresh = !self.is_set(deadline);
        self.at[deadline.place()] = at;
        self.set |= 1 << deadline as u8;
        fresh
    }

    /// Unsets an entry; says whether it was set.
    pub(super) fn clear(&mut self, deadline: Deadline) -> bool {
        let was = self.is_set(deadline);
        self.set &= !(1 << deadline as u8);
        was
    }

    /// What is set, in the order of the table.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Timestamp, Deadline)> {
        Deadline::ALL.into_iter().filter_map(|deadline| Some((self.get(deadline)?, deadline)))
    }

    pub(super) fn nearest(&self) -> Option<Timestamp> {
        self.entries().map(|(at, _)| at).min()
    }

    /// The earliest entry at or before `now`, and its time; equal ones in the order of the table.
    pub(super) fn due(&self, now: Timestamp) -> Option<(Timestamp, Deadline)> {
        self.entries().filter(|&(at, _)| at <= now).min_by_key(|&(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn nearest_and_due_follow_the_entries() {
        let mut table = Deadlines::new();
        assert_eq!(table.nearest(), None);
        assert!(table.set(Deadline::Ping, at(30)));
        assert!(table.set(Deadline::Message, at(20)));
        assert!(!table.set(Deadline::Ping, at(10)), "moved, not set anew");
        assert_eq!(table.nearest(), Some(at(10)));
        assert_eq!(table.due(at(9)), None);
        assert_eq!(table.due(at(25)), Some((at(10), Deadline::Ping)));
        assert!(table.clear(Deadline::Ping));
        assert!(!table.clear(Deadline::Ping));
        assert_eq!(table.due(at(25)), Some((at(20), Deadline::Message)));
    }

    #[test]
    fn the_last_timestamp_is_a_deadline_like_any_other() {
        let mut table = Deadlines::new();
        table.set(Deadline::User, Timestamp::MAX);
        assert_eq!(table.nearest(), Some(Timestamp::MAX));
    }

    #[test]
    fn a_name_and_a_place_each() {
        for (place, deadline) in Deadline::ALL.into_iter().enumerate() {
            assert_eq!(deadline as usize, place);
            assert!(!deadline.name().is_empty());
        }
    }
}
