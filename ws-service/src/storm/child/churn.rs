//! Handshake, RST, again: the load under which a server's accept and close paths meet.

use std::io;
use std::time::{Duration, Instant};

use mio::unix::pipe::Receiver;
use mio::{Interest, Token};

use super::process::{Every, NEWS_EVERY, ORDERS, tell};
use super::{Churn, Lines, News};
use crate::storm::client::{Crew, Ending, Line, Message, Swarm};
use crate::storm::latency::microseconds;
use crate::storm::random::Random;

const COMPLAINTS: usize = 3;

/// After a failure to connect: a server that is gone must not make its storm spin.
const BREATHER: Duration = Duration::from_millis(10);

pub(super) struct Churner {
    swarm: Swarm<()>,
    tally: Tally,
    concurrent: usize,
    duration: Duration,
    timeout: Duration,
}

#[derive(Default)]
struct Tally {
    handshakes: u64,
    failures: u64,
    /// Since the last look.
    failed_now: bool,
    /// Time is up; what is still under way is nobody's failure.
    over: bool,
    orders_waiting: bool,
}

impl Churner {
    pub(super) fn new(churn: &Churn) -> io::Result<Self> {
        Ok(Self {
            swarm: Swarm::new(churn.target.clone(), Random::new(churn.seed))?,
            tally: Tally::default(),
            concurrent: churn.concurrent.max(1),
            duration: Duration::from_millis(churn.duration_ms),
            timeout: Duration::from_millis(churn.timeout_ms),
        })
    }

    pub(super) fn run(mut self, orders: &mut Lines<Receiver>) -> io::Result<()> {
        self.swarm.registry().register(orders.pipe(), ORDERS, Interest::READABLE)?;
        let start = Instant::now();
        let mut now = start;
        let mut news = Every::new(NEWS_EVERY);
        let mut resume = start;
        loop {
            if !self.tally.over && now.duration_since(start) >= self.duration {
                self.finish(now, now.duration_since(start));
            }
            if std::mem::take(&mut self.tally.failed_now) {
                resume = now + BREATHER;
            }
            if !self.tally.over && now >= resume {
                self.connect_more(now);
            }
            let wake = if now < resume { resume.min(news.next) } else { news.next };
            now = self.swarm.turn(Some(wake), &mut self.tally)?;
            if news.is_due(now) && !self.tally.over {
                self.swarm.expire_handshakes(self.timeout, &mut self.tally, now);
                let Tally { handshakes, failures, .. } = self.tally;
                tell(&News::Churning { handshakes, failures });
            }
            if std::mem::take(&mut self.tally.orders_waiting)
                && !orders.read(|_: super::Order| ())?
            {
                return Ok(());
            }
        }
    }

    fn connect_more(&mut self, now: Instant) {
        while self.swarm.len() < self.concurrent {
            // A reset leaves no port behind, so one source address is enough.
            if let Err(error) = self.swarm.connect(None, (), now) {
                self.tally.fail(&Ending::NotConnected(error));
                break;
            }
        }
    }

    fn finish(&mut self, now: Instant, elapsed: Duration) {
        self.tally.over = true;
        let Tally { handshakes, failures, .. } = self.tally;
        self.swarm.with_all(&mut self.tally, now, Line::reset);
        tell(&News::Churned { handshakes, failures, elapsed_us: microseconds(elapsed) });
    }
}

impl Tally {
    fn fail(&mut self, ending: &Ending) {
        if self.failures < COMPLAINTS as u64 {
            tell(&News::Complaint(ending.to_string()));
        }
        self.failures += 1;
        self.failed_now = true;
    }
}

impl Crew for Tally {
    type Member = ();

    fn opened(&mut self, line: &mut Line, (): &mut (), _: Instant) {
        self.handshakes += 1;
        line.reset();
    }

    fn message(&mut self, _: &mut Line, (): &mut (), _: Message<'_>, _: Instant) {}

    fn ended(&mut self, (): (), ending: Ending, _: Instant, _: Instant) {
        if !matches!(ending, Ending::Ours) {
            self.fail(&ending);
        }
    }

    fn outside(&mut self, token: Token) {
        self.orders_waiting |= token == ORDERS;
    }
}
