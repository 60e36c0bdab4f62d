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
    /// It isn't read from: its silence proves nothing.
    is_paused: bool,
    proof: Proof,
    frames: Frames,
    /// Since when its output has made no progress, for want of room.
    stuck: Option<u64>,
    /// When it last had room again: it took something, then, whatever was made of it.
    room: u64,
    /// When its output last made any.
    wrote: u64,
    /// The protocol's timer.
    user: Option<u64>,
}

/// When the peer last proved that it receives.
#[derive(Default)]
struct Proof {
    at: u64,
    /// The last proof that the shard certainly took for one.
    sure: u64,
    /// The last ping that it has answered: another pong to that, or to an older one, is no proof.
    pong: Option<u32>,
    /// When its ping had left at the latest, once the shard has settled behind the time for it.
    pinged: Option<u64>,
    /// When a frame last ended inside of which the hang-up may have come due: from there runs the
    /// time for the pong that could not be.
    graced: Option<u64>,
    grace: Grace,
    /// The protocol has vouched for it: then a pong may be no proof, for the ping was forgotten.
    is_vouched: bool,
    /// It has been silent for long enough at some time.
    was_late: bool,
}

/// The shard grants that time once.
#[derive(Default, PartialEq, Eq)]
enum Grace {
    #[default]
    None,
    /// The hang-up came due inside a frame: certainly, for the shard has settled there.
    Owed,
    Given,
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
    was_late: bool,
}

impl Frames {
    const fn is_inside(&self) -> bool {
        self.given > self.boundary
    }

    fn given(&mut self, total: u64, marks: &[Mark], now: u64, limit: Option<u64>) {
        let is_fresh = self.began.is_none() || marks.iter().any(|mark| mark.is_rest);
        self.given = total;
        self.boundary = marks.last().map_or(self.boundary, |mark| mark.at);
        let rest = marks.iter().rev().find(|mark| mark.is_rest);
        self.rest = rest.map_or(self.rest, |mark| mark.at);
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
        peer.proof.sure = now;
        let frames = &mut peer.frames;
        frames.began = (frames.given > frames.rest).then_some(now);
    }

    /// The shard was given bytes, `total` so far, and with them the ends that `marks` tell.
    pub(crate) fn given(&mut self, id: u32, total: u64, marks: &[Mark], now: u64) {
        let limit = micros(self.timeouts.message);
        let hangup = micros(self.timeouts.hangup_after);
        let peer = entry(&mut self.peers, id);
        peer.frames.given(total, marks, now, limit);
        // The ping may have left long before we learnt of it: the earliest hang-up counts here.
        if !marks.is_empty() && hangup.is_some_and(|hangup| peer.proof.sure + hangup <= now) {
            peer.proof.frame_ended(now);
        }
        if !peer.is_open || peer.is_paused {
            peer.frames.began = None;
        }
        for mark in marks {
            if let What::Pong(ping) = mark.what
                && peer.proof.pong < Some(ping)
            {
                peer.proof.pong = Some(ping);
                peer.proof.renew(now, hangup);
                if !peer.proof.is_vouched {
                    peer.proof.sure = now;
                }
            }
        }
    }

    pub(crate) fn vouched(&mut self, id: u32, now: u64) {
        let hangup = micros(self.timeouts.hangup_after);
        let proof = &mut entry(&mut self.peers, id).proof;
        proof.renew(now, hangup);
        proof.is_vouched = true;
        proof.sure = now;
    }

    pub(crate) fn paused(&mut self, id: u32) {
        let peer = entry(&mut self.peers, id);
        peer.is_paused = true;
        peer.frames.began = None;
    }

    /// The times to the ping and to the hang-up begin anew.
    pub(crate) fn resumed(&mut self, id: u32, now: u64) {
        let hangup = micros(self.timeouts.hangup_after);
        let peer = entry(&mut self.peers, id);
        if std::mem::take(&mut peer.is_paused) {
            peer.proof.renew(now, hangup);
            peer.proof.sure = now;
        }
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

    /// The shard was told that there is room again: the peer has taken something.
    pub(crate) fn writable(&mut self, id: u32, now: u64) {
        entry(&mut self.peers, id).room = now;
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
            // From the last progress: a write that took nothing later on is none.
            Deadline::Write => (Some(peer.wrote), self.timeouts.write),
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
            peer.settled(now, &self.timeouts);
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
        self.pinged = None;
        self.graced = None;
        self.grace = Grace::None;
    }

    fn frame_ended(&mut self, now: u64) {
        if self.grace != Grace::Given {
            self.graced = Some(now);
        }
        if self.grace == Grace::Owed {
            self.grace = Grace::Given;
        }
    }
}

impl Peer {
    /// By when a silent peer is to be hung up on: the time to answer runs from the ping, however late
    /// that was, and from a frame's end.
    fn hangup(&self, timeouts: &Timeouts) -> Option<u64> {
        let asked = self.asked(timeouts)?;
        Some(self.proof.graced.map_or(asked, |graced| asked.max(graced + answer(timeouts))))
    }

    /// The same, if no frame were in the way.
    fn asked(&self, timeouts: &Timeouts) -> Option<u64> {
        let due = self.proof.at + micros(timeouts.hangup_after)?;
        Some(self.proof.pinged.map_or(due, |pinged| due.max(pinged + answer(timeouts))))
    }

    fn settled(&mut self, now: u64, timeouts: &Timeouts) {
        if micros(timeouts.ping_after).is_some_and(|ping| now >= self.proof.at + ping) {
            self.proof.pinged.get_or_insert(now);
        }
        let is_due = self.hangup(timeouts).is_some_and(|due| due <= now);
        let is_timed = !self.is_paused && self.frames.began.is_some() && timeouts.message.is_some();
        if is_due && is_timed && self.frames.is_inside() && self.proof.grace == Grace::None {
            self.proof.grace = Grace::Owed;
        }
    }

    /// What an open connection is due for next.
    fn nearest(&self, timeouts: &Timeouts) -> (&'static str, Option<u64>) {
        let began = self.frames.began.filter(|_| !self.is_paused);
        let message = began.zip(micros(timeouts.message)).map(|(at, it)| at + it);
        let stuck = self.stuck.map(|stuck| stuck.max(self.room));
        let write = stuck.zip(micros(timeouts.write)).map(|(at, it)| at + it);
        let hangup = self.hangup(timeouts).filter(|_| {
            // Inside a frame the message deadline rules, once: no pong could come.
            !self.is_paused && (self.proof.grace != Grace::Owed || !self.frames.is_inside())
        });
        [("message", message), ("write", write), ("hang-up", hangup), ("timer", self.user)]
            .into_iter()
            .filter(|(_, due)| due.is_some())
            .min_by_key(|&(_, due)| due)
            .unwrap_or(("nothing", None))
    }
}

/// The time to answer a ping.
fn answer(timeouts: &Timeouts) -> u64 {
    let micros = |timeout| micros(timeout).unwrap_or_default();
    micros(timeouts.hangup_after).saturating_sub(micros(timeouts.ping_after))
}
