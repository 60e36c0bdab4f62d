//! The one who sees everything: hands each observation to the trace and to the checkers it concerns.

use std::collections::BTreeSet;

use ws_service::{CloseReason, ConnectionId, SendError, Sent, Violation};

use crate::checkers::{
    Check, Checked, ClosedOnce, Counts, Deadlines, Deed, Direct, Limits, Note, Output, Reasons,
    Topics,
};
use crate::client::Cut;
use crate::payload::Payload;
use crate::plan::Plan;
use crate::planted::Bug;
use crate::trace::{Step, Trace};

/// What was found to be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) check: Check,
    pub(crate) text: String,
    /// In microseconds.
    pub(crate) at: u64,
}

/// A limit that somebody has run into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hit {
    Connections,
    Head,
    Message,
    Fragments,
    Queue,
    Topics,
    Mail,
}

impl Hit {
    pub(crate) const ALL: [Self; 7] = [
        Self::Connections,
        Self::Head,
        Self::Message,
        Self::Fragments,
        Self::Queue,
        Self::Topics,
        Self::Mail,
    ];
}

/// Trace, checkers, and the first failure.
pub(crate) struct Observer {
    pub(crate) trace: Trace,
    pub(crate) failure: Option<Failure>,
    pub(crate) once: ClosedOnce,
    pub(crate) topics: Topics,
    pub(crate) direct: Direct,
    pub(crate) limits: Limits,
    pub(crate) deadlines: Deadlines,
    pub(crate) output: Output,
    pub(crate) reasons: Reasons,
    pub(crate) counts: Vec<Counts>,
    /// Sessions by name, in the order of their acceptance; and whether the answer is deferred.
    pub(crate) accepted: Vec<(u32, ConnectionId, bool)>,
    /// Where breakers have reset.
    pub(crate) cuts: BTreeSet<Cut>,
    /// The limits that were hit, by their first time.
    pub(crate) hits: Vec<Hit>,
    bug: Option<Bug>,
    /// The planted bug does its work at this chance, and only then.
    strike: u64,
    chances: u64,
    publications: u32,
    topics_per_connection: usize,
}

impl Observer {
    pub(crate) fn new(plan: &Plan, bug: Option<Bug>, strike: u64, is_readable: bool) -> Self {
        let config = plan.config.clone();
        let is_lossy = config.limits.overflow == ws_service::Overflow::Drop;
        Self {
            trace: Trace::new(is_readable),
            failure: None,
            once: ClosedOnce::default(),
            topics: Topics::new(plan.nodes, is_lossy),
            direct: Direct::default(),
            deadlines: Deadlines::new(config.timeouts.clone()),
            output: Output::default(),
            reasons: Reasons::default(),
            counts: vec![Counts::default(); plan.nodes],
            accepted: Vec::new(),
            cuts: BTreeSet::new(),
            hits: Vec::new(),
            bug,
            strike,
            chances: 0,
            publications: 0,
            topics_per_connection: config.limits.topics_per_connection,
            limits: Limits::new(config, plan.driver.receive),
        }
    }

    /// Takes a checker's word; the first that says "wrong" is remembered.
    pub(crate) fn check(&mut self, check: Check, checked: Checked) {
        if let (Err(text), None) = (checked, &self.failure) {
            self.failure = Some(Failure { check, text, at: self.trace.now() });
        }
    }

    /// Whether the planted bug does its work at this chance: at one in the whole run.
    pub(crate) fn strikes(&mut self, bug: Bug) -> bool {
        let is_it = self.bug == Some(bug);
        self.chances += u64::from(is_it);
        is_it && self.chances == self.strike
    }

    pub(crate) fn hit(&mut self, hit: Hit) {
        if !self.hits.contains(&hit) {
            self.hits.push(hit);
        }
    }

    fn note(&mut self, step: Step, id: u32, details: [u64; 2]) {
        self.trace.note(step, id, details);
    }
}

/// What the protocol tells.
impl Observer {
    pub(crate) fn accepted(&mut self, shard: usize, name: ConnectionId, id: u32, deferred: bool) {
        self.note(Step::Accepted, id, [shard as u64, u64::from(deferred)]);
        self.counts[shard].sessions += 1;
        self.accepted.push((id, name, deferred));
        let checked = self.once.accepted(id);
        self.check(Check::ClosedOnce, checked);
    }

    pub(crate) fn lost(&mut self, id: u32) {
        self.check(Check::ClosedOnce, ClosedOnce::lost(id));
    }

    pub(crate) fn opened(&mut self, shard: usize, id: u32) {
        self.note(Step::Opened, id, [0; 2]);
        self.counts[shard].handshakes += 1;
        self.deadlines.opened(id, self.trace.now());
        self.output.opened(id);
    }

    pub(crate) fn message(
        &mut self,
        shard: usize,
        id: u32,
        bytes: &[u8],
        is_text: bool,
    ) -> Option<Payload> {
        self.counts[shard].messages += 1;
        match self.direct.seen(id, bytes, is_text) {
            Ok(payload) => {
                let details = [payload.number.into(), payload.kind.into()];
                self.note(Step::Message, id, details);
                Some(payload)
            }
            Err(text) => {
                self.check(Check::Direct, Err(text));
                None
            }
        }
    }

    /// The protocol has sent a message; `queued` bytes wait after it.
    pub(crate) fn sent(
        &mut self,
        shard: usize,
        id: u32,
        payload: Payload,
        result: Result<Sent, SendError>,
        queued: usize,
    ) {
        let step = if result.is_ok() { Step::Sent } else { Step::Dropped };
        self.note(step, id, [payload.number.into(), queued as u64]);
        match result {
            Ok(sent) => {
                self.direct.queued(id, payload);
                if sent == Sent::AboveHighWater {
                    self.limits.pressed(id);
                }
            }
            Err(SendError::Dropped) => {
                self.counts[shard].dropped += 1;
                self.hit(Hit::Queue);
            }
            Err(SendError::Overflow) => {
                self.reasons.did(id, Deed::Overflows);
                self.hit(Hit::Queue);
            }
            Err(_) => {}
        }
        let checked = self.limits.queued(id, queued);
        self.check(Check::Limits, checked);
    }

    pub(crate) fn drained(&mut self, id: u32) {
        self.note(Step::Drained, id, [0; 2]);
        self.limits.drained(id);
    }

    pub(crate) fn paused(&mut self, id: u32) {
        self.note(Step::Paused, id, [0; 2]);
        self.deadlines.paused(id);
    }

    pub(crate) fn resumed(&mut self, id: u32) {
        self.note(Step::Resumed, id, [0; 2]);
        self.deadlines.resumed(id, self.trace.now());
    }

    pub(crate) fn subscribed(&mut self, shard: usize, id: u32, topic: u32, is_taken: bool) {
        self.note(Step::Subscribed, id, [topic.into(), u64::from(is_taken)]);
        self.reasons.did(id, Deed::Listens);
        let before = self.topics.count(id);
        if is_taken {
            self.topics.subscribed(shard, id, topic);
        } else {
            self.hit(Hit::Topics);
        }
        let is_full = before >= self.topics_per_connection;
        let checked = self.limits.topics(id, self.topics.count(id));
        self.check(Check::Limits, checked);
        if !is_taken && !is_full {
            self.check(Check::Limits, Err(format!("{id} may have no {before} + 1 topics")));
        }
    }

    pub(crate) fn unsubscribed(&mut self, id: u32, topic: u32, was: bool) {
        self.note(Step::Unsubscribed, id, [topic.into(), u64::from(was)]);
        let expected = self.topics.unsubscribed(id, topic);
        if was != expected {
            let text = format!("{id} was subscribed to {topic}: {was}, expected {expected}");
            self.check(Check::Topics, Err(text));
        }
    }

    /// The name of the next publication.
    pub(crate) fn next_publication(&mut self, publisher: u32, topic: u32) -> Note {
        self.publications += 1;
        Note { publisher, number: self.publications, topic }
    }

    pub(crate) fn published(&mut self, shard: usize, note: Note, is_taken: bool) {
        let step = if is_taken { Step::Published } else { Step::Congested };
        self.note(step, note.publisher, [note.number.into(), note.topic.into()]);
        if is_taken {
            self.topics.published(shard, note);
        } else {
            self.counts[shard].congested += 1;
            self.hit(Hit::Mail);
        }
    }

    pub(crate) fn timer_set(&mut self, id: u32, at: Option<u64>) {
        self.note(Step::TimerSet, id, [at.unwrap_or_default(), 0]);
        self.deadlines.timer_set(id, at);
    }

    pub(crate) fn timer_fired(&mut self, id: u32) {
        self.note(Step::TimerFired, id, [0; 2]);
        let checked = self.deadlines.timer_fired(id, self.trace.now());
        self.check(Check::Deadlines, checked);
    }

    pub(crate) fn vouched(&mut self, id: u32) {
        self.deadlines.vouched(id, self.trace.now());
    }

    pub(crate) fn asked_to_close(&mut self, id: u32) {
        self.reasons.did(id, Deed::Asked);
    }

    /// A handler is about to panic; one of a session that this ends, if there is an `id`.
    pub(crate) fn panicked(&mut self, shard: usize, id: Option<u32>) {
        self.counts[shard].panics += 1;
        if let Some(id) = id {
            self.reasons.did(id, Deed::Panics);
        }
    }

    pub(crate) fn sent_after_close(&mut self, id: u32) {
        self.check(Check::ClosedOnce, Err(format!("{id} could send in `closed`")));
    }

    pub(crate) fn closed(&mut self, shard: usize, id: u32, reason: &CloseReason) {
        let now = self.trace.now();
        self.note(Step::Closed, id, [reason.kind() as u64, 0]);
        self.counts[shard].closes[reason.kind() as usize] += 1;
        match reason {
            CloseReason::Violation(Violation::TooLong) => self.hit(Hit::Message),
            CloseReason::Violation(Violation::TooManyFragments) => self.hit(Hit::Fragments),
            CloseReason::Backlog => self.hit(Hit::Queue),
            _ => {}
        }
        self.topics.closed(id);
        let checked = self.once.closed(id);
        self.check(Check::ClosedOnce, checked);
        let checked = self.reasons.told(id, reason);
        self.check(Check::Reasons, checked);
        let checked = self.deadlines.told(id, reason, now);
        self.check(Check::Deadlines, checked);
        let checked = self.output.told(id, reason);
        self.check(Check::Output, checked);
    }
}

/// What the driver sees.
impl Observer {
    /// A shard has nothing left to do now: nothing may be due for, or owed to, a connection of it.
    pub(crate) fn settled(&mut self, id: u32) {
        let checked = self.deadlines.settled(id, self.trace.now());
        self.check(Check::Deadlines, checked);
        if !self.once.is_alive(id) || !self.deadlines.is_open(id) {
            return;
        }
        let checked = self.direct.settled(id);
        self.check(Check::Direct, checked);
        let checked = self.reasons.settled(id);
        self.check(Check::Reasons, checked);
        if !self.deadlines.is_stuck(id) {
            let checked = self.limits.emptied(id);
            self.check(Check::Limits, checked);
        }
    }
}

/// What clients hear.
impl Observer {
    /// A data message.
    pub(crate) fn heard(&mut self, id: u32, bytes: &[u8], is_text: bool) {
        self.note(Step::Heard, id, [bytes.len() as u64, u64::from(is_text)]);
        let publication = Payload::parse(bytes, is_text).filter(|it| it.kind == b'p');
        let Some(Payload { who: publisher, number, argument: topic, .. }) = publication else {
            let checked = self.direct.heard(id, bytes, is_text);
            return self.check(Check::Direct, checked);
        };
        let note = Note { publisher, number, topic };
        let checked = self.topics.heard(id, note);
        self.check(Check::Topics, checked);
        let checked = self.direct.is_publication(id, note, bytes, is_text);
        self.check(Check::Direct, checked);
    }

    pub(crate) fn close_heard(&mut self, id: u32, code: Option<u16>) {
        self.note(Step::Heard, id, [8, code.map_or(0, u64::from)]);
        let checked = self.output.close_heard(id, code);
        self.check(Check::Output, checked);
        // A full queue was cut short to make room for the goodbye.
        if code != Some(1013) {
            let checked = self.direct.ended(id);
            self.check(Check::Direct, checked);
            let checked = self.topics.ended(id);
            self.check(Check::Topics, checked);
        }
    }
}
