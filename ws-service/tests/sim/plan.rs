//! What a seed decides before the run begins: settings, network, driver, clients.
//!
//! As in swarm testing, most seeds leave some behaviours and faults out altogether: what all have a
//! little of drowns what a few have much of.

use std::time::Duration;

use ws_service::{Config, Limits, Overflow};

use crate::client::{Action, Temper};
use crate::dice::Dice;

/// A whole run's settings.
pub(crate) struct Plan {
    pub(crate) nodes: usize,
    pub(crate) clients: u32,
    pub(crate) topics: u32,
    pub(crate) config: Config,
    pub(crate) network: Network,
    pub(crate) driver: Driver,
    pub(crate) tempers: Vec<(Temper, u32)>,
    pub(crate) actions: Vec<(Action, u32)>,
    /// What befalls all at once, and when.
    pub(crate) blows: Vec<(u64, Blow)>,
    /// Clients connect within this time, in microseconds.
    pub(crate) arrivals: u64,
    /// Then faults stop, and everything is drained.
    pub(crate) calm_at: u64,
    /// Between two actions of a client, at most.
    pub(crate) pause: u64,
    /// Between two letters from outside the shards, at most.
    pub(crate) outside: u64,
}

/// What the network does to bytes; chances are per mille.
pub(crate) struct Network {
    /// Microseconds, at most.
    pub(crate) latency: u64,
    /// Of a piece to be held up.
    pub(crate) stall: u32,
    /// For how long, at most.
    pub(crate) stalled: u64,
    /// Of a write to be torn.
    pub(crate) torn: u32,
    /// Bytes under way in one direction, at most.
    pub(crate) capacity: usize,
}

/// Something that befalls all at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// So many clients in a thousand end in the same instant.
    Storm(Death, u32),
    /// The threads' clock jumps ahead by so many microseconds.
    Jump(u64),
    /// It stands still for so long, and then is right again.
    Stall(u64),
    /// All threads are stopped for so long, and continued.
    Stop(u64),
    /// Shutdown, in the midst of everything.
    Drain,
}

/// How the clients of a storm end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    Reset,
    End,
    Vanish,
    /// All say Close.
    Close,
}

/// How the loop around a shard behaves.
pub(crate) struct Driver {
    /// From readiness to the turn that serves it, at most.
    pub(crate) wake: u64,
    /// Later than asked that a sleep ends, at most.
    pub(crate) granularity: u64,
    /// Events that one turn serves, at most.
    pub(crate) events: usize,
    /// Letters that one turn delivers, at most.
    pub(crate) letters: usize,
    /// Bytes that one receive takes, at most.
    pub(crate) receive: usize,
    /// Chance per mille that it refuses a write while it receives.
    pub(crate) reluctance: u32,
    /// Letters that a mailbox holds.
    pub(crate) mailbox: usize,
    /// The longest delay of a letter.
    pub(crate) mail_delay: u64,
    /// Chance per mille of a letter to be held up, and those behind it.
    pub(crate) mail_stall: u32,
    /// For how long, at most.
    pub(crate) mail_stalled: u64,
    /// Chance per mille of a turn that the thread is not scheduled for a while.
    pub(crate) freeze: u32,
    /// For how long, at most.
    pub(crate) frozen: u64,
}

impl Plan {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let clients = match dice.between(0, 9) {
            0..4 => dice.count(1, 30),
            4..8 => dice.count(30, 120),
            _ => dice.count(120, 300),
        };
        let work = dice.between(20_000, 200_000);
        let config = config(dice, clients);
        let arrivals = if dice.per_mille(200) { 100 } else { dice.between(1, work / 2) };
        Self {
            nodes: dice.size(2, 4),
            clients,
            topics: dice.count(1, 6),
            network: network(dice),
            driver: driver(dice),
            tempers: swarm(dice, &Temper::WEIGHTS),
            actions: swarm(dice, &Action::WEIGHTS),
            blows: blows(dice, work),
            arrivals,
            calm_at: work,
            pause: dice.between(200, 20_000),
            outside: dice.between(300, 20_000),
            config,
        }
    }
}

impl Driver {
    /// How long a letter takes.
    pub(crate) fn mail_delay(&self, dice: &mut Dice, is_calm: bool) -> u64 {
        let delay = dice.between(0, self.mail_delay);
        if !is_calm && dice.per_mille(self.mail_stall) {
            delay + dice.between(1, self.mail_stalled)
        } else {
            delay
        }
    }
}

/// Random weights, some of them zero; the first is always possible.
fn swarm<T: Copy>(dice: &mut Dice, weights: &[(T, u32)]) -> Vec<(T, u32)> {
    let mut place = 0;
    let draw = |&(item, weight): &(T, u32)| {
        place += 1;
        let is_out = place > 1 && dice.per_mille(400);
        (item, if is_out { 0 } else { dice.count(1, weight) })
    };
    weights.iter().map(draw).collect()
}

fn config(dice: &mut Dice, clients: u32) -> Config {
    let mut config = Config::default();
    let mut some = |chance: u32, low: u64, high: u64| {
        let micros = dice.between(low, high);
        dice.per_mille(chance).then(|| Duration::from_micros(micros))
    };
    let timeouts = &mut config.timeouts;
    timeouts.handshake = some(950, 5_000, 60_000);
    timeouts.message = some(900, 3_000, 60_000);
    timeouts.write = some(900, 3_000, 60_000);
    timeouts.ping_after = some(950, 3_000, 40_000);
    let between = some(950, 1, 40_000);
    timeouts.hangup_after = timeouts.ping_after.zip(between).map(|(ping, more)| ping + more);
    timeouts.close = some(1000, 1_000, 30_000).unwrap_or_default();

    let limits = &mut config.limits;
    let few = usize::try_from(clients / 4).unwrap_or_default().max(1);
    limits.connections = if dice.per_mille(150) { dice.size(1, few) } else { usize::MAX };
    limits.handshake_bytes = dice.size(512, 4096);
    limits.headers = dice.size(8, 64);
    limits.message_size = dice.size(256, 4096);
    limits.fragments = dice.count(2, 12);
    limits.queued_bytes = dice.size(512, 16_384);
    limits.high_water = dice.size(1, limits.queued_bytes);
    limits.low_water = Some(dice.size(0, limits.high_water));
    limits.overflow = dice.pick(&[Overflow::Close, Overflow::Drop]);
    limits.topics_per_connection = dice.size(1, 6);
    limits.mail = dice.size(1, 64);
    limits.mail_bytes = dice.size(256, 65_536);

    if dice.per_mille(100) {
        tighten(dice, limits);
    }

    let budget = &mut config.budget;
    budget.expiries = dice.size(1, 32);
    budget.closes = dice.size(1, 32);
    budget.deliveries = dice.size(1, 128);
    budget.copied_bytes = dice.size(0, 1_024);
    config
}

/// All limits within reach of everybody: in what order they are hit, is left to chance.
fn tighten(dice: &mut Dice, limits: &mut Limits) {
    limits.connections = dice.size(1, 20);
    limits.message_size = 256;
    limits.fragments = 2;
    limits.queued_bytes = 512;
    limits.high_water = dice.size(1, 512);
    limits.low_water = None;
    limits.topics_per_connection = 1;
    limits.mail = 1;
    limits.mail_bytes = 256;
}

/// Most seeds have none; a few have several, which may coincide.
fn blows(dice: &mut Dice, work: u64) -> Vec<(u64, Blow)> {
    let mut blows = Vec::new();
    let mut at = dice.between(1, work);
    for _ in 0..if dice.per_mille(600) { 0 } else { dice.count(1, 4) } {
        let blow = match dice.between(0, 9) {
            0..4 => {
                let deaths = [Death::Reset, Death::End, Death::Vanish, Death::Close];
                Blow::Storm(dice.pick(&deaths), dice.count(300, 1_000))
            }
            4 | 5 => Blow::Jump(span(dice)),
            6 => Blow::Stall(dice.between(1, 3_000)),
            7 => Blow::Stop(span(dice)),
            _ => Blow::Drain,
        };
        blows.push((at, blow));
        if dice.per_mille(600) {
            at = dice.between(1, work);
        }
    }
    blows
}

/// A moment, or so long that everything is due.
fn span(dice: &mut Dice) -> u64 {
    if dice.per_mille(300) { 600_000_000 } else { dice.between(1, 60_000) }
}

fn network(dice: &mut Dice) -> Network {
    let is_calm = dice.per_mille(150);
    let mut chance = |high| if is_calm { 0 } else { dice.count(0, high) };
    let (stall, torn) = (chance(100), chance(700));
    Network {
        stall,
        torn,
        latency: dice.between(1, 3_000),
        stalled: dice.between(1, 60_000),
        capacity: dice.size(64, 8_192),
    }
}

fn driver(dice: &mut Dice) -> Driver {
    Driver {
        wake: dice.between(1, 1_000),
        granularity: dice.between(0, 1_000),
        events: dice.size(1, 64),
        letters: dice.size(1, 64),
        receive: dice.size(16, 4_096),
        reluctance: dice.pick(&[0, 200, 1_000]),
        mailbox: dice.size(1, 64),
        mail_delay: dice.between(0, 3_000),
        mail_stall: if dice.per_mille(200) { dice.count(0, 100) } else { 0 },
        mail_stalled: dice.between(1, 60_000),
        freeze: if dice.per_mille(300) { dice.count(0, 20) } else { 0 },
        // Now and then for minutes: everything is due at once when it wakes.
        frozen: if dice.per_mille(100) { 600_000_000 } else { 50_000 },
    }
}
