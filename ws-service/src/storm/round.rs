//! One round after another: gather, open, settle, end, recover.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::admin::{Client, Counts, Watcher};
use super::child::{Churn, Opening, Order, Parting};
use super::client::{CONNECTIONS_PER_SOURCE, Target};
use super::crowd::Crowd;
use super::latency::{Latencies, microseconds};
use super::limits;
use super::options::{End, Options};
use super::progress::Progress;
use super::random::Random;
use super::report::{Churned, HangUps, Parted, Round, Server, Window};
use super::stage::{Member, Reclaim, Stage};
use super::timeline::Timeline;
use super::watch::Holdings;

/// For how long the server's descriptors must not change to be at rest.
const AT_REST: Duration = Duration::from_millis(50);

/// How long a server may take to come to rest when nothing is asked of it any more.
const COMING_TO_REST: Duration = Duration::from_secs(1);

/// So many more descriptors are no leak yet: a thread that has gone into `accept`, which holds one on
/// Linux, or a file opened at the first occasion.
const ONE_OFF: u64 = 1;

/// Beyond its own time limits a child is not waited for longer than this.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// Rounds that are drawn; the others are in the tables only.
const DRAWN: u32 = 10;

/// Far more than any crowd needs.
const LONGEST_OPENING: Duration = Duration::from_hours(24);

/// Directs the rounds of a storm.
pub(super) struct Director<'a> {
    pub(super) options: &'a Options,
    pub(super) target: Target,
    pub(super) stage: Stage,
    pub(super) random: Random,
    progress: Progress,
    /// How the crowd of this round ends.
    end: End,
    /// What survivors felt in all windows that were recorded.
    pub(super) felt: Latencies,
    /// The number of the next connection, for its source address.
    next_connection: usize,
    /// The server's descriptors before the first round, without the survivors'.
    own_descriptors: Option<u64>,
    /// Tells what the service counts, and what it counted before the crowd was ended.
    admin: Option<Client>,
    counted: Option<Counts>,
    /// Looks at the counters as long as a round is drawn.
    watcher: Option<Watcher>,
}

impl<'a> Director<'a> {
    /// # Errors
    ///
    /// No poll, or the server's process cannot be watched.
    pub(super) fn new(
        options: &'a Options,
        target: Target,
        admin: Option<Client>,
        seed: u64,
    ) -> io::Result<Self> {
        let mut random = Random::new(seed);
        let stage = Stage::new(options, target.clone(), &mut random)?;
        let progress = Progress::new();
        Ok(Self {
            options,
            target,
            stage,
            random,
            progress,
            end: options.end,
            felt: Latencies::new(),
            next_connection: 0,
            own_descriptors: None,
            admin,
            counted: None,
            watcher: None,
        })
    }

    /// Plays one round, whose crowd ends like this; its `over` says why there is no point in another.
    ///
    /// # Errors
    ///
    /// The storm itself failed: no poll, no child process.
    pub(super) fn round(&mut self, number: u32, end: End) -> io::Result<Round> {
        self.end = end;
        self.progress.round(number, self.options.rounds);
        let mut round = Round { number, ..Round::default() };
        self.gather()?;
        self.stage.rest()?;
        let before = self.holdings_at_rest()?;
        let own_descriptors = self.without_survivors(before);
        self.own_descriptors = self.own_descriptors.or(own_descriptors);
        if self.stage.over.is_some() {
            self.recover(&mut round, before, None)?;
            return Ok(round);
        }
        self.stage.resume();
        if end != End::Churn || self.options.soak.is_some() {
            self.open(&mut round)?;
        }
        self.settle(&mut round)?;
        let open = self.holdings();
        let baseline = before.map_or(0, |holdings| holdings.descriptors);
        match end {
            _ if self.stage.over.is_some() => {}
            End::Churn => self.churn(&mut round, baseline)?,
            _ => self.end(&mut round, baseline)?,
        }
        self.recover(&mut round, before, open)?;
        self.progress.finish();
        Ok(round)
    }

    /// Connects the survivors that are missing.
    fn gather(&mut self) -> io::Result<()> {
        self.stage.gathered = false;
        let now = Instant::now();
        for index in self.stage.cast.survivors.missing() {
            match self.stage.swarm.connect(None, Member::Survivor(index), now) {
                Ok(id) => self.stage.cast.survivors.connecting(index, id),
                Err(error) => {
                    self.stage.cast.complaints.add(format!("survivor {index}: {error}"));
                    self.stage.cast.survivors.tally.ended += 1;
                }
            }
        }
        let limit = now + self.options.timeout + GRACE;
        self.stage.drive(limit, |stage| stage.cast.survivors.opening() == 0)?;
        self.stage.gathered = true;
        self.stage.check_survivors();
        Ok(())
    }

    /// Has children open the crowd.
    fn open(&mut self, round: &mut Round) -> io::Result<()> {
        let start = Instant::now();
        let orders = self.opening_orders();
        self.stage.cast.crowd = Crowd::start(&orders, self.stage.swarm.registry())?;
        self.progress.opening(self.options.connections);
        let progress = &self.progress;
        // Each handshake has its time limit; children that say nothing new beyond it are stuck.
        let stuck_after = self.options.timeout * 2 + GRACE;
        let (settled, since) = (Cell::new(0), Cell::new(start));
        self.stage.drive(start + LONGEST_OPENING, |stage| {
            let crowd = &stage.cast.crowd;
            let now_settled = crowd.open() + crowd.failed();
            if settled.replace(now_settled) != now_settled {
                since.set(Instant::now());
            }
            progress.opened(crowd.open());
            crowd.opened() || !crowd.is_whole() || since.get().elapsed() > stuck_after
        })?;
        let crowd = &self.stage.cast.crowd;
        round.opened = crowd.open();
        round.not_opened = self.options.connections.saturating_sub(round.opened);
        round.opening_us = microseconds(start.elapsed());
        Ok(())
    }

    fn opening_orders(&mut self) -> Vec<Order> {
        let connections = self.options.connections;
        let children = limits::children(connections, limits::raise()).unwrap_or(1);
        let first = self.next_connection;
        // Every round comes from addresses of its own: the ports of the last one are still waiting.
        self.next_connection +=
            connections.div_ceil(CONNECTIONS_PER_SOURCE) * CONNECTIONS_PER_SOURCE;
        let start_of = |child: usize| connections * child / children;
        (0..children)
            .map(|child| {
                Order::Open(Opening {
                    target: self.target.clone(),
                    connections: start_of(child + 1) - start_of(child),
                    first: first + start_of(child),
                    concurrent: self.options.concurrent.div_ceil(children),
                    timeout_ms: milliseconds(self.options.timeout),
                    seed: self.random.next(),
                })
            })
            .collect()
    }

    /// Measures with the crowd idle.
    fn settle(&mut self, round: &mut Round) -> io::Result<()> {
        self.progress.phase("settling");
        self.draw(round.number);
        self.account(round, true);
        self.stage.drive(Instant::now() + self.options.settle, |_| false)?;
        self.stage.rest()?;
        round.before = self.account(round, true);
        round.lost_before_end = self.stage.cast.crowd.lost();
        self.counted = self.count();
        Ok(())
    }

    /// Ends the crowd and measures until the server has let go of it.
    fn end(&mut self, round: &mut Round, baseline: u64) -> io::Result<()> {
        self.progress.phase("ending");
        self.stage.resume();
        let start = self.mark_end();
        self.stage.reclaim = Some(Reclaim::new(start, baseline));
        match self.end {
            End::Kill => self.stage.cast.crowd.kill(),
            End::Stop => self.stage.cast.crowd.signal(Signal::STOP)?,
            End::Reset => self.stage.cast.crowd.order(&Order::Part(Parting::Reset))?,
            End::Fin => self.stage.cast.crowd.order(&Order::Part(Parting::Fin))?,
            End::Close => self.stage.cast.crowd.order(&Order::Part(Parting::Close))?,
            End::Freeze => self.stage.cast.crowd.order(&Order::Part(Parting::Freeze))?,
            End::Churn => {}
        }
        let witness = Witness { end: self.end, opened: round.opened };
        let measured = self.options.measured_after();
        let gone = Cell::new(None);
        let limit = start + self.options.reclaim_within.max(measured);
        self.stage.drive(limit, |stage| {
            if gone.get().is_none() && witness.all_gone(stage) {
                gone.set(Some(start.elapsed()));
            }
            let settled = gone.get().is_some() || !witness.can_tell(stage);
            settled && start.elapsed() >= measured
        })?;
        self.stage.rest()?;
        round.after = self.account(round, false);
        let mut gone = gone.get();
        if self.stage.watch.is_some() {
            // Without newcomers there is no excuse left: what is still held, is held for good.
            let at_rest = self.wait_for_reclaim(start, baseline)?;
            gone = gone.filter(|_| at_rest.is_some());
        }
        // The descriptors of a server that died are gone too, but nobody let go of them.
        let gone = gone.filter(|_| self.stage.over.is_none());
        round.reclaimed_us = gone.map(microseconds);
        round.reclaimed = witness.can_tell(&self.stage).then_some(gone.is_some());
        self.ask_crowd(round, witness.expected(&self.stage));
        Ok(())
    }

    /// What the crowd has to tell about its end.
    fn ask_crowd(&mut self, round: &mut Round, expected: usize) {
        let crowd = &self.stage.cast.crowd;
        round.lost_before_end = crowd.lost();
        match self.end {
            End::Freeze => {
                round.hang_ups = Some(HangUps {
                    missing: expected.saturating_sub(crowd.hung_up()),
                    after_last_proof: crowd.hang_ups().summary(),
                });
            }
            End::Reset | End::Fin | End::Close => {
                let (clean, unclean) = crowd.parted().unwrap_or((0, expected));
                round.parted = Some(Parted { clean, unclean });
            }
            End::Kill | End::Stop | End::Churn => {}
        }
    }

    fn churn(&mut self, round: &mut Round, baseline: u64) -> io::Result<()> {
        self.progress.phase("churning");
        let order = Order::Churn(Churn {
            target: self.target.clone(),
            concurrent: self.options.concurrent,
            duration_ms: milliseconds(self.options.measured_after()),
            timeout_ms: milliseconds(self.options.timeout),
            seed: self.random.next(),
        });
        self.stage.resume();
        self.mark_end();
        let churners = Crowd::start(&[order], self.stage.swarm.registry())?;
        let mut crowd = std::mem::replace(&mut self.stage.cast.crowd, churners);
        let start = Instant::now();
        let progress = &self.progress;
        let is_over = |stage: &Stage| {
            progress.churned(stage.cast.crowd.churning());
            stage.cast.crowd.churned_us().is_some() || !stage.cast.crowd.is_whole()
        };
        if !crowd.is_empty() {
            // The accept and close paths meet best where thousands go while others come.
            self.stage.drive(start + self.options.measured_after() / 2, is_over)?;
            crowd.kill();
        }
        let limit = start + self.options.measured_after() + self.options.timeout + GRACE;
        self.stage.drive(limit, is_over)?;
        let start = Instant::now();
        self.stage.rest()?;
        round.after = self.account(round, false);
        let crowd = &self.stage.cast.crowd;
        let (handshakes, failures) = crowd.churning();
        let elapsed = Duration::from_micros(crowd.churned_us().unwrap_or(0));
        // Fewer than 2^52 handshakes: exact.
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let per_second = handshakes as f64 / elapsed.as_secs_f64().max(1e-6);
        round.churn = Some(Churned { handshakes, failures, per_second });
        if self.stage.watch.is_some() {
            let took = self.wait_for_reclaim(start, baseline)?;
            round.reclaimed_us = took.map(microseconds);
            round.reclaimed = Some(took.is_some());
        }
        Ok(())
    }

    /// Waits until the server's descriptors are back at `baseline`.
    fn wait_for_reclaim(&mut self, since: Instant, baseline: u64) -> io::Result<Option<Duration>> {
        self.stage.reclaim = Some(Reclaim::new(since, baseline));
        let took = |stage: &Stage| stage.reclaim.as_ref().and_then(|reclaim| reclaim.took);
        let limit = (since + self.options.reclaim_within).max(Instant::now() + COMING_TO_REST);
        self.stage.drive(limit, |stage| took(stage).is_some())?;
        Ok(took(&self.stage).filter(|_| self.stage.over.is_none()))
    }

    /// Clears the stage and looks at what is left.
    fn recover(
        &mut self,
        round: &mut Round,
        before: Option<Holdings>,
        open: Option<Holdings>,
    ) -> io::Result<()> {
        self.stage.reclaim = None;
        self.look_back(round);
        let whole = self.stage.cast.crowd.is_whole();
        if self.end == End::Stop {
            self.stage.cast.crowd.kill();
            // It is dying of the SIGKILL already, where a stopped process can.
            let _ = self.stage.cast.crowd.signal(Signal::CONT);
        }
        self.stage.cast.crowd = Crowd::default();
        if let (Some(before), Some(false)) = (before, round.reclaimed) {
            // Now that even their process is gone: the next round must not start from a wrong number.
            self.wait_for_reclaim(Instant::now(), before.descriptors)?;
            self.stage.reclaim = None;
        }
        self.stage.rest()?;
        let after = self.holdings_at_rest()?;
        let leaked = self.leaked(after);
        self.account(round, false);
        round.server = before.map(|before| Server { before, open, after, leaked });
        round.over = self.stage.over.clone();
        if !whole && round.over.is_none() {
            round.over = Some("a child process of the storm ended by itself".into());
        }
        round.complaints = self.stage.cast.complaints.take();
        Ok(())
    }

    /// From here on the round is drawn, if it is to be.
    fn draw(&mut self, number: u32) {
        if self.options.report.is_none() || number > DRAWN {
            return;
        }
        let planned = self.options.settle + self.options.measured_after();
        self.stage.cast.timeline = Some(Timeline::new(planned));
        self.watcher = self.admin.clone().map(Watcher::start);
    }

    /// Now the crowd ends.
    fn mark_end(&mut self) -> Instant {
        let now = Instant::now();
        if let Some(timeline) = &mut self.stage.cast.timeline {
            timeline.end(now);
        }
        now
    }

    /// What the service has counted, if it can be asked.
    fn count(&mut self) -> Option<Counts> {
        let counts = self.admin.as_ref()?.counts();
        counts.map_err(|error| self.stage.cast.complaints.add(format!("{error:#}"))).ok()
    }

    /// What was drawn, and what the service counted meanwhile.
    fn look_back(&mut self, round: &mut Round) {
        if let Some(before) = self.counted.take() {
            round.admin = self.count().map(|now| now.since(&before));
        }
        round.course = self.stage.cast.timeline.take().and_then(Timeline::finish);
        round.looks = self.watcher.take().map(Watcher::finish).unwrap_or_default();
    }

    /// Closes a window: everything tallied until now goes into the round.
    fn account(&mut self, round: &mut Round, record: bool) -> Window {
        let (survivors, fresh) = self.stage.record(record);
        round.echoes.add(&survivors, &fresh);
        self.felt.add(&survivors.latencies);
        Window::of(&survivors, &fresh)
    }

    /// The server's holdings once they stand still. The fewest of a while would not do: a thread
    /// between two calls of `accept` holds one descriptor less than in them, on Linux.
    fn holdings_at_rest(&mut self) -> io::Result<Option<Holdings>> {
        let count = |stage: &Stage| stage.watch.as_ref().and_then(|it| it.descriptors().ok());
        let (seen, since) = (Cell::new(count(&self.stage)), Cell::new(Instant::now()));
        self.stage.drive(Instant::now() + COMING_TO_REST, |stage| {
            let now = count(stage);
            if seen.replace(now) != now {
                since.set(Instant::now());
            }
            now.is_none() || since.get().elapsed() >= AT_REST
        })?;
        Ok(self
            .holdings()
            .zip(seen.get())
            .map(|(holdings, descriptors)| Holdings { descriptors, ..holdings }))
    }

    /// What the server holds beyond what it held before the first round. Each round has a baseline of
    /// its own, in which a little that stays every time would be forgotten.
    fn leaked(&self, after: Option<Holdings>) -> u64 {
        let both = self.without_survivors(after).zip(self.own_descriptors);
        let more = both.map_or(0, |(now, first)| now.saturating_sub(first));
        if more > ONE_OFF { more } else { 0 }
    }

    fn without_survivors(&self, holdings: Option<Holdings>) -> Option<u64> {
        let alive = self.stage.cast.survivors.alive() as u64;
        holdings.map(|holdings| holdings.descriptors.saturating_sub(alive))
    }

    pub(super) fn holdings(&self) -> Option<Holdings> {
        let watch = self.stage.watch.as_ref()?;
        let (descriptors, rss_bytes) = (watch.descriptors().ok()?, watch.rss_bytes().ok()?);
        Some(Holdings { descriptors, rss_bytes })
    }
}

/// Who can tell that the server has let go of the crowd.
#[derive(Debug, Clone, Copy)]
struct Witness {
    end: End,
    /// Connections that were opened.
    opened: usize,
}

impl Witness {
    /// Connections that were open at the end. News of a loss may come a little late.
    fn expected(self, stage: &Stage) -> usize {
        self.opened.saturating_sub(stage.cast.crowd.lost())
    }

    fn can_tell(self, stage: &Stage) -> bool {
        stage.watch.is_some() || matches!(self.end, End::Freeze | End::Close)
    }

    fn all_gone(self, stage: &Stage) -> bool {
        let crowd = &stage.cast.crowd;
        let by_crowd = match self.end {
            End::Freeze => crowd.hung_up() >= self.expected(stage),
            End::Close | End::Reset | End::Fin => crowd.parted().is_some(),
            End::Kill | End::Stop | End::Churn => true,
        };
        let by_descriptors = stage.watch.is_none()
            || stage.reclaim.as_ref().is_some_and(|reclaim| reclaim.took.is_some());
        self.can_tell(stage) && by_crowd && by_descriptors
    }
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
