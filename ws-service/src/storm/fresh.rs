//! Newcomers: a connection is tried every few milliseconds, with one echo and a proper close.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::client::{ConnectionId, Ending, Line, Message, Swarm};
use super::latency::Latencies;
use super::limits::MAX_FRESH;
use super::random::Random;
use super::stage::{Cast, Member};

/// The attempts under way, and the tally since it was last taken.
#[derive(Debug)]
pub(super) struct Fresh {
    next: Instant,
    interval: Duration,
    timeout: Duration,
    random: Random,
    /// Every attempt of the last `timeout`, also if it is over.
    attempts: VecDeque<(Instant, ConnectionId)>,
    under_way: usize,
    /// Those of them that the server has let in and not been asked to close.
    inside: usize,
    pub(super) recording: bool,
    pub(super) paused: bool,
    pub(super) tally: Tally,
}

/// One newcomer.
#[derive(Debug)]
pub(super) struct Attempt {
    started: Instant,
    payload: [u8; 16],
    recorded: bool,
    opened: bool,
    echoed: bool,
}

/// What newcomers felt, from the start of the connection to the echo.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) latencies: Latencies,
    pub(super) tried: u64,
    pub(super) failed: u64,
    /// Not tried, because too many were under way.
    pub(super) skipped: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { latencies: Latencies::new(), tried: 0, failed: 0, skipped: 0 }
    }
}

impl Fresh {
    pub(super) fn new(interval: Duration, timeout: Duration, random: Random) -> Self {
        Self {
            next: Instant::now(),
            interval,
            timeout,
            random,
            attempts: VecDeque::new(),
            under_way: 0,
            inside: 0,
            recording: false,
            paused: true,
            tally: Tally::default(),
        }
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Those that surely have a descriptor at the server. Others under way may wait to be accepted.
    pub(super) fn inside(&self) -> usize {
        self.inside
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        (!self.paused).then_some(self.next)
    }

    /// Starts an attempt if one is due.
    pub(super) fn start_due(swarm: &mut Swarm<Member>, cast: &mut Cast, now: Instant) {
        let this = &mut cast.fresh;
        if this.paused || now < this.next {
            return;
        }
        // Attempts that the storm itself came too late for are not made up for.
        this.next = (this.next + this.interval).max(now);
        this.tally.tried += 1;
        if this.under_way >= MAX_FRESH {
            this.tally.skipped += 1;
            return;
        }
        let mut payload = [0; 16];
        this.random.fill(&mut payload);
        let started = Instant::now();
        let recorded = this.recording;
        let attempt = Attempt { started, payload, recorded, opened: false, echoed: false };
        match swarm.connect(None, Member::Fresh(attempt), started) {
            Ok(id) => {
                this.under_way += 1;
                this.attempts.push_back((started, id));
            }
            Err(error) => {
                this.tally.failed += 1;
                cast.complaints.add(format!("fresh connection: {error}"));
            }
        }
    }

    pub(super) fn opened(&mut self, line: &mut Line, attempt: &mut Attempt) {
        attempt.opened = true;
        self.inside += 1;
        line.send(&attempt.payload);
    }

    /// Takes the echo; an error says what is wrong with it.
    pub(super) fn message(
        &mut self,
        line: &mut Line,
        attempt: &mut Attempt,
        message: Message<'_>,
        now: Instant,
    ) -> Result<(), String> {
        if message.payload != attempt.payload || !message.binary || attempt.echoed {
            line.hang_up();
            return Err("fresh connection: a message that is not its echo".into());
        }
        attempt.echoed = true;
        self.inside -= 1;
        if attempt.recorded && self.recording {
            self.tally.latencies.record(now.saturating_duration_since(attempt.started));
        }
        line.close(1000);
        Ok(())
    }

    /// The attempt is over; says what went wrong, if its echo never came.
    pub(super) fn ended(&mut self, attempt: &Attempt, ending: &Ending) -> Option<String> {
        self.under_way -= 1;
        if attempt.echoed {
            return None;
        }
        self.inside -= usize::from(attempt.opened);
        self.tally.failed += 1;
        // What was wrong with the echo has been said already.
        (!matches!(ending, Ending::Ours)).then(|| format!("fresh connection: {ending}"))
    }

    /// Starts trying again after `paused`.
    pub(super) fn resume(&mut self, now: Instant) {
        self.paused = false;
        self.next = now;
    }

    /// Ends every attempt that takes too long, also one whose Close is not answered.
    pub(super) fn expire(swarm: &mut Swarm<Member>, cast: &mut Cast, now: Instant) {
        while let Some(&(started, id)) = cast.fresh.attempts.front() {
            if now.saturating_duration_since(started) <= cast.fresh.timeout {
                return;
            }
            cast.fresh.attempts.pop_front();
            swarm.end(id, Ending::EchoTimeout, cast, now);
        }
    }
}
