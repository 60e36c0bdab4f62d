//! Opens connections and holds them, answering pings, until told how to part with them.

use std::io;
use std::time::{Duration, Instant};

use mio::unix::pipe::Receiver;
use mio::{Interest, Token};

use super::process::{Every, NEWS_EVERY, ORDERS, tell};
use super::{Lines, News, Opening, Order, Parting};
use crate::storm::client::{Crew, Ending, Line, Message, Swarm, Target};
use crate::storm::latency::microseconds;
use crate::storm::random::Random;

const COMPLAINTS: usize = 3;

/// Enough for one line; the rest goes into the next.
const HANG_UPS_PER_LINE: usize = 4_096;

pub(super) struct Holder {
    swarm: Swarm<Held>,
    crowd: Crowd,
    target: Target,
    /// Not yet started.
    remaining: usize,
    /// The number of the next one within the whole run.
    next: usize,
    concurrent: usize,
    /// A server that has refused this many is not asked any further.
    give_up: usize,
    timeout: Duration,
}

/// What is remembered with each connection.
struct Held {
    open: bool,
}

/// What has become of them.
#[derive(Default)]
struct Crowd {
    opening: usize,
    open: usize,
    failed: usize,
    lost: usize,
    parting: Option<Parting>,
    clean: usize,
    unclean: usize,
    hung_up: Vec<u64>,
    complaints: usize,
    orders_waiting: bool,
}

impl Holder {
    pub(super) fn new(opening: &Opening) -> io::Result<Self> {
        Ok(Self {
            swarm: Swarm::new(opening.target.clone(), Random::new(opening.seed))?,
            crowd: Crowd::default(),
            target: opening.target.clone(),
            remaining: opening.connections,
            next: opening.first,
            concurrent: opening.concurrent.max(1),
            give_up: opening.concurrent.max(opening.connections / 10),
            timeout: Duration::from_millis(opening.timeout_ms),
        })
    }

    pub(super) fn run(
        mut self,
        orders: &mut Lines<Receiver>,
        mut waiting: Vec<Order>,
    ) -> io::Result<()> {
        self.swarm.registry().register(orders.pipe(), ORDERS, Interest::READABLE)?;
        let mut news = Every::new(NEWS_EVERY);
        let mut opened = false;
        loop {
            for order in waiting.drain(..) {
                if let Order::Part(parting) = order {
                    self.part(parting, Instant::now());
                }
            }
            self.connect_more();
            let now = self.swarm.turn(Some(news.next), &mut self.crowd)?;
            if !opened && self.remaining == 0 && self.crowd.opening == 0 {
                opened = true;
                tell(&News::Opened { open: self.crowd.open, failed: self.crowd.failed });
            }
            self.crowd.tell_parted(self.swarm.len());
            if news.is_due(now) {
                self.swarm.expire_handshakes(self.timeout, &mut self.crowd, now);
                self.crowd.tell_progress(opened);
            }
            if std::mem::take(&mut self.crowd.orders_waiting)
                && !orders.read(|order| waiting.push(order))?
            {
                return Ok(());
            }
        }
    }

    fn connect_more(&mut self) {
        if self.crowd.failed > self.give_up {
            self.crowd.failed += std::mem::take(&mut self.remaining);
        }
        while self.remaining > 0 && self.crowd.opening < self.concurrent {
            self.remaining -= 1;
            let source = self.target.source(self.next);
            self.next += 1;
            match self.swarm.connect(source, Held { open: false }, Instant::now()) {
                Ok(_) => self.crowd.opening += 1,
                Err(error) => {
                    self.crowd.failed += 1;
                    self.crowd.complain(&Ending::NotConnected(error));
                }
            }
        }
    }

    fn part(&mut self, parting: Parting, now: Instant) {
        let crowd = &mut self.crowd;
        self.remaining = 0;
        crowd.parting = Some(parting);
        match parting {
            Parting::Reset => self.swarm.with_all(crowd, now, Line::reset),
            Parting::Fin => self.swarm.with_all(crowd, now, Line::hang_up),
            Parting::Close => self.swarm.with_all(crowd, now, |line| line.close(1000)),
            Parting::Freeze => self.swarm.freeze(crowd, now),
        }
    }
}

impl Crowd {
    fn complain(&mut self, ending: &Ending) {
        if self.complaints < COMPLAINTS {
            tell(&News::Complaint(ending.to_string()));
        }
        self.complaints += 1;
    }

    fn tell_progress(&mut self, opened: bool) {
        if !opened {
            tell(&News::Opening { open: self.open, failed: self.failed });
        }
        if self.lost > 0 {
            tell(&News::Lost { lost: self.lost });
        }
        while !self.hung_up.is_empty() {
            let line = self.hung_up.len().min(HANG_UPS_PER_LINE);
            tell(&News::HungUp { after_us: self.hung_up.drain(..line).collect() });
        }
    }

    /// Says once that everybody has parted, when that is so.
    fn tell_parted(&mut self, left: usize) {
        match self.parting {
            Some(Parting::Reset | Parting::Fin | Parting::Close) if left == 0 => {
                tell(&News::Parted { clean: self.clean, unclean: self.unclean });
                self.parting = Some(Parting::Freeze);
            }
            _ => {}
        }
    }
}

impl Crew for Crowd {
    type Member = Held;

    fn opened(&mut self, _: &mut Line, held: &mut Held, _: Instant) {
        held.open = true;
        self.opening -= 1;
        self.open += 1;
    }

    fn message(&mut self, _: &mut Line, _: &mut Held, _: Message<'_>, _: Instant) {
        // Whatever a server has to tell everybody is none of the crowd's business.
    }

    fn ended(&mut self, held: Held, ending: Ending, proof: Instant, now: Instant) {
        if !held.open {
            self.opening = self.opening.saturating_sub(1);
            self.failed += 1;
            self.complain(&ending);
            return;
        }
        self.open -= 1;
        match (self.parting, ending) {
            (None, ending) => {
                self.lost += 1;
                self.complain(&ending);
            }
            (Some(Parting::Freeze), _) => {
                self.hung_up.push(microseconds(now.saturating_duration_since(proof)));
            }
            (Some(Parting::Close), Ending::Closed { .. })
            | (Some(Parting::Reset | Parting::Fin), Ending::Ours) => self.clean += 1,
            (Some(_), ending) => {
                self.unclean += 1;
                self.complain(&ending);
            }
        }
    }

    fn outside(&mut self, token: Token) {
        self.orders_waiting |= token == ORDERS;
    }
}
