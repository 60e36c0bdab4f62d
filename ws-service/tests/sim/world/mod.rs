//! The simulated world: a calendar of events, clients and their connections, shards and their
//! drivers. Time passes only from one event to the next.

mod blows;
mod calendar;
mod clients;
mod clock;
mod finish;
mod mailbox;
mod network;
mod outside;
mod serving;
mod turning;
mod writing;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use slotmap::SecondaryMap;
use sul::Timestamp;

use ws_service::shard::{ConnectionKey, Shard, ShardId};

use calendar::{Calendar, Event};
use clock::Dial;
use mailbox::Mailbox;

use crate::client::Client;
use crate::dice::Dice;
use crate::observer::Observer;
use crate::pipe::Pipe;
use crate::plan::Plan;
use crate::planted::Bug;
use crate::protocol::{Shared, Sim};
use crate::trace::Step;

/// More events than any run needs: something goes round in circles.
const TOO_MANY: u64 = 3_000_000;
/// After the drain, in microseconds: whatever is not over by then never will be.
const PATIENCE: u64 = 5_000_000;

/// One run.
pub(crate) struct World {
    plan: Plan,
    dice: Dice,
    now: u64,
    /// What the shards' threads read from theirs; never less than before.
    clock: u64,
    dial: Dial,
    calendar: Calendar,
    nodes: Vec<Node>,
    mailboxes: Vec<Mailbox>,
    wires: Vec<Wire>,
    shared: Shared,
    /// Faults have stopped, clients act no more.
    is_calm: bool,
    drained_at: Option<u64>,
    /// Sessions whose deferred answer has been arranged.
    arranged: usize,
    scratch: Vec<u8>,
}

/// One shard and the state of the loop around it.
struct Node {
    shard: Shard<Sim>,
    ids: SecondaryMap<ConnectionKey, u32>,
    /// Connected, but not accepted yet.
    backlog: VecDeque<u32>,
    /// Connections with something to serve.
    ready: VecDeque<u32>,
    turn_at: Option<u64>,
    /// Its thread is not scheduled before.
    frozen_until: u64,
    /// A connection that is gone: its name must not mean anything any more.
    stale: Option<ConnectionKey>,
}

/// One connection: the client at one end, the driver's state at the other.
struct Wire {
    client: Client,
    node: usize,
    key: Option<ConnectionKey>,
    up: Pipe,
    down: Pipe,
    /// The client is gone without a sign.
    is_vanished: bool,
    /// Bytes that the shard was given.
    given: u64,
    /// The last write took all that there was.
    is_written: bool,
    set: Set,
    room: Room,
    transport: Transport,
}

/// What is set to happen, so that it is not set twice.
#[derive(Default)]
struct Set {
    pump: bool,
    read: bool,
    /// It is among its driver's ready ones.
    serve: bool,
}

/// Room for the server to write, after a write that found too little.
#[derive(Default)]
struct Room {
    is_awaited: bool,
    /// The driver will be told of it.
    is_coming: bool,
    /// It has been told, and the shard has not.
    is_here: bool,
}

/// The server's end of the connection.
#[derive(Default)]
struct Transport {
    is_open: bool,
    /// The shard has been told that the peer is gone.
    is_death_told: bool,
    /// Its side is shut, with all said.
    is_shut: bool,
}

impl World {
    pub(crate) fn new(
        seed: u64,
        bug: Option<Bug>,
        is_readable: bool,
        change: impl FnOnce(&mut Plan),
    ) -> Self {
        let mut dice = Dice::new(seed);
        let mut plan = Plan::draw(&mut dice);
        change(&mut plan);
        let shared = Arc::new(Mutex::new(Observer::new(&plan, bug, 1 + seed % 3, is_readable)));
        let nodes = (0..plan.nodes).map(|place| node(&plan, place, &shared, bug)).collect();
        let mailboxes = (0..plan.nodes).map(|_| Mailbox::new(plan.driver.mailbox)).collect();
        let mut world = Self {
            dice,
            now: 0,
            clock: 0,
            dial: Dial::default(),
            calendar: Calendar::default(),
            nodes,
            mailboxes,
            wires: Vec::new(),
            shared,
            is_calm: false,
            drained_at: None,
            arranged: 0,
            scratch: Vec::new(),
            plan,
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        for id in 0..self.plan.clients {
            let wire = self.wire(id);
            self.wires.push(wire);
            let at = self.dice.between(0, self.plan.arrivals);
            self.calendar.set(at, Event::Connect(id));
        }
        self.calendar.set(self.plan.outside, Event::Outside);
        for (place, &(at, _)) in self.plan.blows.iter().enumerate() {
            self.calendar.set(at, Event::Blow(place));
        }
        self.calendar.set(self.plan.calm_at, Event::Calm);
    }

    fn wire(&mut self, id: u32) -> Wire {
        let capacity = self.plan.network.capacity;
        Wire {
            client: Client::new(id, &self.plan, &mut self.dice),
            node: self.dice.size(0, self.plan.nodes - 1),
            key: None,
            up: Pipe::new(self.dice.size(16, capacity)),
            down: Pipe::new(self.dice.size(16, capacity)),
            is_vanished: false,
            given: 0,
            is_written: false,
            set: Set::default(),
            room: Room::default(),
            transport: Transport::default(),
        }
    }

    /// Runs to the end, or to the first failure.
    pub(crate) fn run(&mut self) {
        let mut events = 0;
        while let Some((at, event)) = self.calendar.next() {
            // A turn that was set for another time.
            if matches!(event, Event::Turn(place) if self.nodes[place].turn_at != Some(at)) {
                continue;
            }
            events += 1;
            if self.is_endless(at, events) {
                return self.report_endless();
            }
            self.now = at;
            self.read_clock();
            self.happen(event);
            if self.observer().failure.is_some() {
                return;
            }
        }
        self.finish();
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Connect(id) => self.connect(id),
            Event::Act(id) => self.act(id),
            Event::Pump(id) => {
                self.wires[id as usize].set.pump = false;
                self.pump(id);
            }
            Event::Read(id) => {
                self.wires[id as usize].set.read = false;
                self.read_some(id);
            }
            Event::Up(id, count) => self.up(id, count),
            Event::UpEnd(id) => {
                self.wires[id as usize].up.is_end_known = true;
                self.ready(id);
            }
            Event::UpReset(id) => {
                self.wires[id as usize].up.is_reset = true;
                self.ready(id);
            }
            Event::Down(id, count) => self.down(id, count),
            Event::DownEnd(id) => self.down_end(id),
            Event::DownReset(id) => self.down_reset(id),
            Event::Room(id) => self.room(id),
            Event::Turn(place) => self.turn(place),
            Event::Outside => self.outside(),
            Event::Answer(place) => self.answer(place),
            Event::Blow(place) => self.blow(place),
            Event::Calm => self.calm(),
            Event::Drain => self.drain(),
        }
    }

    /// Where a run takes place, in a few words.
    pub(crate) fn setting(&self) -> String {
        let Plan { nodes, clients, calm_at, blows, .. } = &self.plan;
        format!("{nodes} shards, {clients} clients, calm at {calm_at} us; blows: {blows:?}")
    }

    fn is_endless(&self, at: u64, events: u64) -> bool {
        events > TOO_MANY || self.drained_at.is_some_and(|drained| at > drained + PATIENCE)
    }

    pub(crate) fn observer(&self) -> MutexGuard<'_, Observer> {
        self.shared.lock()
    }

    fn note(&self, step: Step, id: u32, details: [u64; 2]) {
        self.observer().trace.note(step, id, details);
    }
}

fn node(plan: &Plan, place: usize, shared: &Shared, bug: Option<Bug>) -> Node {
    let mut config = plan.config.clone();
    match bug {
        Some(Bug::ForgottenHangup) => config.timeouts.hangup_after = None,
        Some(Bug::QueueAboveLimit) => config.limits.queued_bytes = usize::MAX,
        _ => {}
    }
    let protocol = Arc::new(Sim { shared: Arc::clone(shared), shard: place });
    let id = ShardId(u16::try_from(place).expect("a few shards"));
    Node {
        shard: Shard::new(protocol, id, plan.nodes, config).expect("the plan makes sense"),
        ids: SecondaryMap::new(),
        backlog: VecDeque::new(),
        ready: VecDeque::new(),
        turn_at: None,
        frozen_until: 0,
        stale: None,
    }
}

/// The address that names a client to the protocol.
fn address(id: u32) -> SocketAddr {
    let [_, _, high, low] = id.to_be_bytes();
    ([127, 1, high, low], 9).into()
}

const fn timestamp(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}
