//! Nobody outlives a deadline by more than the driver's own lateness, and no deadline comes early:
//! handshake, hang-up, message, write, close, the protocol's timer.
//!
//! "Outlives" is asked when the shard says that it has nothing to do at this time: then whatever
//! was due must be done. So the answer is exact, however late the driver is.

use std::time::Duration;

use ws_service::{CloseReason, Deadline, Timeouts};

use super::{Checked, ensure, entry};
use crate::client::{Mark, What};

pub(crate) struct Deadlines {
    timeouts: Timeouts,
    peers: Vec<Peer>,
}

/// What runs for a connection; times in microseconds.
#[derive(Default)]
struct Peer {
    taken: u64,
    is_open: bool,
    closed: Option<u64>,
    /// When the refusal of its request was first written.
    refused: Option<u64>,
    is_gone: bool,
    proof: Proof,
    frames: Frames,
    /// Since when its output has made no progress, for want of room.
    stuck: Option<u64>,
    /// When its output last made any.
    wrote: u64,
    /// The protocol's timer.
    user: Option<u64>,
}

/// When the peer last proved that it receives.
#[derive(Default)]
struct Proof {
    at: u64,
    /// The protocol has vouched for it: then a pong may be no proof, for the ping was forgotten.
    is_vouched: bool,
    /// It has been silent for long enough at some time.
    was_late: bool,
}

/// Where in its frames the shard is, by what it was given.
#[derive(Default)]
struct Frames {
    given: u64,
    /// The last byte that ended a frame, and the last that left nothing unfinished.
    boundary: u64,
    rest: u64,
    /// Since when something is unfinished.
    began: Option<u64>,
    left_frame: u64,
    was_late: bool,
}

impl Frames {
    const fn is_inside(&self) -> bool {
        self.given > self.boundary
    }

    fn given(&mut self, total: u64, marks: &[Mark], now: u64, limit: Option<u64>) {
        let was_inside = self.is_inside();
        let is_fresh = self.began.is_none() || marks.iter().any(|mark| mark.is_rest);
        self.given = total;
        self.boundary = marks.last().map_or(self.boundary, |mark| mark.at);
        let rest = marks.iter().rev().find(|mark| mark.is_rest);
        self.rest = rest.map_or(self.rest, |mark| mark.at);
        if was_inside && !self.is_inside() {
            self.left_frame = now;
        }
        let span = self.began.map_or(0, |began| now - began);
        self.was_late |= limit.is_some_and(|limit| span >= limit);
        if self.given == self.rest {
            self.began = None;
        } else if is_fresh {
            self.began = Some(now);
        }
    }
}

fn micros(duration: Option<Duration>) -> Option<u64> {
    duration.map(|it| u64::try_from(it.as_micros()).unwrap_or(u64::MAX))
}

impl Deadlines {
    pub(crate) const fn new(timeouts: Timeouts) -> Self {
        Self { timeouts, peers: Vec::new() }
    }

    fn close(&self) -> u64 {
        micros(Some(self.timeouts.close)).unwrap_or_default()
    }

    pub(crate) fn taken(&mut self, id: u32, now: u64) {
        entry(&mut self.peers, id).taken = now;
    }

    pub(crate) fn opened(&mut self, id: u32, now: u64) {
        let peer = entry(&mut self.peers, id);
        peer.is_open = true;
        peer.proof.at = now;
        let frames = &mut peer.frames;
        frames.began = (frames.given > frames.rest).then_some(now);
    }

    /// The shard was given bytes, `total` so far, and with them the ends that `marks` tell.
    pub(crate) fn given(&mut self, id: u32, total: u64, marks: &[Mark], now: u64) {
        let limit = micros(self.timeouts.message);
        let hangup = micros(self.timeouts.hangup_after);
        let peer = entry(&mut self.peers, id);
        peer.frames.given(total, marks, now, limit);
        if !peer.is_open {
            peer.frames.began = None;
        }
        if marks.iter().any(|mark| matches!(mark.what, What::Pong(_))) {
            peer.proof.renew(now, hangup);
        }
    }

    pub(crate) fn vouched(&mut self, id: u32, now: u64) {
        let hangup = micros(self.timeouts.hangup_after);
        let proof = &mut entry(&mut self.peers, id).proof;
        proof.renew(now, hangup);
        proof.is_vouched = true;
    }

    pub(crate) fn wrote(&mut self, id: u32, offered: usize, count: usize, now: u64) {
        let peer = entry(&mut self.peers, id);
        if !peer.is_open {
            peer.refused.get_or_insert(now);
        }
        if count > 0 {
            peer.wrote = now;
        }
        let stuck = &mut peer.stuck;
        if count == offered {
            *stuck = None;
        } else if count > 0 || stuck.is_none() {
            *stuck = Some(now);
        }
    }

    pub(crate) fn timer_set(&mut self, id: u32, at: Option<u64>) {
        entry(&mut self.peers, id).user = at;
    }

    pub(crate) fn timer_fired(&mut self, id: u32, now: u64) -> Checked {
        let at = entry(&mut self.peers, id).user.take();
        ensure(at.is_some_and(|at| at <= now), || format!("{id}'s timer fires, due {at:?}"))
    }

    /// The session's end is told: a deadline must have come if it is said to.
    pub(crate) fn told(&mut self, id: u32, reason: &CloseReason, now: u64) -> Checked {
        let peer = entry(&mut self.peers, id);
        peer.closed = Some(now);
        let CloseReason::Timeout(deadline) = reason else { return Ok(()) };
        let (since, limit) = match deadline {
            Deadline::Handshake => (Some(peer.taken), self.timeouts.handshake),
            Deadline::HangUp if peer.proof.is_vouched || peer.proof.was_late => return Ok(()),
            Deadline::HangUp => (Some(peer.proof.at), self.timeouts.hangup_after),
            Deadline::Message if peer.frames.was_late => return Ok(()),
            Deadline::Message => (peer.frames.began, self.timeouts.message),
            Deadline::Write => (peer.stuck.or(Some(peer.wrote)), self.timeouts.write),
            _ => return Err(format!("{id} ends for its deadline {deadline:?}")),
        };
        let due = since.zip(micros(limit)).map(|(since, limit)| since + limit);
        ensure(due.is_some_and(|due| due <= now), || {
            format!("{id}'s deadline {deadline:?} comes early: since {since:?}, due {due:?}")
        })
    }

    /// The handshake is complete.
    pub(crate) fn is_open(&self, id: u32) -> bool {
        self.peers.get(id as usize).is_some_and(|peer| peer.is_open)
    }

    /// Something is queued for which the transport has no room.
    pub(crate) fn is_stuck(&self, id: u32) -> bool {
        self.peers.get(id as usize).is_some_and(|peer| peer.stuck.is_some())
    }

    pub(crate) fn gone(&mut self, id: u32) {
        entry(&mut self.peers, id).is_gone = true;
    }

    /// The shard has nothing left to do at `now`: nothing of this connection may be due.
    pub(crate) fn settled(&mut self, id: u32, now: u64) -> Checked {
        let close = self.close();
        let peer = entry(&mut self.peers, id);
        if peer.is_gone {
            return Ok(());
        }
        let (what, due) = if let Some(closed) = peer.closed {
            ("close", Some(closed + close))
        } else if peer.is_open {
            peer.nearest(&self.timeouts)
        } else {
            let handshake = micros(self.timeouts.handshake);
            match peer.refused {
                Some(refused) => ("refusal", Some(refused + close)),
                None => ("handshake", handshake.map(|handshake| peer.taken + handshake)),
            }
        };
        ensure(due.is_none_or(|due| due > now), || format!("{id} outlives its {what}, due {due:?}"))
    }
}

impl Proof {
    fn renew(&mut self, now: u64, hangup: Option<u64>) {
        self.was_late |= hangup.is_some_and(|hangup| now - self.at >= hangup);
        self.at = now;
    }
}

impl Peer {
    /// What an open connection is due for next.
    fn nearest(&self, timeouts: &Timeouts) -> (&'static str, Option<u64>) {
        let message = self.frames.began.zip(micros(timeouts.message)).map(|(at, it)| at + it);
        let write = self.stuck.zip(micros(timeouts.write)).map(|(at, it)| at + it);
        let hangup = micros(timeouts.hangup_after).filter(|_| {
            // Inside a frame the message deadline rules: no pong could come.
            !(self.frames.is_inside() && message.is_some())
        });
        let hangup = hangup.map(|hangup| {
            let grace = hangup - micros(timeouts.ping_after).unwrap_or_default();
            (self.proof.at + hangup).max(self.frames.left_frame + grace)
        });
        [("message", message), ("write", write), ("hang-up", hangup), ("timer", self.user)]
            .into_iter()
            .filter(|(_, due)| due.is_some())
            .min_by_key(|&(_, due)| due)
            .unwrap_or(("nothing", None))
    }
}
