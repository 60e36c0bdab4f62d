//! The process of those who keep a soak company: they open, talk for as long as it lasts, and part.

use std::io;
use std::time::{Duration, Instant};

use mio::unix::pipe::Receiver;
use mio::{Interest, Token};

use super::process::{Every, NEWS_EVERY, ORDERS, tell};
use super::room::Room;
use super::slow::Slow;
use super::{Companions, Company, Kind, Lines, News, Order};
use crate::storm::client::{ConnectionId, Crew, Ending, Line, Swarm};
use crate::storm::random::Random;

const COMPLAINTS: u64 = 5;

/// What a company does, once it is open.
pub(super) trait Part: Crew<Member = usize> {
    /// How often it acts.
    const EVERY: Duration;

    /// The member of this number has this connection.
    fn seated(&mut self, number: usize, id: ConnectionId);

    /// Does what it does.
    fn act(&mut self, swarm: &mut Swarm<usize>, now: Instant);

    fn company(&mut self) -> &mut Common;

    /// Messages that are still to be heard.
    fn owed(&self) -> u64;
}

/// What all companies have in common.
#[derive(Default)]
pub(super) struct Common {
    pub(super) said: Company,
    connections: usize,
    /// Nothing new is to be said: what is under way still comes.
    pub(super) is_ending: bool,
    is_closing: bool,
    clean: usize,
    complaints: u64,
    orders_waiting: bool,
}

impl Common {
    pub(super) fn is_open(&self) -> bool {
        self.said.open == self.connections as u64
    }

    pub(super) fn wrong(&mut self, complaint: String) {
        self.said.wrong += 1;
        self.complain(complaint);
    }

    pub(super) fn ended(&mut self, number: usize, ending: &Ending) {
        if self.is_closing && matches!(ending, Ending::Closed { .. }) {
            self.clean += 1;
            return;
        }
        self.said.ended += 1;
        self.complain(format!("companion {number}: {ending}"));
    }

    pub(super) fn outside(&mut self, token: Token) {
        self.orders_waiting |= token == ORDERS;
    }

    fn complain(&mut self, complaint: String) {
        self.complaints += 1;
        if self.complaints <= COMPLAINTS {
            tell(&News::Complaint(complaint));
        }
    }
}

/// Keeps company until stdin closes.
pub(super) fn run(order: &Companions, orders: &mut Lines<Receiver>) -> io::Result<()> {
    let mut random = Random::new(order.seed);
    let mut swarm = Swarm::new(order.target.clone(), random.split())?;
    swarm.registry().register(orders.pipe(), ORDERS, Interest::READABLE)?;
    match order.kind {
        Kind::Room => keep(swarm, Room::new(order.connections, random.next()), order, orders),
        Kind::Slow => {
            Slow::prepare(&mut swarm, order.connections);
            keep(swarm, Slow::new(order.connections, random.next()), order, orders)
        }
    }
}

fn keep<P: Part>(
    mut swarm: Swarm<usize>,
    mut part: P,
    order: &Companions,
    orders: &mut Lines<Receiver>,
) -> io::Result<()> {
    part.company().connections = order.connections;
    for number in 0..order.connections {
        match swarm.connect(None, number, Instant::now()) {
            Ok(id) => part.seated(number, id),
            Err(error) => part.company().ended(number, &Ending::NotConnected(error)),
        }
    }
    let timeout = Duration::from_millis(order.timeout_ms);
    let (mut news, mut acts) = (Every::new(NEWS_EVERY), Every::new(P::EVERY));
    let mut parting = Parting::default();
    loop {
        let now = swarm.turn(Some(news.next.min(acts.next)), &mut part)?;
        if acts.is_due(now) {
            part.act(&mut swarm, now);
        }
        if news.is_due(now) {
            swarm.expire_handshakes(timeout, &mut part, now);
            parting.go_on(&mut swarm, &mut part, now);
        }
        if std::mem::take(&mut part.company().orders_waiting) {
            let mut is_to_part = false;
            if !orders.read(|order| is_to_part |= matches!(order, Order::Part(_)))? {
                return Ok(());
            }
            if is_to_part {
                part.company().is_ending = true;
                parting.until.get_or_insert(now + 2 * timeout);
            }
        }
    }
}

/// The end of a company: everything is heard out, then all close properly.
#[derive(Default)]
struct Parting {
    /// Once it is ordered: how long what is under way may take.
    until: Option<Instant>,
    is_told: bool,
}

impl Parting {
    fn go_on<P: Part>(&mut self, swarm: &mut Swarm<usize>, part: &mut P, now: Instant) {
        let owed = part.owed();
        part.company().said.owed = owed;
        tell(&News::Company(part.company().said));
        let Some(until) = self.until else { return };
        if !part.company().is_closing && (owed == 0 || now >= until) {
            part.company().is_closing = true;
            swarm.with_all(part, now, |line: &mut Line| line.close(1000));
        }
        if part.company().is_closing && swarm.len() == 0 && !self.is_told {
            self.is_told = true;
            let clean = part.company().clean;
            tell(&News::Parted { clean, unclean: part.company().connections - clean });
        }
    }
}

/// The content of a message: who says it, its number among theirs, and bytes that follow from both,
/// so that whoever hears it can tell whether it is the very same.
pub(super) mod letter {
    use crate::storm::random::Random;

    const HEADER: usize = 12;

    pub(crate) fn write(seed: u64, who: usize, number: u64, size: usize, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&u32::try_from(who).unwrap_or(u32::MAX).to_be_bytes());
        into.extend_from_slice(&number.to_be_bytes());
        into.resize(size.max(HEADER), 0);
        let own = seed ^ (who as u64).rotate_left(40) ^ number;
        Random::new(own).fill(&mut into[HEADER..]);
    }

    /// Who says it, and its number; nothing if it is too short to tell.
    pub(crate) fn read(payload: &[u8]) -> Option<(usize, u64)> {
        let (who, rest) = payload.split_first_chunk()?;
        let number = rest.first_chunk()?;
        let who = usize::try_from(u32::from_be_bytes(*who)).ok()?;
        Some((who, u64::from_be_bytes(*number)))
    }

    #[test]
    fn a_letter_names_itself_and_is_known_by_its_bytes() {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        write(7, 3, 9, 40, &mut one);
        assert_eq!(read(&one), Some((3, 9)));
        for (seed, who, number) in [(8, 3, 9), (7, 4, 9), (7, 3, 10)] {
            write(seed, who, number, 40, &mut other);
            assert_ne!(one[HEADER..], other[HEADER..]);
        }
        assert_eq!(read(&one[..11]), None);
    }
}
