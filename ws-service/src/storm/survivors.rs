//! The connections that live through it, and what they feel.
//!
//! Each survivor has a grid of slots, `interval` apart, and at most one message under way. In a slot
//! it sends a message (a sequence number, then random bytes) and waits for exactly that to come back.
//! Slots that pass meanwhile are missed. The grids are shifted against each other in steps of
//! [`STAGGER`]: all at once would measure the burst, one by one would keep the storm busy with waking.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::client::{ConnectionId, Ending, Message, Swarm};
use super::latency::Latencies;
use super::random::Random;
use super::stage::{Cast, Member};
use super::timeline::Timeline;

const STAGGER: Duration = Duration::from_micros(100);

/// All survivors, and the tally since it was last taken.
#[derive(Debug)]
pub(super) struct Survivors {
    all: Vec<Survivor>,
    /// Those who have no message under way, by the slot they will send in.
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    interval: Duration,
    timeout: Duration,
    random: Random,
    pub(super) recording: bool,
    pub(super) paused: bool,
    pub(super) tally: Tally,
    alive: usize,
}

#[derive(Debug)]
struct Survivor {
    connection: Option<ConnectionId>,
    open: bool,
    sequence: u64,
    /// What was sent last.
    payload: Vec<u8>,
    /// Since when a message is under way.
    sent: Option<Instant>,
    slot: Instant,
}

/// What happened to messages.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) latencies: Latencies,
    /// Only of messages that were really sent, for comparison with tools that do not correct.
    pub(super) uncorrected: Latencies,
    pub(super) sent: u64,
    pub(super) echoed: u64,
    pub(super) lost: u64,
    pub(super) damaged: u64,
    /// Survivors whose connection ended.
    pub(super) ended: u64,
    /// Slots that passed while a message was under way.
    pub(super) missed_slots: u64,
    /// How late the storm itself was to send, at worst: nothing below this can be trusted.
    pub(super) own_lateness: Duration,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            latencies: Latencies::new(),
            uncorrected: Latencies::new(),
            sent: 0,
            echoed: 0,
            lost: 0,
            damaged: 0,
            ended: 0,
            missed_slots: 0,
            own_lateness: Duration::ZERO,
        }
    }
}

impl Survivors {
    pub(super) fn new(
        count: usize,
        size: usize,
        interval: Duration,
        timeout: Duration,
        random: Random,
    ) -> Self {
        let now = Instant::now();
        let survivor = |_| Survivor {
            connection: None,
            open: false,
            sequence: 0,
            payload: vec![0; size],
            sent: None,
            slot: now,
        };
        Self {
            all: (0..count).map(survivor).collect(),
            due: BinaryHeap::with_capacity(count),
            interval,
            timeout,
            random,
            recording: false,
            paused: false,
            tally: Tally::default(),
            alive: 0,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn alive(&self) -> usize {
        self.alive
    }

    /// Those whose handshake is not complete.
    pub(super) fn opening(&self) -> usize {
        self.all.iter().filter(|survivor| survivor.connection.is_some() && !survivor.open).count()
    }

    /// Those who have a message under way.
    pub(super) fn under_way(&self) -> usize {
        self.all.iter().filter(|survivor| survivor.sent.is_some()).count()
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        if self.paused { None } else { self.due.peek().map(|Reverse((slot, _))| *slot) }
    }

    /// Those who have no connection.
    pub(super) fn missing(&self) -> Vec<usize> {
        let missing = self.all.iter().enumerate().filter(|(_, one)| one.connection.is_none());
        missing.map(|(index, _)| index).collect()
    }

    pub(super) fn connecting(&mut self, index: usize, connection: ConnectionId) {
        self.all[index].connection = Some(connection);
    }

    pub(super) fn opened(&mut self, index: usize, now: Instant) {
        self.all[index].open = true;
        self.alive += 1;
        self.enter_grid(index, now);
    }

    /// Starts sending again after `paused`, everybody on a new grid.
    pub(super) fn resume(&mut self, now: Instant) {
        self.paused = false;
        self.due.clear();
        for index in 0..self.all.len() {
            if self.all[index].open && self.all[index].sent.is_none() {
                self.enter_grid(index, now);
            }
        }
    }

    fn enter_grid(&mut self, index: usize, now: Instant) {
        let count = u32::try_from(self.all.len()).unwrap_or(u32::MAX).max(1);
        let share = self.interval / count * u32::try_from(index).unwrap_or(0);
        let steps = share.as_micros() / STAGGER.as_micros();
        let slot = now + STAGGER * u32::try_from(steps).unwrap_or(0);
        self.all[index].slot = slot;
        self.due.push(Reverse((slot, index)));
    }

    /// Sends for everybody whose slot has come.
    pub(super) fn send_due(swarm: &mut Swarm<Member>, cast: &mut Cast, now: Instant) {
        while let Some(index) = cast.survivors.pop_due(now) {
            let this = &mut cast.survivors;
            let survivor = &mut this.all[index];
            let Some(connection) = survivor.connection else { continue };
            survivor.sequence += 1;
            let (sequence, content) = survivor.payload.split_at_mut(8);
            sequence.copy_from_slice(&survivor.sequence.to_be_bytes());
            this.random.fill(content);
            let payload = std::mem::take(&mut survivor.payload);
            let sent = Instant::now();
            survivor.sent = Some(sent);
            let late = sent.saturating_duration_since(survivor.slot);
            this.tally.own_lateness = this.tally.own_lateness.max(late);
            this.tally.sent += 1;
            swarm.with(connection, cast, now, |line| line.send(&payload));
            cast.survivors.all[index].payload = payload;
        }
    }

    fn pop_due(&mut self, now: Instant) -> Option<usize> {
        if self.next_due().is_none_or(|slot| slot > now) {
            return None;
        }
        self.due.pop().map(|Reverse((_, index))| index)
    }

    /// Takes an echo; an error says what is wrong with it.
    pub(super) fn message(
        &mut self,
        index: usize,
        message: Message<'_>,
        now: Instant,
        timeline: Option<&mut Timeline>,
    ) -> Result<(), String> {
        let survivor = &mut self.all[index];
        let Some(sent) = survivor.sent.take() else {
            self.tally.damaged += 1;
            return Err(format!("survivor {index}: a message that is not an echo"));
        };
        let right = message.binary && message.payload == survivor.payload;
        let slot = survivor.slot + self.interval;
        let missed = intervals(now.saturating_duration_since(slot), self.interval);
        // The first slot that has not passed yet: the grid keeps its phase.
        survivor.slot = if now <= slot { slot } else { slot + self.interval * (missed + 1) };
        self.due.push(Reverse((survivor.slot, index)));
        let latency = now.saturating_duration_since(sent);
        if let Some(timeline) = timeline {
            timeline.echoed(latency);
        }
        if self.recording {
            self.tally.missed_slots += u64::from(if now <= slot { 0 } else { missed + 1 });
            self.tally.latencies.record_with_missed(latency, self.interval);
            self.tally.uncorrected.record(latency);
        }
        if right {
            self.tally.echoed += 1;
            return Ok(());
        }
        self.tally.damaged += 1;
        let sequence = survivor.sequence;
        Err(format!("survivor {index}: the echo of message {sequence} came back different"))
    }

    /// Its connection is gone, before the storm wanted that.
    pub(super) fn ended(&mut self, index: usize, ending: &Ending) -> String {
        let survivor = &mut self.all[index];
        let what = match (survivor.open, survivor.sent.take()) {
            (false, _) => "did not open",
            (true, None) => "ended",
            (true, Some(_)) => {
                self.tally.lost += 1;
                "ended with an echo under way"
            }
        };
        if std::mem::take(&mut survivor.open) {
            self.alive -= 1;
        }
        survivor.connection = None;
        self.tally.ended += 1;
        self.due.retain(|Reverse((_, due))| *due != index);
        format!("survivor {index} {what}: {ending}")
    }

    /// Ends everybody whose echo takes too long.
    pub(super) fn expire(swarm: &mut Swarm<Member>, cast: &mut Cast, now: Instant) {
        let timeout = cast.survivors.timeout;
        let overdue = |sent: Instant| now.saturating_duration_since(sent) > timeout;
        let overdue: Vec<_> = cast
            .survivors
            .all
            .iter()
            .filter(|survivor| survivor.sent.is_some_and(overdue))
            .filter_map(|survivor| survivor.connection)
            .collect();
        for connection in overdue {
            swarm.end(connection, Ending::EchoTimeout, cast, now);
        }
    }
}

/// How many whole intervals fit into `time`.
fn intervals(time: Duration, interval: Duration) -> u32 {
    let whole = time.as_nanos() / interval.as_nanos().max(1);
    u32::try_from(whole).unwrap_or(u32::MAX - 1)
}
