//! The server's output is what tungstenite's decoder takes, ends where it says it ends, and its
//! close codes and statuses are those of what happened.

use ws_service::{CloseReason, Deadline, Violation};

use super::{Checked, ensure, entry};
use crate::client::Flaw;

#[derive(Default)]
pub(crate) struct Output {
    peers: Vec<Peer>,
}

/// How the server says goodbye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    /// Not at all: no Close frame is sent.
    None,
    /// By an empty Close.
    Empty,
    Code(u16),
}

#[derive(Default)]
struct Peer {
    is_open: bool,
    /// What the client has heard.
    heard: Option<Goodbye>,
    /// What follows from the reason that the protocol was told.
    expected: Option<Goodbye>,
    /// The client has come to the end of what the server wrote, and that was all it had to write.
    has_heard_all: bool,
}

impl Output {
    /// A client hears the answer to its request.
    pub(crate) fn answered(id: u32, flaw: Option<Flaw>, is_deferred: bool, status: u16) -> Checked {
        let is_expected = match (status, flaw) {
            // It took too long, or the server shuts down.
            (408 | 503, _) | (101, None) => true,
            (status, Some(flaw)) => status == flaw.status(),
            // Refused by the one who was asked; or it said too much before the answer.
            (403 | 431, None) => is_deferred,
            _ => false,
        };
        ensure(is_expected, || format!("{id} with {flaw:?} is answered {status}"))
    }

    pub(crate) fn opened(&mut self, id: u32) {
        entry(&mut self.peers, id).is_open = true;
    }

    /// A client has heard all that the server had to say.
    pub(crate) fn heard_all(&mut self, id: u32) -> Checked {
        entry(&mut self.peers, id).has_heard_all = true;
        self.compare(id)
    }

    /// A client hears a Close.
    pub(crate) fn close_heard(&mut self, id: u32, code: Option<u16>) -> Checked {
        entry(&mut self.peers, id).heard = Some(code.map_or(Goodbye::Empty, Goodbye::Code));
        self.compare(id)
    }

    /// The protocol is told why a connection ends.
    pub(crate) fn told(&mut self, id: u32, reason: &CloseReason) -> Checked {
        entry(&mut self.peers, id).expected = Some(goodbye(reason));
        self.compare(id)
    }

    fn compare(&mut self, id: u32) -> Checked {
        let &mut Peer { is_open, heard, expected, has_heard_all } = entry(&mut self.peers, id);
        let Some(expected) = expected else { return Ok(()) };
        match heard {
            Some(heard) => ensure(heard == expected, || {
                format!("{id} hears {heard:?} as goodbye, expected is {expected:?}")
            }),
            None => ensure(!is_open || !has_heard_all || expected == Goodbye::None, || {
                format!("{id} never hears {expected:?} as goodbye")
            }),
        }
    }
}

/// The goodbye that a reason asks for.
fn goodbye(reason: &CloseReason) -> Goodbye {
    Goodbye::Code(match reason {
        CloseReason::Peer(code, _) => {
            return code.map_or(Goodbye::Empty, |code| Goodbye::Code(code.into()));
        }
        CloseReason::Local(code) => u16::from(*code),
        CloseReason::Shutdown => 1001,
        CloseReason::Violation(violation) => match violation {
            Violation::InvalidUtf8 => 1007,
            Violation::TooLong => 1009,
            Violation::TooManyFragments => 1008,
            _ => 1002,
        },
        CloseReason::Timeout(Deadline::Message) => 1008,
        CloseReason::Backlog => 1013,
        CloseReason::Panicked => 1011,
        _ => return Goodbye::None,
    })
}
