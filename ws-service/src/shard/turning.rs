//! What a turn does besides receiving: deadlines, mail, fan-out, ends.

use sul::Timestamp;
use tungstenite::protocol::frame::coding::CloseCode;

use super::Shard;
use super::deadlines::{Deadline, Grace};
use super::draining::Draining;
use super::frame::Frame;
use super::id::ConnectionKey;
use super::link::{Link, Phase, Slot};
use super::mail::Mail;
use super::pausing::Pause;
use super::protocol::Protocol;
use super::reason::{CloseReason, sendable};
use super::shared::Shared;
use super::topics::Topics;

impl<P: Protocol> Shard<P> {
    /// Does what is due, up to the turn's budget; what is left makes [`earliest`](Self::earliest)
    /// say "now".
    pub fn turn(&mut self, now: Timestamp) {
        self.shared.deflate.begin_turn();
        self.resume_unread(now);
        self.expire(now);
        self.retime(now);
        self.close_for_shutdown(now);
        self.fan_out(now);
        self.tell_losses(now);
        self.tell_endings(now);
        self.answer(now);
        let Shared { dirty, flushing, .. } = &mut self.shared;
        flushing.append(dirty);
        self.gauge();
    }

    /// Sets the gauges that are not kept step by step.
    pub(super) fn gauge(&self) {
        let counters = &self.shared.counters;
        let queued = self.shared.pool.queued + self.shared.held.total();
        counters.queued_bytes.set(queued as u64);
        counters.timers.set(self.timers.len() as u64);
        counters.topics.set(self.shared.topics.len() as u64);
        counters.fanouts.set(self.shared.topics.pending().0 as u64);
        counters.staged.set(self.shared.relay.staged().0 as u64);
        counters.questions.set(self.questions.len() as u64);
    }

    fn expire(&mut self, now: Timestamp) {
        // Dropping the pass early leaves what it has not delivered armed.
        let pass = self.timers.expire(now).take(self.shared.config.budget.expiries);
        for due in pass {
            self.expire_one(due.token, now);
        }
    }

    fn expire_one(&mut self, key: ConnectionKey, now: Timestamp) {
        while let Some(Slot { decoder, link, session }) = self.slots.get_mut(key) {
            let shared = &mut self.shared;
            match link.take_due(now, &shared.counters) {
                None => {
                    link.arm();
                    break;
                }
                Some(Deadline::User) => {
                    if let Some(session) = session {
                        let protocol = &*self.protocol;
                        shared.run(key, link, now, |cx| protocol.timer(cx, session));
                    }
                    // It may have set itself for now again: what is due waits for the next turn.
                    link.arm();
                    break;
                }
                Some(Deadline::HangUp)
                    if decoder.is_inside_frame()
                        && link.is_set(Deadline::Message)
                        && link.deadlines.grace == Grace::None =>
                {
                    link.deadlines.grace = Grace::Owed;
                }
                Some(deadline) => shared.on_deadline(key, link, deadline, now),
            }
            self.settle_transport(key);
        }
    }

    /// Hands copies of what was published to this shard's subscribers.
    fn fan_out(&mut self, now: Timestamp) {
        let Self { slots, shared, .. } = self;
        if shared.topics.pending().0 == 0 {
            // Not even the taking out below, which allocates: most turns publish nothing.
            return;
        }
        let mut topics: Topics = std::mem::take(&mut shared.topics);
        let budget = shared.config.budget.deliveries;
        topics.fan_out(budget, |key, frame| {
            if let Some(Slot { link, .. }) = slots.get_mut(key)
                && shared.deliver_frame(key, link, frame, now)
            {
                shared.counters.deliveries.add(1);
            }
        });
        shared.topics = topics;
    }

    /// Takes a letter from another thread.
    pub fn deliver(&mut self, mail: Mail<P::Note>, now: Timestamp) {
        self.shared.counters.mail_in.add(1);
        let found = match mail {
            Mail::Publish(publication) => {
                self.shared.topics.publish(&publication, None);
                true
            }
            Mail::Drain => {
                let over = self.shared.config.timeouts.drain;
                let all = || self.slots.keys().collect();
                self.draining.get_or_insert_with(|| Draining::new(all(), now, over));
                true
            }
            Mail::Ask(ticket, question) => {
                self.questions.put(ticket, *question, &self.shared.counters);
                true
            }
            Mail::Configure(config) => self.reconfigure(&config),
            Mail::Admit(key) => self.admit(key, now),
            Mail::Reject(key, rejection) => self.reject(key, &rejection, now),
            Mail::Send(key, frame) => self.send(key, &frame, now),
            Mail::Close(key, code, text) => self.close(key, code, &text, now),
            Mail::Note(key, note) => self.note(key, note, now),
        };
        if !found {
            self.shared.counters.mail_lost.add(1);
        }
    }

    /// Sends to a connection that is open; says whether it was.
    fn send(&mut self, key: ConnectionKey, frame: &Frame, now: Timestamp) -> bool {
        let Some(Slot { link, .. }) = self.slots.get_mut(key) else { return false };
        let is_open = link.is_open();
        if is_open {
            // Where there is no room, that is counted as what it is.
            let _ = self.shared.deliver_frame(key, link, frame, now);
        }
        is_open
    }

    fn note(&mut self, key: ConnectionKey, note: P::Note, now: Timestamp) -> bool {
        let Some(Slot { link, session: Some(session), .. }) = self.slots.get_mut(key) else {
            return false;
        };
        let is_reachable = !link.is_ending();
        if is_reachable {
            let protocol = &*self.protocol;
            self.shared.run(key, link, now, |cx| protocol.note(cx, session, note));
        }
        is_reachable
    }

    /// Ends a connection, in its handshake too; says whether it had not ended.
    fn close(&mut self, key: ConnectionKey, code: CloseCode, text: &str, now: Timestamp) -> bool {
        let Some(Slot { link, .. }) = self.slots.get_mut(key) else { return false };
        let is_there = !link.is_ending();
        self.shared.end(key, link, CloseReason::Local(sendable(code)), text, now);
        is_there
    }
}

impl Shared {
    fn on_deadline(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        deadline: Deadline,
        now: Timestamp,
    ) {
        match deadline {
            // It was not full: what it has not taken it has not been offered.
            Deadline::Write if !link.outbox.is_blocked() => self.watch_writing(link, now),
            Deadline::Handshake => self.refuse_late(key, link, now),
            Deadline::Ping => self.ping(key, link, now),
            Deadline::Close => self.abandon(link),
            Deadline::Rate => self.resume(key, link, Pause::Rate, now),
            Deadline::HangUp | Deadline::Message | Deadline::Write | Deadline::User => {
                self.end(key, link, CloseReason::Timeout(deadline), "", now);
            }
        }
    }

    /// Queues an encoded message to one connection; says whether there was room.
    fn deliver_frame(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        frame: &Frame,
        now: Timestamp,
    ) -> bool {
        use super::context::SendError;
        match self.room_for(key, link, frame.len()) {
            Ok(()) => {
                self.push_frame(key, link, frame);
                // The pressure is the protocol's to hear of at its next `send`.
                let _ = self.sent(link);
                true
            }
            Err(SendError::Overflow) if !matches!(link.phase, Phase::Finished) => {
                self.end(key, link, CloseReason::Backlog, "", now);
                false
            }
            Err(SendError::Dropped) => {
                self.losses.count(key);
                false
            }
            Err(_) => false,
        }
    }
}
