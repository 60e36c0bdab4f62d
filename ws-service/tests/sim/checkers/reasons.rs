//! The reason told is what happened: nobody is blamed for what he did not do, and who did it does
//! not stay.

use ws_service::{CloseCode, CloseReason, Deadline, Violation};

use super::{Checked, ensure, entry};

#[derive(Default)]
pub(crate) struct Reasons {
    peers: Vec<Peer>,
}

#[derive(Default)]
struct Peer {
    deeds: Vec<Deed>,
    /// The shard has been given something after which the connection must not stay.
    must_end: bool,
}

/// Something that may end a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Violates(Violation),
    Closes(Option<CloseCode>),
    /// The transport is gone.
    Dies,
    /// The protocol or a letter closes it.
    Asked,
    Panics,
    Rejected,
    /// It was sent a message for which there was no room.
    Overflows,
    /// It may get publications, or letters, for which there may be no room.
    Listens,
    Drains,
}

impl Reasons {
    /// It happens, or is on its way.
    pub(crate) fn did(&mut self, id: u32, deed: Deed) {
        let deeds = &mut entry(&mut self.peers, id).deeds;
        if !deeds.contains(&deed) {
            deeds.push(deed);
        }
    }

    /// The shard has been given it: the connection must end.
    pub(crate) fn must_end(&mut self, id: u32) {
        entry(&mut self.peers, id).must_end = true;
    }

    /// The shard has nothing left to do, and the session lives.
    pub(crate) fn settled(&mut self, id: u32) -> Checked {
        let Peer { deeds, must_end } = entry(&mut self.peers, id);
        ensure(!*must_end, || format!("{id} lives on after {deeds:?}"))
    }

    pub(crate) fn told(&mut self, id: u32, reason: &CloseReason) -> Checked {
        let deeds = &entry(&mut self.peers, id).deeds;
        let did = |deed| deeds.contains(&deed);
        let is_true = match reason {
            CloseReason::Peer(code, _) => did(Deed::Closes(*code)),
            CloseReason::Local(_) => did(Deed::Asked),
            CloseReason::Shutdown => did(Deed::Drains),
            CloseReason::Violation(violation) => did(Deed::Violates(*violation)),
            CloseReason::Backlog => did(Deed::Overflows) || did(Deed::Listens),
            CloseReason::Panicked => did(Deed::Panics),
            CloseReason::Disconnected => did(Deed::Dies),
            CloseReason::Rejected => did(Deed::Rejected) || did(Deed::Drains),
            // Whether it was time is the deadlines' checker's to say.
            CloseReason::Timeout(deadline) => {
                !matches!(deadline, Deadline::Ping | Deadline::User | Deadline::Close)
            }
            _ => false,
        };
        ensure(is_true, || format!("{id} is said to have ended for {reason:?}, after {deeds:?}"))
    }
}
